"""From a model's stream of text to finished sentences, each with the numbers of the passages it cites."""

import re
from dataclasses import dataclass
from itertools import pairwise

from generation.display import display_text, is_list_item
from ingest.sentences import split_sentences

MAX_SENTENCE_CHARS = 2000
_NUMBERS = r"\d{1,9}(?:\s*[,;–-]\s*\d{1,9})*"
_MARKER = re.compile(
    rf"(?:\[\^?\s*(?:(?:passages?|sources?|documents?)\s+)?({_NUMBERS})\s*\]|【\s*({_NUMBERS})[^】\n]{{0,40}}】)(?:\([^()\s]*\))?",
    re.IGNORECASE,
)
_NUMBER_OR_RANGE = re.compile(r"(\d+)(?:\s*[–-]\s*(\d+))?")
_MAY_END = re.compile(r"[.!?…。！？:;\n]")
_READ_AHEAD = re.compile(r"\s*\S+\s+\S+\s")
_MARKUP = re.compile(r"\*\*|__|^#{1,6}\s+|`")
_WORD_WITH_SPACE = re.compile(r"\S*\s|\S+")
_SPACE_BEFORE_STOP = re.compile(r"\s+([.,])(?=\s|$)")
_CLOSES_LINE = re.compile(r"\n[ \t]*(?:[-*•][ \t]+)?$")


@dataclass(frozen=True)
class WrittenSentence:
    """A finished sentence as shown, without markers; `cited` are passage numbers in the order of their markers."""

    lead: str
    text: str
    cited: tuple[int, ...]


@dataclass(frozen=True)
class _Mark:
    """A lifted marker: where it stood in the lifted text, how long it was, and whether it opens a line."""

    at: int
    n_chars: int
    numbers: tuple[int, ...]
    opens_line: bool


class SentenceStream:
    """Cuts streamed text into sentences; markers that name none of `n_passages` passages are dropped."""

    def __init__(self, n_passages: int) -> None:
        self._n_passages = n_passages
        self._buffer = ""
        self._gap = ""

    def feed(self, text: str) -> list[WrittenSentence]:
        """The sentences that are finished now.

        They are looked for at each white space and not where `text` happens to end, so that they do not depend on how
        a text is divided.
        """
        sentences: list[WrittenSentence] = []
        for word in _WORD_WITH_SPACE.findall(text):
            while word:
                room = MAX_SENTENCE_CHARS + 1 - len(self._buffer)
                self._buffer, word = self._buffer + word[:room], word[room:]
                if len(self._buffer) > MAX_SENTENCE_CHARS:
                    sentences += self._take(final=True)
                elif self._buffer[-1].isspace() and _MAY_END.search(self._buffer):
                    sentences += self._take(final=False)
        return sentences

    def finish(self) -> list[WrittenSentence]:
        """What is left, as the last sentences."""
        return self._take(final=True)

    def _take(self, *, final: bool) -> list[WrittenSentence]:
        text, marks = _lift_markers(self._buffer, self._n_passages)
        spans = _cut_at_markers(text, split_sentences(text), marks)
        n_done = len(spans) if final else sum(bool(_READ_AHEAD.match(text, end)) for _, end in spans[:-1])
        owners = [_owner(mark, spans) for mark in marks]
        sentences: list[WrittenSentence] = []
        position = 0
        for i, (start, end) in enumerate(spans[:n_done]):
            gap = self._gap + text[position:start]
            cited = [n for mark, owner in zip(marks, owners, strict=True) if owner == i for n in mark.numbers]
            self._gap, position = "", end
            shown = _shown(text[start:end])
            if any(char.isalnum() for char in shown):
                item = is_list_item(text[start:end])
                lead = ("\n- " if item else "\n") if item or "\n" in gap else " "
                sentences.append(WrittenSentence(lead, shown, tuple(dict.fromkeys(cited))))
        if final:
            self._buffer = ""
        elif n_done:
            ahead = [m.at for m, owner in zip(marks, owners, strict=True) if owner == n_done]
            next_start = min([spans[n_done][0], *ahead])
            lifted = sum(m.n_chars for m, owner in zip(marks, owners, strict=True) if owner < n_done)
            self._gap = text[position:next_start]
            self._buffer = self._buffer[next_start + lifted :]
        return sentences


def _lift_markers(text: str, n_passages: int) -> tuple[str, list[_Mark]]:
    """The text without its markers, and these."""
    parts: list[str] = []
    marks: list[_Mark] = []
    position = n_kept = 0
    for match in _MARKER.finditer(text):
        parts.append(text[position : match.start()])
        n_kept += len(parts[-1])
        before = text[: match.start()]
        opens_line = bool(_CLOSES_LINE.search(before) or not before.strip()) and text[match.end() :][:1] not in "\n"
        numbers = _read_numbers(match[1] or match[2], n_passages)
        marks.append(_Mark(n_kept, match.end() - match.start(), numbers, opens_line))
        position = match.end()
    return "".join([*parts, text[position:]]), marks


def _cut_at_markers(text: str, spans: list[tuple[int, int]], marks: list[_Mark]) -> list[tuple[int, int]]:
    """The sentences, cut also where a marker follows a stop: what comes after it is not what it was given for."""
    stops = [mark.at for mark in marks if text[: mark.at].rstrip()[-1:] in (".", "!", "?", "。", "！", "？")]
    cut: list[tuple[int, int]] = []
    for start, end in spans:
        edges = [start, *(stop for stop in stops if start < stop < end), end]
        for first, last in pairwise(edges):
            part = text[first:last]
            if part.strip():
                cut.append((first + len(part) - len(part.lstrip()), first + len(part.rstrip())))
    return cut


def _read_numbers(text: str, n_passages: int) -> tuple[int, ...]:
    """The passages that a marker names, of those there are."""
    numbers: list[int] = []
    for first, last in _NUMBER_OR_RANGE.findall(text):
        low, high = int(first), int(last or first)
        if 1 <= low <= high <= n_passages:
            numbers.extend(range(low, high + 1))
    return tuple(numbers)


def _owner(mark: _Mark, spans: list[tuple[int, int]]) -> int:
    """Which sentence a marker belongs to: the one that it ends or stands in, unless it opens a line."""
    if mark.opens_line:
        return next((i for i, (_, end) in enumerate(spans) if mark.at < end), max(0, len(spans) - 1))
    return max((i for i, (start, _) in enumerate(spans) if start < mark.at), default=0)


def _shown(sentence: str) -> str:
    return _SPACE_BEFORE_STOP.sub(r"\1", display_text(_MARKUP.sub("", sentence)))
