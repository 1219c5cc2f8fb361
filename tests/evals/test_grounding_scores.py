"""Scores of sentences and answers: what AUROC and F1 count, and that sets are cut by source."""

from pathlib import Path

import numpy as np
import pytest

from evals.grounding_scores import answer_auroc, best_threshold, f1_of_unsupported, sentence_auroc
from evals.grounding_sets import Labelled, read_begin, read_ragtruth, read_wice
from evals.weights_file import write_model
from generation.support import SupportCheck
from generation.support_features import SUPPORT_FEATURES
from generation.weights import load_model

DATA = Path(__file__).parents[3] / "shared" / "data"


def labelled(answer: str, *, supported: bool) -> Labelled:
    return Labelled(answer, "source", "Text.", (), supported, held_back=True)


ROWS = [
    labelled("a", supported=True),
    labelled("a", supported=True),
    labelled("b", supported=True),
    labelled("b", supported=False),
    labelled("c", supported=True),
]


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    assert sentence_auroc(ROWS, np.array([0.9, 0.8, 0.1, 0.3, 0.7])) == 0.75


def test_answer_scores_as_high_as_all_its_sentences_together() -> None:
    assert answer_auroc(ROWS, np.array([0.6, 0.6, 0.9, 0.35, 0.4])) == 1.0
    assert answer_auroc(ROWS, np.array([0.5, 0.5, 0.9, 0.35, 0.2])) == 0.0


def test_f1_counts_what_was_found_and_what_was_missed() -> None:
    scores = np.array([0.9, 0.8, 0.1, 0.3, 0.7])
    assert f1_of_unsupported(ROWS, scores, 0.5) == pytest.approx(2 / 3)
    assert f1_of_unsupported(ROWS, scores, best_threshold(ROWS, scores)) == pytest.approx(2 / 3)


@pytest.mark.shared_data("ragtruth-qa")
def test_no_source_is_on_both_sides() -> None:
    rows = list(read_ragtruth(DATA))
    assert {row.source for row in rows if row.held_back}.isdisjoint(row.source for row in rows if not row.held_back)
    assert 0.3 < np.mean([row.held_back for row in rows]) < 0.5


@pytest.mark.shared_data("wice")
def test_claims_of_wikipedia_are_all_held_back() -> None:
    rows = list(read_wice(DATA))
    assert (len(rows), sum(row.supported for row in rows)) == (349, 115)
    assert all(row.held_back and row.hits for row in rows)


@pytest.mark.shared_data("begin")
def test_turns_of_dialogues_are_all_held_back() -> None:
    rows = list(read_begin(DATA))
    assert sum(row.supported for row in rows) == 307
    assert all(row.held_back and len(row.hits) == 1 for row in rows)


@pytest.mark.shared_data("ragtruth-qa")
def test_made_up_sentences_score_lower_than_supported_ones() -> None:
    check = SupportCheck()
    rows = [row for row in read_ragtruth(DATA, 150) if row.held_back]
    assert sentence_auroc(rows, np.array([check.check(row.text, row.hits).probability for row in rows])) > 0.82


def test_written_weights_leave_other_models_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    write_model("first", ("a",), np.array([1.0]), 0.5, path)
    first = path.read_text(encoding="utf-8")
    write_model("second", ("a", "b"), np.array([1.0, 2.0]), 0.25, path)
    write_model("second", ("a", "b"), np.array([3.0, 4.0]), 0.75, path)
    assert first.rstrip("\n} ") in path.read_text(encoding="utf-8")
    assert '"b": 4.0' in path.read_text(encoding="utf-8")


def test_weights_of_the_support_check_are_those_of_its_features() -> None:
    assert load_model("support", SUPPORT_FEATURES).weights.shape == (len(SUPPORT_FEATURES),)
