"""Cut pages into passages: along headings, paragraphs, list items, table rows and sentences, with exact spans."""

import bisect
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parsed import Heading, ParsedDocument, ParsedPage
from ingest.sentences import split_sentences

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_WORD_END = re.compile(r"\s+")
_HEADING_SEPARATOR = " > "
_FOLLOWING = re.compile(r"\b(?:as follows|the following|following table|table (?:below|above)|below shows)\b", re.I)
_LISTED = re.compile(r"[^\n]* \| |[ \t]*(?:[-–*•▪◦‣]|\(?\w{1,3}[.)])\s")  # how the lines of lists and tables begin
_LONGEST_LEAD = 240  # characters of a line that announces what follows
_LONGEST_HEADER = 160  # characters of a table's first row that stands above the rest of the table
_BIG_ENOUGH = 0.35  # of max_tokens: a section at least this long keeps a passage of its own
_WORTHWHILE = 0.2  # of max_tokens: a shorter last passage of a section is evened out with the one before it


@dataclass(frozen=True)
class PassageSpan:
    """Characters [start, end) of the version's text; `page` is the page of `start`, `heading` the path "A > B"."""

    page: int
    start: int
    end: int
    heading: str


@dataclass(frozen=True)
class _Piece:
    """An uncut stretch of one page: a paragraph, or a sentence of a long one."""

    start: int
    end: int
    tokens: int
    path: tuple[str, ...]
    is_heading: bool = False
    leads: bool = False  # a heading, or a line that announces what follows
    opens_paragraph: bool = True
    header: str = ""  # of the table that a row belongs to, unless the piece begins with it


def split_passages(parsed: ParsedDocument, max_tokens: int, count_tokens: Callable[[str], int]) -> list[PassageSpan]:
    """The passages of a document, in order, not overlapping, none longer than about `max_tokens`.

    A passage never crosses a page. It crosses a heading only where a section is too small to stand alone and
    shares its parent with its neighbour. Running headers and footers, and text that is only headings, are left out.

    Args:
        parsed: the document.
        max_tokens: the length to fill passages up to.
        count_tokens: the embedding model's count for a text; called about once a paragraph or sentence.
    """
    passages: list[PassageSpan] = []
    headings = _Headings(parsed.headings)
    overhead = count_tokens("")  # of markers that a model puts around every text

    def count(text: str) -> int:
        return max(count_tokens(text) - overhead, 1)

    start = 0
    for page in parsed.pages:
        pieces = _page_pieces(page, start, headings, max_tokens, count)
        sections = _merge_small(_by_section(pieces), max_tokens)
        for section in sections:
            passages += [_passage(page.number, group) for group in _fill(section, max_tokens)]
        start += len(page.text)
    return passages


class _Headings:
    """The heading path at every offset of the version's text."""

    def __init__(self, headings: Sequence[Heading]) -> None:
        self._starts: list[int] = []
        self._paths: list[tuple[str, ...]] = []
        self.texts: dict[int, str] = {}
        open_headings: list[Heading] = []
        for heading in headings:
            while open_headings and open_headings[-1].level >= heading.level:
                open_headings.pop()
            open_headings.append(heading)
            self._starts.append(heading.start)
            self._paths.append(tuple(entry.text for entry in open_headings))
            self.texts[heading.start] = heading.text

    def path(self, offset: int) -> tuple[str, ...]:
        """The headings above an offset, outermost first."""
        position = bisect.bisect_right(self._starts, offset) - 1
        return self._paths[position] if position >= 0 else ()

    def between(self, start: int, end: int) -> list[int]:
        """The offsets of headings that begin in [start, end)."""
        return self._starts[bisect.bisect_left(self._starts, start) : bisect.bisect_left(self._starts, end)]


def _page_pieces(
    page: ParsedPage, page_start: int, headings: _Headings, max_tokens: int, count_tokens: Callable[[str], int]
) -> list[_Piece]:
    """The page's pieces in order, offsets in the version's text, each at most `max_tokens` long."""
    pieces: list[_Piece] = []
    for start, end in _set_lead_ins_apart(page.text, _paragraphs(page, page_start, headings)):
        text = page.text[start:end]
        path = headings.path(page_start + start)
        heading_text = headings.texts.get(page_start + start)
        is_heading = heading_text is not None and _squeeze(text) == _squeeze(heading_text)
        tokens = count_tokens(text)
        if tokens <= max_tokens:
            pieces.append(
                _Piece(page_start + start, page_start + end, tokens, path, is_heading, is_heading or _leads(text))
            )
            continue
        header = ""
        for number, (first, last) in enumerate(_cut_long(text, tokens, max_tokens, count_tokens)):
            length = count_tokens(text[first:last])
            offset = page_start + start
            row = text[first:last] if " | " in text[first:last] else ""
            above = header if row else ""
            pieces.append(
                _Piece(offset + first, offset + last, length, path, opens_paragraph=number == 0, header=above)
            )
            header = header or row[:_LONGEST_HEADER]
    return pieces


