"""What makes a result less than it could be is said in the same sentence everywhere, once."""

import re
from pathlib import Path

import pytest

from api.degradations import DEGRADATIONS
from tests.api.office import Office

ROOT = Path(__file__).parents[2]
GERMAN = "Wie viel darf eine Nacht im Hotel kosten?"
ENGLISH = "How much may a hotel night cost?"


def test_page_says_the_same_sentences() -> None:
    words = (ROOT / "api/web/assets/words.js").read_text(encoding="utf-8")
    block = words.split("const DEGRADATIONS = {", 1)[1].split("};", 1)[0]
    assert dict(re.findall(r'(\w+): "(.*)",', block)) == DEGRADATIONS


def test_handbook_explains_every_name() -> None:
    handbook = (ROOT / "api/handbook/language-models.md").read_text(encoding="utf-8")
    table = handbook.split("| name in `degraded` |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(DEGRADATIONS)


@pytest.mark.parametrize(
    ("query", "degraded"), [pytest.param(GERMAN, ["language"], id="german"), pytest.param(ENGLISH, [], id="english")]
)
def test_search_tells_when_the_model_does_not_know_the_language(
    reading_office: Office, query: str, degraded: list[str]
) -> None:
    with reading_office.client("ann") as ann:
        assert ann.post("/v1/search", json={"query": query}).json()["degraded"] == degraded


@pytest.mark.parametrize(
    ("question", "degraded"), [pytest.param(GERMAN, ["language"], id="german"), pytest.param(ENGLISH, [], id="english")]
)
def test_answer_tells_it_once(reading_office: Office, question: str, degraded: list[str]) -> None:
    with reading_office.client("ann") as ann:
        asked = [ann.post("/v1/answers", json={"question": question}).json() for _ in range(2)]
    assert [answer["degraded"] for answer in asked] == [degraded, degraded]
