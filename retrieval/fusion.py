"""Merging two rankings of the same passages into one."""

from collections.abc import Mapping

RRF_K = 60


def min_max(scores: Mapping[int, float]) -> dict[int, float]:
    """Scale scores to 0..1: the best gets 1, the worst 0, and a list of equal scores all 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - low) / (high - low) for key, score in scores.items()}


def ranked(scores: Mapping[int, float]) -> list[int]:
    """Keys by score, best first; of equal ones the lower key first."""
    return sorted(scores, key=lambda key: (-scores[key], key))


def weighted_mean(
    vector_scores: Mapping[int, float], keyword_scores: Mapping[int, float], vector_weight: float
) -> dict[int, float]:
    """Fuse two rankings: the weighted mean of the scaled scores, 0 where a passage was not found.

    score(p) = w · v(p) + (1 - w) · k(p), with w = `vector_weight` in 0..1. Cosines have no natural zero and are min-max
    scaled; keyword scores have one, a passage without any of the words, and are divided by the best.

    Source: Bruch et al., An Analysis of Fusion Functions for Hybrid Retrieval, TOIS 2023,
    https://doi.org/10.1145/3596512
    """
    best = max(keyword_scores.values(), default=0.0)
    vectors = min_max(vector_scores)
    keywords = {key: score / best if best > 0 else 0.0 for key, score in keyword_scores.items()}
    return {
        key: vector_weight * vectors.get(key, 0.0) + (1 - vector_weight) * keywords.get(key, 0.0)
        for key in vectors.keys() | keywords.keys()
    }


def reciprocal_rank(*rankings: Mapping[int, float], k: int = RRF_K) -> dict[int, float]:
    """Fuse rankings, given as scores: a passage scores the sum of 1 / (k + rank), rank from 1, scaled to 0..1.

    Source: Cormack et al., Reciprocal Rank Fusion, SIGIR 2009, https://doi.org/10.1145/1571941.1572114
    """
    fused: dict[int, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranked(ranking), start=1):
            fused[key] = fused.get(key, 0.0) + 1 / (k + rank)
    best = len(rankings) / (k + 1)
    return {key: score / best for key, score in fused.items()}


def mixed(fused: Mapping[int, float], reranked: Mapping[int, float], weight: float) -> dict[int, float]:
    """Fused scores in 0..1 with `weight` of a reranker's, which are min-max scaled.

    What the reranker did not score keeps its fused share alone, and so stays behind what was ahead of it.
    """
    scores = min_max(reranked)
    return {key: weight * scores.get(key, 0.0) + (1 - weight) * score for key, score in fused.items()}
