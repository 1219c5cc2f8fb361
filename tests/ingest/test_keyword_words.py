"""Words of the keyword index: what a person types and what a document holds come down to the same."""

import pytest

from ingest.keyword_words import (
    joined_words,
    number_readings,
    plain_words,
    search_words,
    stems,
    telling_words,
)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        pytest.param("en", "policies", "policy", id="english"),
        pytest.param("de", "Urlaubsanträge", "Urlaubsantrag", id="german"),
        pytest.param("de", "Straße", "Strassen", id="german_sharp_s"),
        pytest.param("de", "Urlaubsantraege", "Urlaubsantrag", id="german_without_umlauts"),
        pytest.param("es", "vacaciones", "vacación", id="spanish"),
        pytest.param("fr", "congés", "conge", id="french"),
        pytest.param("ru", "сотрудников", "сотрудник", id="russian"),
        pytest.param("ru", "счёт", "счет", id="russian_yo"),
        pytest.param("el", "άδεια", "ΑΔΕΙΑ", id="greek"),
        pytest.param("he", "שָׁלוֹם", "שלום", id="hebrew_points"),
        pytest.param("ja", "files", "file", id="latin_among_japanese"),
        pytest.param(None, "policies", "policy", id="unknown"),
    ],
)
def test_endings_and_accents_make_no_difference(language: str | None, one: str, other: str) -> None:
    assert stems(search_words(one), language) == stems(search_words(other), language)


@pytest.mark.parametrize("language", ["de", "es", "pl", "zh"])
def test_every_word_has_one_stem(language: str) -> None:
    assert len(stems(search_words("Dies 12 sind ERR-4 Wörter"), language)) == 6


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        pytest.param("年假天数", ["年假", "假天", "天数"], id="chinese"),
        pytest.param("有給休暇 ABC", ["有給", "給休", "休暇", "abc"], id="japanese_and_latin"),
        pytest.param("연차 휴가는", ["연차", "휴가", "가는"], id="korean"),
        pytest.param("ลาป่วย", ["ลา", "าป", "ป่", "่ว", "วย"], id="thai_with_marks"),
        pytest.param("税", ["税"], id="one_character"),
    ],
)
def test_scripts_without_spaces_are_cut_into_pairs(text: str, pairs: list[str]) -> None:
    assert search_words(text) == pairs


def test_words_with_marks_stay_whole() -> None:
    assert search_words("कर्मचारियों को छुट्टी") == ["कर्मचारियों", "को", "छुट्टी"]


@pytest.mark.parametrize("text", ["für", "fu\u0308r", "FÜR", "ｆｕｒ"])
def test_ways_to_write_letters_are_the_same(text: str) -> None:
    assert plain_words(text) == ["fur"]


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        pytest.param("1,234.50", [("1234.5",)], id="english"),
        pytest.param("1234.5", [("1234.5",)], id="without_groups"),
        pytest.param("1.234,50 €", [("1234.5",)], id="german"),
        pytest.param("1 234 567,5", [("1234567.5",)], id="french"),
        pytest.param("1\u202f234", [("1234",)], id="narrow_space"),
        pytest.param("1'234'567", [("1234567",)], id="swiss"),
        pytest.param("1.234", [("1234", "1.234")], id="either"),
        pytest.param("12.0", [("12",)], id="no_fraction"),
        pytest.param("costs 3.14, or 2,5.", [("3.14",), ("2.5",)], id="in_a_sentence"),
        pytest.param("10.0.3.7", [], id="address"),
        pytest.param("v2.3.1 of 2024", [], id="version"),
    ],
)
def test_numbers_are_read(text: str, readings: list[tuple[str, ...]]) -> None:
    assert number_readings(text) == readings


def test_words_without_a_subject_are_left_out_by_language() -> None:
    assert telling_words("Wie viele Tage habe ich im Jahr?", "de") == ["tage", "jahr"]
    assert telling_words("How many days do I have in a year?", "en") == ["many", "days", "year"]


def test_only_such_words_are_kept() -> None:
    assert telling_words("to be or not to be", "en") == ["to", "be", "or", "not", "to", "be"]


def test_what_is_written_in_one_go_is_kept_together() -> None:
    assert joined_words("ERR-4032-Bの意味 10.0.3.7, POL_17/2 税") == [
        ("税",), ("err", "4032", "b"), ("10", "0", "3", "7"), ("pol", "17", "2"),
    ]  # fmt: skip
