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
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from generation.events import Verdict
from generation.facts import Differences, compare
from generation.pieces import Quote
from generation.words import content_stems, pairs, stems
from ingest.embed import Embedder, EncodedPassage
from ingest.sentences import split_sentences
from retrieval.hit import Hit

SUPPORT_FEATURES = (
    "best_sentence",
    "content_pairs_shared",
    "pairs_shared",
    "unknown_run",
    "log_words",
    "weakest_likeness",
    "unknown_facts",
)
SUPPORT_WEIGHTS = np.array([1.194, 2.875, 0.964, -0.230, -1.301, 0.604, -0.786], np.float32)
SUPPORT_INTERCEPT = 1.935
SUPPORTED_FROM = 0.65
PARTLY_FROM = 0.3
MAX_QUOTE_SENTENCES = 3
MIN_GAIN = 0.25
WEAKEST_SHARE = 0.1
CACHED_PASSAGES = 256
MAX_RUN = 6
MAX_UNKNOWN_FACTS = 3
_ABOUT_PASSAGES = frozenset(
    content_stems(
        "passage passages based given provided according mentioned mention information text context document documents "
        "source sources stated states answer question specific specifically note noted important however additionally "
        "therefore overall"
    )
)


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


@dataclass(frozen=True)
class _ReadPassage:
    """A passage's sentences: spans in its text, stems and vectors."""

    hit: Hit
    spans: tuple[tuple[int, int], ...]
    stems: tuple[frozenset[str], ...]
    encoded: tuple[EncodedPassage, ...]


class SupportCheck:
    """Checks sentences against passages with the embedding model's vectors; safe in any thread."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._read: OrderedDict[str, _ReadPassage] = OrderedDict()

    def check(self, sentence: str, cited: Sequence[Hit]) -> Support:
        """The support of a sentence by the passages that it cites.

        A sentence without citations is uncited, whatever the passages say.
        """
        if not cited:
            return Support((), 0.0, compare(sentence, "", ()), "uncited")
        passages = self._passages(cited)
        features, differences, spans = self._measure(sentence, passages)
        probability = probability_of(features)
        quotes = tuple(
            Quote(passage.hit, passage.hit.start + start, passage.hit.start + end, round(probability, 4))
            for passage, (start, end) in zip(passages, spans, strict=True)
        )
        return Support(quotes, probability, differences, verdict_of(probability, differences))

    def features(self, sentence: str, cited: Sequence[Hit]) -> NDArray[np.float32]:
        """What speaks for a sentence in its passages, one value for each name in `SUPPORT_FEATURES`."""
        return self._measure(sentence, self._passages(cited))[0]

    def _measure(
        self, sentence: str, passages: Sequence[_ReadPassage]
    ) -> tuple[NDArray[np.float32], Differences, list[tuple[int, int]]]:
        claim = self._embedder.encode_query(sentence)
        claim_stems = [word for word in content_stems(sentence) if word not in _ABOUT_PASSAGES]
        weights = _weights(list(dict.fromkeys(claim_stems)), passages)
        chosen = [_best_window(claim.vector, weights, passage) for passage in passages]
        spans = [_span(passage, window) for passage, window in zip(passages, chosen, strict=True)]
        quote = "\n".join(p.hit.text[start:end] for p, (start, end) in zip(passages, spans, strict=True))
        differences = compare(sentence, quote, [f"{p.hit.title}\n{p.hit.heading}\n{p.hit.text}" for p in passages])
        everything = "\n".join(passage.hit.text for passage in passages)
        held = frozenset(content_stems("\n".join(f"{p.hit.title} {p.hit.heading} {p.hit.text}" for p in passages)))
        runs = (len(list(run)) for unknown, run in groupby(claim_stems, lambda word: word not in held) if unknown)
        likeness = self._likeness(claim.token_vectors, passages)
        unknown_facts = len(differences.numbers) + len(differences.names) + len(differences.addresses)
        values = (
            max(_share(weights, own) for passage in passages for own in passage.stems),
            _share_of_pairs(claim_stems, content_stems(everything)),
            _share_of_pairs(stems(sentence), stems(everything)),
            min(MAX_RUN, max(runs, default=0)),
            math.log(1 + len(claim_stems)),
            float(np.quantile(likeness, WEAKEST_SHARE)) if len(likeness) else 0.0,
            min(MAX_UNKNOWN_FACTS, unknown_facts),
        )
        return np.array(values, np.float32), differences, spans

    def _likeness(self, tokens: NDArray[np.float32], passages: Sequence[_ReadPassage]) -> NDArray[np.float32]:
        """Each token's best likeness (t,) with any token of the passages: MaxSim before its mean."""
        codes = [encoded.token_codes for passage in passages for encoded in passage.encoded if len(encoded.token_codes)]
        if not codes or not len(tokens):
            return np.zeros(0, np.float32)
        best: NDArray[np.float32] = self._embedder.codec.similarities(np.concatenate(codes), tokens).max(axis=0)
        return best

    def _passages(self, hits: Sequence[Hit]) -> list[_ReadPassage]:
        """The passages with their sentences encoded; recent ones are remembered by their text."""
        unique = list({(hit.version_id, hit.start, hit.end): hit for hit in hits}.values())
        with self._lock:
            missing = [hit for hit in unique if hit.text not in self._read]
        fresh = {hit.text: self._encoded(hit) for hit in missing}
        with self._lock:
            found = []
            for hit in unique:
                read = fresh.get(hit.text) or self._read[hit.text]
                self._read[hit.text] = read
                self._read.move_to_end(hit.text)
                found.append(_ReadPassage(hit, read.spans, read.stems, read.encoded))
            while len(self._read) > CACHED_PASSAGES:
                self._read.popitem(last=False)
        return found

    def _encoded(self, hit: Hit) -> _ReadPassage:
        """A passage read anew: alone, so that the last bits of its vectors do not depend on what is read with it."""
        spans = tuple(split_sentences(hit.text) or [(0, len(hit.text))])
        texts = [hit.text[start:end] for start, end in spans]
        words = tuple(frozenset(content_stems(text)) for text in texts)
        return _ReadPassage(hit, spans, words, tuple(self._embedder.encode_passages(texts)))


