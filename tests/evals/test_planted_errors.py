"""Planted errors: each changes one thing, and the support check catches them in real paragraphs."""

from pathlib import Path

import pytest

from evals.planted_errors import CHANGES, catch_planted_errors, read_sentences
from generation.support import SupportCheck

DATA = Path(__file__).parents[3] / "shared" / "data"
PASSAGE = "Curie was honoured in May 1911 for work in Paris that took 12 years. Becquerel stayed in Lyon for 30 days."


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("numbers changed", "Curie was honoured in May 2911 for work in Paris that took 12 years."),
        ("dates changed", "Curie was honoured in June 1911 for work in Paris that took 12 years."),
        ("names changed", "Curie was honoured in May 1911 for work in Gustavsson that took 12 years."),
        ("units changed", "Curie was honoured in May 1911 for work in Paris that took 12 days."),
        ("negations added", "Curie was not honoured in May 1911 for work in Paris that took 12 years."),
        ("numbers swapped", "Curie was honoured in May 30 for work in Paris that took 12 years."),
        ("subjects swapped", None),
    ],
)
def test_change_changes_one_thing(kind: str, expected: str | None) -> None:
    assert CHANGES[kind](PASSAGE.split(". ")[0] + ".", PASSAGE, 0) == expected


@pytest.mark.shared_data("squad-v2-dev-half")
def test_changed_numbers_dates_and_names_are_caught() -> None:
    sentences = list(read_sentences(next((DATA / "squad-v2-dev-half").glob("*.json")), 100))
    shares = {caught.kind: caught.share for caught in catch_planted_errors(SupportCheck(), sentences)}
    assert shares.pop("originals") <= 0.05
    assert min(shares["numbers changed"], shares["dates changed"], shares["names changed"]) >= 0.98
