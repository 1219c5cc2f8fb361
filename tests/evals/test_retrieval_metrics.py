"""Retrieval metrics equal worked examples."""

import math

import pytest

from evals.retrieval_metrics import Span, hit_at, ndcg_at, span_recall


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


def test_span_recall_counts_each_relevant_character_once() -> None:
    relevant = [Span("a", 0, 10), Span("b", 0, 10)]
    found = [Span("a", 5, 20), Span("a", 8, 12), Span("c", 0, 10)]
    assert span_recall(found, relevant) == pytest.approx(5 / 20)
    assert span_recall(found, []) == 0.0


def test_spans_overlap_where_they_share_a_character() -> None:
    assert Span("a", 0, 5).overlaps(Span("a", 4, 9))
    assert not Span("a", 0, 5).overlaps(Span("a", 5, 9))
    assert not Span("a", 0, 5).overlaps(Span("b", 0, 5))