def probability_of(features: NDArray[np.float32]) -> float:
    """The probability in 0..1 that a sentence with these features (d,) is supported."""
    return 1.0 / (1.0 + math.exp(-(float(features @ SUPPORT_WEIGHTS) + SUPPORT_INTERCEPT)))


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


def _weights(claim_stems: Sequence[str], passages: Sequence[_ReadPassage]) -> dict[str, float]:
    """Words that few of the sentences hold weigh more; so do words that none holds."""
    sentences = [held for passage in passages for held in passage.stems]
    counts = {word: sum(word in held for held in sentences) for word in claim_stems}
    return {word: math.log(1 + (len(sentences) + 1) / (n + 0.5)) for word, n in counts.items()}


def _share_of_pairs(own: Sequence[str], held: Sequence[str]) -> float:
    """The share of neighbouring words that are neighbours in the passages too; 0 for a single word."""
    wanted = pairs(own)
    return len(wanted & pairs(held)) / max(1, len(wanted))


def _share(weights: dict[str, float], held: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in held) / total if total else 1.0


def _best_window(vector: NDArray[np.float32], weights: dict[str, float], passage: _ReadPassage) -> list[int]:
    """The sentence of a passage that supports best, with neighbours while these add enough of the claim's words."""
    scores = [
        _share(weights, held) + float(encoded.vector @ vector)
        for held, encoded in zip(passage.stems, passage.encoded, strict=True)
    ]
    first = last = int(np.argmax(scores))
    held = passage.stems[first]
    while last - first + 1 < MAX_QUOTE_SENTENCES:
        beside = [i for i in (first - 1, last + 1) if 0 <= i < len(scores)]
        gains = {i: _share(weights, held | passage.stems[i]) - _share(weights, held) for i in beside}
        best = max(gains, key=lambda i: gains[i], default=None)
        if best is None or gains[best] < MIN_GAIN:
            break
        held |= passage.stems[best]
        first, last = min(first, best), max(last, best)
    return list(range(first, last + 1))


def _span(passage: _ReadPassage, window: Sequence[int]) -> tuple[int, int]:
    return passage.spans[window[0]][0], passage.spans[window[-1]][1]
