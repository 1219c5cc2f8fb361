"""Whether cited passages say what a sentence says: its best supporting stretch in each, and a verdict.

A logistic model over what sentence and passages share, fitted and tested by `python -m evals.fit_support`; and on top
of it rules without exception: a number, date, name or address that no cited passage holds, or a negation that the
quote does not share, and the sentence is not supported.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.events import Verdict
from generation.facts import Differences, compare
from generation.pieces import Quote
from generation.support_features import SUPPORT_FEATURES, ReadPassage, claim_stems, measure_support, read_passage
from generation.weights import load_model
from retrieval.hit import Hit

SUPPORTED_FROM = 0.75
PARTLY_FROM = 0.6
MAX_QUOTE_SENTENCES = 3
MIN_GAIN = 0.25
CACHED_PASSAGES = 512


@dataclass(frozen=True)
class Support:
    """How a sentence stands: `quotes`, one a cited passage, `probability` in 0..1 that they say it, and the verdict."""

    quotes: tuple[Quote, ...]
    probability: float
    differences: Differences
    verdict: Verdict

    @property
    def doubt(self) -> str:
        """What speaks against the sentence, in words; empty when it is supported."""
        if self.verdict == "supported":
            return ""
        if self.verdict == "uncited":
            return "it cites no passage"
        return "; ".join(self.differences.described()) or "the cited passages do not say it"


class SupportCheck:
    """Checks sentences against passages; safe in any thread. Passages read lately are remembered by their text."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: OrderedDict[str, ReadPassage] = OrderedDict()

    def check(self, sentence: str, cited: Sequence[Hit]) -> Support:
        """The support of a sentence by the passages that it cites.

        A sentence without citations is uncited, whatever the passages say.
        """
        hits = list({(hit.version_id, hit.start, hit.end): hit for hit in cited}.values())
        if not hits:
            return Support((), 0.0, compare(sentence, "", ()), "uncited")
        features, differences, spans = self._measure(sentence, hits)
        probability = probability_of(features)
        quotes = tuple(
            Quote(hit, hit.start + start, hit.start + end, round(probability, 4))
            for hit, (start, end) in zip(hits, spans, strict=True)
        )
        return Support(quotes, probability, differences, verdict_of(probability, differences))

    def features(self, sentence: str, cited: Sequence[Hit]) -> tuple[NDArray[np.float32], Differences]:
        """What speaks for a sentence in its passages, a value for each of `SUPPORT_FEATURES`, and what differs."""
        features, differences, _ = self._measure(sentence, cited)
        return features, differences

    def _measure(
        self, sentence: str, hits: Sequence[Hit]
    ) -> tuple[NDArray[np.float32], Differences, list[tuple[int, int]]]:
        passages = [self._passage(hit.text) for hit in hits]
        headings = [f"{hit.title}\n{hit.heading}" for hit in hits]
        weights = _weights(claim_stems(sentence), passages)
        spans = [_best_span(weights, passage) for passage in passages]
        quote = "\n".join(hit.text[start:end] for hit, (start, end) in zip(hits, spans, strict=True))
        differences = compare(sentence, quote, [passage.text for passage in passages], headings)
        return measure_support(sentence, passages, headings, differences), differences, spans

    def _passage(self, text: str) -> ReadPassage:
        with self._lock:
            read = self._read.get(text)
        read = read or read_passage(text)
        with self._lock:
            self._read[text] = read
            self._read.move_to_end(text)
            while len(self._read) > CACHED_PASSAGES:
                self._read.popitem(last=False)
        return read


def probability_of(features: NDArray[np.float32]) -> float:
    """The probability in 0..1 that a sentence with these features (d,) is supported."""
    return 1.0 / (1.0 + math.exp(-float(load_model("support", SUPPORT_FEATURES).score(features))))


def verdict_of(probability: float, differences: Differences) -> Verdict:
    """The verdict on a sentence with citations.

    A wrong number or address makes it unsupported; an unknown name, a number that stands elsewhere than the quote, or a
    negation on one side only, partly at most.
    """
    if differences.numbers or differences.addresses or probability < PARTLY_FROM:
        return "unsupported"
    if differences.names or differences.negated or differences.misplaced or probability < SUPPORTED_FROM:
        return "partly"
    return "supported"


def _weights(claim: Sequence[str], passages: Sequence[ReadPassage]) -> dict[str, float]:
    """Words that few of the sentences hold weigh more; so do words that none holds."""
    sentences = [held for passage in passages for held in passage.stems]
    counts = {word: sum(word in held for held in sentences) for word in dict.fromkeys(claim)}
    return {word: math.log(1 + (len(sentences) + 1) / (n + 0.5)) for word, n in counts.items()}


def _share(weights: dict[str, float], held: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in held) / total if total else 1.0


def _best_span(weights: dict[str, float], passage: ReadPassage) -> tuple[int, int]:
    """The sentence of a passage that supports best, with neighbours while these add enough of the claim's words.

    Among sentences with as many of its words the shortest is best.
    """
    shares = [_share(weights, held) for held in passage.stems]
    first = last = max(range(len(shares)), key=lambda i: (shares[i], -len(passage.stems[i])))
    held = passage.stems[first]
    while last - first + 1 < MAX_QUOTE_SENTENCES:
        beside = [i for i in (first - 1, last + 1) if 0 <= i < len(shares)]
        gains = {i: _share(weights, held | passage.stems[i]) - _share(weights, held) for i in beside}
        best = max(gains, key=lambda i: gains[i], default=None)
        if best is None or gains[best] < MIN_GAIN:
            break
        held |= passage.stems[best]
        first, last = min(first, best), max(last, best)
    return passage.spans[first][0], passage.spans[last][1]
