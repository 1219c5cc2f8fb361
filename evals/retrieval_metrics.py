"""How well a ranking finds what is relevant."""

import math
from collections.abc import Mapping, Sequence


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


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(i + 1) for i, gain in enumerate(gains, start=1))
