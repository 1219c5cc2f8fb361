"""Extractive: answers made of verbatim sentences, without a language model."""

import re
from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from generation.abstain import MIN_CONFIDENCE
from generation.candidates import Sentence
from generation.cues import question_kind
from generation.events import Length
from generation.evidence import Evidence
from generation.pieces import Assignment, Piece, Quote, SentencePiece, Turn
from generation.rewrite import rewrite_by_rules
from generation.words import stems

MAX_CHOSEN: dict[Length, int] = {"short": 2, "normal": 4, "long": 7}
MAX_LIST_ITEMS: dict[Length, int] = {"short": 8, "normal": 12, "long": 20}
MAX_ITEM_WORDS = 40
SCORE_MARGIN: dict[Length, float] = {"short": 2.0, "normal": 2.5, "long": 3.0}
DANGLING_BONUS = 1.0
DUPLICATE_SHARE = 0.8
_DANGLING = re.compile(
    r"(?:he|she|it|they|this|these|those|his|her|its|their|such|however|therefore|thus|also|but|and|so|in addition|"
    r"additionally|furthermore|moreover|instead|otherwise|then|for example|the latter|the former)\b",
    re.IGNORECASE,
)


class Extractive:
    """Picks the sentences that answer best; the claim is the quote, so nothing can be invented."""

    model_id = "extractive"

    def write(self, assignment: Assignment) -> Generator[Piece, None, None]:
        """Up to 2, 4 or 7 sentences (short, normal, long) and the items of a list they introduce.

        Nothing when it is too unlikely that the passages answer.
        """
        evidence = assignment.evidence
        if evidence.confidence < MIN_CONFIDENCE:
            return
        shares = _shares(evidence.scores)
        rows = choose_sentences(evidence, assignment.length)
        chosen = [evidence.sentences[row] for row in rows]
        for position, (row, sentence) in enumerate(zip(rows, chosen, strict=True)):
            quote = Quote(sentence.hit, sentence.start, sentence.end, round(float(shares[row]), 4))
            yield SentencePiece(_lead(chosen, position), sentence.text, (quote,))

    def rewrite(self, turns: Sequence[Turn], question: str) -> str:
        """See `LLM`; by rules."""
        return rewrite_by_rules(turns, question)


def choose_sentences(evidence: Evidence, length: Length) -> list[int]:
    """The rows of the chosen sentences as they are to be read: best document first, then the order of the text."""
    scores = evidence.scores.copy()
    chosen: list[int] = []
    floor = float(scores.max(initial=-np.inf)) - SCORE_MARGIN[length]
    wants_list = question_kind(evidence.question) in ("list", "manner")
    n_picked = 0
    while n_picked < MAX_CHOSEN[length]:
        i = int(np.argmax(scores)) if len(scores) else -1
        if i < 0 or not np.isfinite(scores[i]) or scores[i] < floor:
            break
        scores[i] = -np.inf
        if any(_says_the_same(evidence.sentences[i], evidence.sentences[j]) for j in chosen):
            continue
        n_picked += 1
        picked = _with_list(evidence, i, wants_list=wants_list, max_items=MAX_LIST_ITEMS[length])
        chosen.extend(j for j in picked if j not in chosen)
        scores[picked] = -np.inf
        if _is_dangling(evidence, i):
            scores[i - 1] += DANGLING_BONUS
    return _reading_order(evidence, chosen)


def _with_list(evidence: Evidence, i: int, *, wants_list: bool, max_items: int) -> list[int]:
    """A sentence with the items it introduces; an item, when a list is asked for, with its introduction and fellows."""
    sentences = evidence.sentences
    first = i
    if sentences[i].list_item and wants_list:
        while first > 0 and sentences[first - 1].list_item and sentences[first - 1].hit is sentences[i].hit:
            first -= 1
        if first > 0 and sentences[first - 1].hit is sentences[i].hit and sentences[first - 1].text.endswith(":"):
            first -= 1
        else:
            return [i]
    if not sentences[first].text.endswith(":"):
        return [i]
    rows = [first]
    for j in range(first + 1, len(sentences)):
        item = sentences[j]
        fits = item.list_item and item.hit is sentences[first].hit and len(item.text.split()) <= MAX_ITEM_WORDS
        if not fits or len(rows) > max_items:
            break
        rows.append(j)
    return rows if i in rows else [i]


def _is_dangling(evidence: Evidence, i: int) -> bool:
    """Whether a sentence points back to the one before it in its passage."""
    sentence = evidence.sentences[i]
    return i > 0 and sentence.ordinal > 0 and _DANGLING.match(sentence.text) is not None


def _says_the_same(one: Sentence, other: Sentence) -> bool:
    """Whether one sentence holds nearly all words of the other."""
    words, others = set(stems(one.text)), set(stems(other.text))
    return len(words & others) >= DUPLICATE_SHARE * max(len(words), len(others), 1)


def _reading_order(evidence: Evidence, chosen: list[int]) -> list[int]:
    """Best document first (that of the best chosen sentence), inside a document the order of its text."""
    best: dict[str, float] = {}
    for i in chosen:
        version_id = evidence.sentences[i].hit.version_id
        best[version_id] = max(best.get(version_id, -np.inf), float(evidence.scores[i]))
    return sorted(
        chosen,
        key=lambda i: (
            -best[evidence.sentences[i].hit.version_id],
            evidence.sentences[i].hit.version_id,
            evidence.sentences[i].start,
        ),
    )


def _lead(chosen: list[Sentence], position: int) -> str:
    """What stands before a sentence: a new line and bullet in a list, a new line after one, else a space."""
    bullet = "- " if _in_list(chosen, position) else ""
    if position == 0:
        return bullet
    return f"\n{bullet}" if bullet or _in_list(chosen, position - 1) else " "


def _in_list(chosen: list[Sentence], position: int) -> bool:
    """Whether a sentence is a list item beside its introduction or another item."""
    beside = chosen[max(0, position - 1) : position] + chosen[position + 1 : position + 2]
    introduced = position > 0 and chosen[position - 1].text.endswith(":")
    return chosen[position].list_item and (introduced or any(sentence.list_item for sentence in beside))


def _shares(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each sentence's share of belief (n,): exp(score) over the sum of all."""
    powers = np.exp(scores - scores.max(initial=-np.inf))
    total: NDArray[np.float32] = powers / powers.sum()
    return total
