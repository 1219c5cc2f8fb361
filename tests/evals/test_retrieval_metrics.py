"""Retrieval metrics equal worked examples."""

import math

import pytest

from evals.retrieval_metrics import hit_at, ndcg_at


def test_hit_counts_only_within_the_first_k() -> None:
    assert hit_at(["a", "b", "c"], frozenset({"c"}), 3) == 1.0
    assert hit_at(["a", "b", "c"], frozenset({"c"}), 2) == 0.0


def test_ndcg_of_a_ranking_worked_out_by_hand() -> None:
    dcg = 3 / math.log2(2) + 1 / math.log2(4)
    best = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert ndcg_at(["x", "nothing", "z"], {"x": 3, "y": 2, "z": 1}, 3) == pytest.approx(dcg / best)


def test_ndcg_of_the_best_order_is_one() -> None:
    assert ndcg_at(["x", "y"], {"x": 2, "y": 1}, 10) == 1.0


def test_ndcg_without_anything_relevant_is_zero() -> None:
    assert ndcg_at(["x"], {}, 10) == 0.0
