"""The sentences of the found passages that could be part of an answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generation.display import display_text, is_list_item
from generation.words import content_stems
from ingest.sentences import split_sentences
from retrieval.hit import Hit

MAX_WORDS = 120
_LEADERS = re.compile(r"\.{4,}|(?:\. ){4,}|…{2,}|_{4,}")
_PAGE_NUMBER = re.compile(
    r"^(?:page )?\d+(?: (?:of|/) \d+)?$|^table of contents$|^contents$|^back to top$", re.IGNORECASE
)
_ENDS_SENTENCE = re.compile(r"[.!?…。！？:;][\"'”’»)\]]*$")
_VERB_LIKE = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|may|might|must|shall|should|will|would|need|needs|use|"
    r"uses|get|gets|make|makes|include|includes|provide|provides|\w{3,}ed|\w{3,}ing|covers?|offers?|allows?|requires?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence of a found passage; `start` and `end` are characters of the version's text.

    `hit` is its passage (the best of them, where passages overlap), `ordinal` counts the sentences of that passage
    from 0, `text` is the sentence as shown, `quote` as stored. A `fragment` (heading, row of a table of contents,
    page number, end of a sentence that the passage cut) is context for its neighbours and never an answer.
    """

    hit: Hit
    ordinal: int
    start: int
    end: int
    quote: str
    text: str
    fragment: bool
    list_item: bool


def read_sentences(hits: Sequence[Hit], *, max_sentences: int) -> list[Sentence]:
    """The sentences of the passages, best passage first and in text order inside; each place of a text once.

    Stops before the passage that would exceed `max_sentences`; the first passage is always read.
    """
    sentences: list[Sentence] = []
    seen: set[tuple[str, int]] = set()
    for hit in hits:
        spans = [(hit.start + start, hit.start + end) for start, end in split_sentences(hit.text)]
        fresh = [span for span in spans if (hit.version_id, span[0]) not in seen]
        if sentences and len(sentences) + len(fresh) > max_sentences:
            break
        seen.update((hit.version_id, start) for start, _ in fresh)
        sentences.extend(_sentence(hit, ordinal, *span) for ordinal, span in enumerate(fresh))
    return sentences


def _sentence(hit: Hit, ordinal: int, start: int, end: int) -> Sentence:
    quote = hit.text[start - hit.start : end - hit.start]
    text = display_text(quote)
    list_item = is_list_item(quote)
    fragment = _is_fragment(text, hit.heading, list_item) or (
        start == hit.start and text[:1].islower() and not list_item
    )
    return Sentence(hit, ordinal, start, end, quote, text, fragment, list_item)


def _is_fragment(text: str, heading: str, list_item: bool) -> bool:
    """Whether a text is a heading, a line of a table of contents, a page number or the like."""
    n_words = len(text.split())
    if n_words > MAX_WORDS or _LEADERS.search(text) or _PAGE_NUMBER.match(text):
        return True
    if " | " in text:
        return len(content_stems(text)) < 2
    if any(text.lower() == part.strip().lower() for part in heading.split(" > ")):
        return True
    if list_item:
        return n_words < 2
    if text.endswith("?"):
        return True
    return n_words < 3 or (n_words < 9 and not _ENDS_SENTENCE.search(text) and not _VERB_LIKE.search(text))
