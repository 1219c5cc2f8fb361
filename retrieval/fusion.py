"""Merging two rankings of the same passages into one."""

from collections.abc import Mapping


def min_max(scores: Mapping[int, float]) -> dict[int, float]:
    """Scale scores to 0..1: the best gets 1, the worst 0, and a list of equal scores all 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - low) / (high - low) for key, score in scores.items()}


def weighted_mean(
    vector_scores: Mapping[int, float], keyword_scores: Mapping[int, float], vector_weight: float
) -> dict[int, float]:
    """Fuse two rankings: the weighted mean of the min-max scaled scores, 0 where a passage was not found.

    score(p) = w · v(p) + (1 - w) · k(p), with w = `vector_weight` in 0..1.

    Source: Bruch et al., An Analysis of Fusion Functions for Hybrid Retrieval, TOIS 2023,
    https://doi.org/10.1145/3596512
    """
    vectors, keywords = min_max(vector_scores), min_max(keyword_scores)
    return {
        key: vector_weight * vectors.get(key, 0.0) + (1 - vector_weight) * keywords.get(key, 0.0)
        for key in vectors.keys() | keywords.keys()
    }
