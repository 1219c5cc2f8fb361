"""Fusion: scaled scores, and a weighted mean of two rankings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import min_max, mixed, ranked, reciprocal_rank, weighted_mean


def test_best_becomes_one_and_worst_zero() -> None:
    assert min_max({1: 3.0, 2: 5.0, 3: 4.0}) == {1: 0.0, 2: 1.0, 3: 0.5}


def test_equal_scores_all_count_fully() -> None:
    assert min_max({1: 2.0, 2: 2.0}) == {1: 1.0, 2: 1.0}


def test_nothing_found_stays_nothing() -> None:
    assert weighted_mean({}, {}, 0.5) == {}


def test_passage_found_by_both_beats_one_found_by_either() -> None:
    fused = weighted_mean({1: 0.9, 2: 0.8, 4: 0.1}, {2: 7.0, 3: 8.0, 5: 1.0}, 0.5)
    assert max(fused, key=lambda key: fused[key]) == 2


def test_side_that_found_nothing_leaves_the_order_of_the_other() -> None:
    fused = weighted_mean({}, {1: 2.0, 2: 3.0}, 0.7)
    assert fused[2] > fused[1]


@given(
    st.dictionaries(st.integers(0, 50), st.floats(-1, 1), max_size=20),
    st.dictionaries(st.integers(0, 50), st.floats(0, 40), max_size=20),
    st.floats(0, 1),
)
def test_fused_scores_lie_between_zero_and_one(
    vectors: dict[int, float], keywords: dict[int, float], weight: float
) -> None:
    fused = weighted_mean(vectors, keywords, weight)
    assert fused.keys() == vectors.keys() | keywords.keys()
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused.values())


@pytest.mark.parametrize(("weight", "first"), [(0.0, 2), (1.0, 1)])
def test_weight_decides_which_side_leads(weight: float, first: int) -> None:
    fused = weighted_mean({1: 0.9, 2: 0.1}, {1: 1.0, 2: 9.0}, weight)
    assert max(fused, key=lambda key: fused[key]) == first


def test_reciprocal_ranks_are_added_and_scaled() -> None:
    fused = reciprocal_rank({1: 0.9, 2: 0.8}, {2: 7.0, 3: 1.0})
    assert ranked(fused) == [2, 1, 3]
    assert fused[2] == pytest.approx((1 / 62 + 1 / 61) * 61 / 2)


def test_first_of_every_ranking_has_a_reciprocal_score_of_one() -> None:
    assert reciprocal_rank({1: 0.2}, {1: 3.0}) == {1: pytest.approx(1.0)}


def test_reranked_passage_with_the_better_score_rises() -> None:
    assert ranked(mixed({1: 0.5, 2: 0.4, 3: 0.1}, {1: 0.2, 2: 0.9}, 0.7)) == [2, 1, 3]


def test_passages_that_were_not_reranked_keep_their_order() -> None:
    assert ranked(mixed({1: 0.9, 2: 0.2}, {}, 0.7)) == [1, 2]


def test_equal_scores_are_ranked_by_key() -> None:
    assert ranked({3: 1.0, 1: 1.0, 2: 2.0}) == [2, 1, 3]