def _paragraphs(page: ParsedPage, page_start: int, headings: _Headings) -> list[tuple[int, int]]:
    """Trimmed paragraphs of a page, offsets in its text: between blank lines, headings and skipped lines."""
    cuts = {0, len(page.text)}
    for match in _PARAGRAPH.finditer(page.text):
        cuts.add(match.end())
    for start in headings.between(page_start, page_start + len(page.text)):
        cuts.add(start - page_start)
        cuts.add(_heading_end(page.text, start - page_start, headings.texts[start]))
    for start, end in page.skip:
        cuts.update((start, end))
    skipped = set(page.skip)
    ordered = sorted(cuts)
    paragraphs = []
    for start, end in pairwise(ordered):
        if any(first <= start and end <= last for first, last in skipped):
            continue
        text = page.text[start:end]
        trimmed = text.strip()
        if trimmed:
            first = start + len(text) - len(text.lstrip())
            paragraphs.append((first, first + len(trimmed)))
    return paragraphs


def _set_lead_ins_apart(text: str, paragraphs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Paragraphs again, where the last sentence of a long one that announces a list or table stands alone."""
    apart: list[tuple[int, int]] = []
    for position, (start, end) in enumerate(paragraphs):
        after = paragraphs[position + 1] if position + 1 < len(paragraphs) else None
        listed = after is not None and bool(_LISTED.match(text, *after))
        if end - start > _LONGEST_LEAD and (text[end - 1] == ":" or listed):
            first, last = split_sentences(text[start:end])[-1]
            announces = last - first <= _LONGEST_LEAD and _announces(text[start + first : start + last])
            if first > 0 and announces and " | " not in text[start + first : end]:
                apart += [(start, start + len(text[start : start + first].rstrip())), (start + first, end)]
                continue
        apart.append((start, end))
    return apart


def _announces(text: str) -> bool:
    """Whether a sentence says that something follows."""
    return text.endswith(":") or bool(_FOLLOWING.search(text))


def _heading_end(text: str, start: int, heading: str) -> int:
    """Where a heading's own words end in the text; its start when they do not stand there."""
    position = start
    for word in heading.split():
        while position < len(text) and text[position].isspace():
            position += 1
        if not text.startswith(word, position):
            return start
        position += len(word)
    return position


def _cut_long(text: str, tokens: int, max_tokens: int, count_tokens: Callable[[str], int]) -> list[tuple[int, int]]:
    """Spans of a long paragraph's sentences, list items and rows; a sentence that is too long is cut at words."""
    spans: list[tuple[int, int]] = []
    for start, end in split_sentences(text):
        estimate = (end - start) * tokens / len(text)
        if estimate <= 0.4 * max_tokens or count_tokens(text[start:end]) <= max_tokens:
            spans.append((start, end))
        else:
            spans += _cut_hard(text, start, end, max_tokens, count_tokens)
    return spans


def _cut_hard(
    text: str, start: int, end: int, max_tokens: int, count_tokens: Callable[[str], int]
) -> list[tuple[int, int]]:
    """Halve [start, end) at a space near the middle, or in the middle of a word, until every part fits."""
    waiting, spans = [(start, end)], []
    while waiting:
        first, last = waiting.pop()
        if last - first <= 1 or count_tokens(text[first:last]) <= max_tokens:
            spans.append((first, last))
            continue
        middle = (first + last) // 2
        near = min(_WORD_END.finditer(text, first, last), key=lambda match: abs(match.start() - middle), default=None)
        if near is not None and first < near.start() and near.end() < last:
            waiting += [(near.end(), last), (first, near.start())]
        else:
            waiting += [(middle, last), (first, middle)]
    return spans


def _by_section(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Consecutive pieces under the same heading."""
    sections: list[list[_Piece]] = []
    for piece in pieces:
        if sections and sections[-1][0].path == piece.path and not piece.is_heading:
            sections[-1].append(piece)
        else:
            sections.append([piece])
    return sections


def _merge_small(sections: list[list[_Piece]], max_tokens: int) -> list[list[_Piece]]:
    """Put a section too small for a passage together with a neighbour under the same parent, or its first child."""
    merged: list[list[_Piece]] = []
    for section in sections:
        before = merged[-1] if merged else None
        if before is not None and _may_join(before, section, max_tokens):
            merged[-1] = before + section
        else:
            merged.append(section)
    return merged


def _may_join(before: list[_Piece], section: list[_Piece], max_tokens: int) -> bool:
    """Whether two neighbouring sections become one passage."""
    small = _BIG_ENOUGH * max_tokens
    body_before = sum(piece.tokens for piece in before if not piece.is_heading)
    size = sum(piece.tokens for piece in section)
    size_before = sum(piece.tokens for piece in before)
    if size_before + size > max_tokens and body_before > 0:
        return False
    parent, path = before[0].path, section[0].path
    siblings = len(parent) == len(path) and parent[:-1] == path[:-1]
    child = path[: len(parent)] == parent
    if body_before == 0:  # only a heading, whose text follows
        return child or siblings
    if all(piece.is_heading for piece in section):  # belongs to what follows
        return False
    return (siblings or child) and (size_before < small or size < small)


def _fill(section: list[_Piece], max_tokens: int) -> list[list[_Piece]]:
    """Groups of pieces of about even length, up to `max_tokens`, broken where a paragraph begins if that is near."""
    if all(piece.is_heading for piece in section):
        return []
    total = _tokens(section)
    if total <= max_tokens:
        return [section]
    limit = min(max_tokens, 1.15 * total / math.ceil(total / max_tokens))
    groups: list[list[_Piece]] = []
    group: list[_Piece] = []
    for piece in section:
        if group and _tokens(group) + piece.tokens > limit:
            cut = _paragraph_cut(group, limit) if not piece.opens_paragraph else len(group)
            rest = group[cut:]
            if rest and _tokens(rest) + piece.tokens > limit:
                cut, rest = len(group), []
            groups.append(group[:cut])
            group = rest
        group.append(piece)
    return _even_out(_keep_headings([*groups, group], max_tokens), max_tokens)


def _paragraph_cut(group: Sequence[_Piece], limit: float) -> int:
    """Where the last paragraph of a group begins, if at least half of the limit stands before it; else the end."""
    for position in range(len(group) - 1, 0, -1):
        if group[position].opens_paragraph:
            return position if _tokens(group[:position]) >= 0.5 * limit else len(group)
    return len(group)


def _keep_headings(groups: list[list[_Piece]], max_tokens: int) -> list[list[_Piece]]:
    """Move headings, and one announcing line, at a group's end to the group after it, which makes room for them."""
    kept = list(groups)
    limit = 1.15 * max_tokens
    position = 0
    while position + 1 < len(kept):
        group, after = kept[position], kept[position + 1]
        announced = False
        needed = after[0].tokens  # of what must stay together: the lines that lead, and what they lead to
        while group and group[-1].leads and needed + group[-1].tokens <= limit:
            if not group[-1].is_heading and (announced or len(group) == 1):
                break
            announced = True
            needed += group[-1].tokens
            after.insert(0, group.pop())
        rest: list[_Piece] = []
        while announced and _tokens(after) > limit:
            rest.insert(0, after.pop())
        following = kept[position + 2] if position + 2 < len(kept) else None
        if rest and following is not None and _tokens(rest) + _tokens(following) <= max_tokens:
            following[:0] = rest
        elif rest:
            kept.insert(position + 2, rest)
        position += 1
    return [group for group in kept if group and not all(piece.is_heading for piece in group)]


def _leads(text: str) -> bool:
    """Whether a paragraph announces the next: it ends with a colon, or is one short line of words without an end."""
    if len(text) <= _LONGEST_LEAD and _announces(text):
        return True
    words_only = len(text) <= 70 and "\n" not in text and " | " not in text
    return words_only and text[:1].isupper() and text[-1:].isalpha() and not any(map(str.isdigit, text))


def _even_out(groups: list[list[_Piece]], max_tokens: int) -> list[list[_Piece]]:
    """Give a short last group some pieces of the group before it."""
    if len(groups) < 2 or _tokens(groups[-1]) >= _WORTHWHILE * max_tokens:
        return groups
    before, last = groups[-2], groups[-1]
    if _tokens(before) + _tokens(last) <= max_tokens:
        return [*groups[:-2], before + last]
    while len(before) > 1 and _tokens(last) + before[-1].tokens < _tokens(before) - before[-1].tokens:
        last.insert(0, before.pop())
    return groups


def _tokens(group: Sequence[_Piece]) -> int:
    return sum(piece.tokens for piece in group)


def _passage(page: int, group: list[_Piece]) -> PassageSpan:
    """The passage of a group of pieces: its path is the one that all of them share, or the first text's.

    A passage that begins amid a table has the table's first row at the end of its path.
    """
    paths = {piece.path for piece in group if not piece.is_heading}
    path = next(iter(paths)) if len(paths) == 1 else _common_path([piece.path for piece in group])
    if group[0].header:
        path = (*path, group[0].header)
    return PassageSpan(page, group[0].start, group[-1].end, _HEADING_SEPARATOR.join(path))


def _common_path(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The longest path that all paths begin with."""
    shortest = min(paths, key=len)
    for depth in range(len(shortest), 0, -1):
        if all(path[:depth] == shortest[:depth] for path in paths):
            return shortest[:depth]
    return ()


def _squeeze(text: str) -> str:
    return "".join(text.split())
