"""How well a ranking finds what is relevant."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Characters [start, end) of a file's text."""

    filename: str
    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Whether both have a character in common."""
        return self.filename == other.filename and self.start < other.end and other.start < self.end


def hit_at(ranking: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """1.0 when one of the first `k` is relevant, else 0.0."""
    return float(not relevant.isdisjoint(ranking[:k]))


def ndcg_at(ranking: Sequence[str], gains: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain of the first `k`, in 0..1.

    DCG = Σ gain(i) / log2(i + 1) with i from 1, divided by the DCG of the best possible order.

    Source: Järvelin and Kekäläinen, TOIS 2002, https://doi.org/10.1145/582415.582418
    """
    best = _dcg(sorted(gains.values(), reverse=True)[:k])
    return _dcg([gains.get(key, 0) for key in ranking[:k]]) / best if best else 0.0


def span_recall(found: Sequence[Span], relevant: Sequence[Span]) -> float:
    """The share, in 0..1, of the relevant spans' characters that lie in found spans; each character counts once."""
    wanted = {(span.filename, at) for span in relevant for at in range(span.start, span.end)}
    covered = {
        (own.filename, at)
        for own in found
        for span in relevant
        if span.filename == own.filename
        for at in range(max(own.start, span.start), min(own.end, span.end))
    }
    return len(covered) / len(wanted) if wanted else 0.0


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(i + 1) for i, gain in enumerate(gains, start=1))
