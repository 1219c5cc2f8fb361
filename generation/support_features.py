"""Numbers that tell how far passages support a sentence: what it shares with them word by word, and what they lack.

They need no model, so that a check costs a fraction of a millisecond and comes out the same in every process.
"""

import itertools
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.facts import Differences, read_facts, without_references
from generation.words import content_stems, pairs, stems
from ingest.sentences import split_sentences

SUPPORT_FEATURES = (
    "log_unknown_words",
    "longest_unknown_run",
    "pairs_shared",
    "content_pairs_shared",
    "unknown_facts",
    "numbers",
    "leads_to_a_list",
    "list_item",
    "denies_mention",
    "about_passages",
)
MAX_RUN = 6
MAX_UNKNOWN_FACTS = 3
_ABOUT_PASSAGES = frozenset(
    content_stems(
        "passage passages based given provided according mentioned mention information text context document documents "
        "source sources stated states answer question specific specifically note noted important however additionally "
        "therefore overall"
    )
)
_NAMES_PASSAGES = re.compile(r"\b(?:passages?|provided|given|according|context|information)\b", re.IGNORECASE)
_DENIES_MENTION = re.compile(
    r"\b(?:unable to|(?:does|do|did) not (?:provide|mention|specify|contain|include|directly|give|explicitly|state)|"
    r"not (?:mentioned|provided|specified|clear|explicitly)|no (?:specific )?(?:information|mention)|cannot)\b",
    re.IGNORECASE,
)
_LIST_ITEM = re.compile(r"\s*(?:[-*•]|\d+[.)])")


@dataclass(frozen=True)
class ReadPassage:
    """A passage's text, read once: the spans of its sentences and the stems of each, and what neighbours what.

    `near` are pairs of stems that carry meaning with at most one such stem between them.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    stems: tuple[frozenset[str], ...]
    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    near: frozenset[tuple[str, str]]


def read_passage(text: str) -> ReadPassage:
    """What is compared of a passage's text."""
    spans = tuple(split_sentences(text) or [(0, len(text))])
    content = content_stems(text)
    near = itertools.chain(itertools.pairwise(content), zip(content, content[2:], strict=False))
    return ReadPassage(
        text,
        spans,
        tuple(frozenset(content_stems(text[start:end])) for start, end in spans),
        frozenset(content),
        frozenset(pairs(stems(text))),
        frozenset(near),
    )


def claim_stems(sentence: str) -> list[str]:
    """The stems of a sentence that carry meaning, in order, without what models say about passages."""
    return [word for word in content_stems(sentence) if word not in _ABOUT_PASSAGES]


def measure_support(
    sentence: str, passages: Sequence[ReadPassage], headings: Sequence[str], differences: Differences
) -> NDArray[np.float32]:
    """What speaks for and against a sentence, one value (d,) for each name in `SUPPORT_FEATURES`.

    Args:
        sentence: As it was written.
        passages: Those it cites, at least one.
        headings: Their titles and headings, whose words count as known.
        differences: What `generation.facts.compare` found.
    """
    claim = claim_stems(sentence)
    known = frozenset(content_stems("\n".join(headings))).union(*(passage.words for passage in passages))
    runs = (len(list(run)) for unknown, run in itertools.groupby(claim, lambda word: word not in known) if unknown)
    n_unknown_facts = len(differences.numbers) + len(differences.names) + len(differences.addresses)
    values = (
        math.log1p(len({word for word in claim if word not in known})),
        min(MAX_RUN, max(runs, default=0)),
        _share(pairs(stems(sentence)), [passage.pairs for passage in passages]),
        _share(pairs(claim), [passage.near for passage in passages]),
        min(MAX_UNKNOWN_FACTS, n_unknown_facts),
        len(read_facts(without_references(sentence)).numbers),
        sentence.rstrip().endswith(":"),
        _LIST_ITEM.match(sentence) is not None,
        _DENIES_MENTION.search(sentence) is not None,
        _NAMES_PASSAGES.search(sentence) is not None,
    )
    return np.array(values, np.float32)


def _share(wanted: Collection[tuple[str, str]], held: Sequence[frozenset[tuple[str, str]]]) -> float:
    """The share of pairs that one of the passages holds; 0 where there is no pair."""
    return sum(any(pair in own for own in held) for pair in wanted) / max(1, len(wanted))
