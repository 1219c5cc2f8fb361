"""Which language a text is in: documents for sure, a few words as odds."""

import pytest

from ingest.language import detect_language, language_odds
from ingest.parsed import ParsedDocument, ParsedPage


def likeliest(text: str) -> str | None:
    odds = language_odds(text)
    return max(odds, key=lambda code: odds[code], default=None)


@pytest.mark.parametrize(
    ("query", "language"),
    [
        pytest.param("How many vacation days do I have?", "en", id="english"),
        pytest.param("Wie viele Urlaubstage habe ich?", "de", id="german"),
        pytest.param("¿Cuántos días de vacaciones tengo?", "es", id="spanish"),
        pytest.param("年假", "zh", id="chinese"),
        pytest.param("ERR-4032-B 什么意思", "zh", id="chinese_with_an_identifier"),
        pytest.param("有給休暇の申請", "ja", id="japanese"),
        pytest.param("연차 휴가", "ko", id="korean"),
        pytest.param("ลาพักร้อน", "th", id="thai"),
        pytest.param("إجازة مدفوعة", "ar", id="arabic"),
    ],
)
def test_language_of_a_query(query: str, language: str) -> None:
    assert likeliest(query) == language


def test_odds_add_up_to_one() -> None:
    assert sum(language_odds("Urlaub").values()) == pytest.approx(1)


@pytest.mark.parametrize("text", ["Urlaub", "Budget Q3", "ERR-4032-B"])
def test_single_words_leave_it_open(text: str) -> None:
    assert max(language_odds(text).values()) < 0.5


def test_text_without_letters_has_no_language() -> None:
    assert language_odds("10.0.3.7 + 1,234.50") == {}


def document(text: str) -> ParsedDocument:
    return ParsedDocument("text/plain", "", (ParsedPage(1, text),), ())


def test_language_of_a_document() -> None:
    assert detect_language(document("Jeder Mitarbeiter hat dreißig Tage bezahlten Urlaub im Jahr.")) == "de"


def test_document_of_a_few_letters_has_none() -> None:
    assert detect_language(document("12 34 56 Urlaub")) is None
