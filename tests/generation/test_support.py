"""The support check: true sentences stand, planted errors are caught, quotes are exact."""

import pytest

from generation.facts import compare, read_facts, remove_addresses
from generation.support import CACHED_PASSAGES, SupportCheck
from retrieval.hit import Hit
from tests.generation.assignments import LEAVE, TRAVEL
from tests.generation.hits import make_hit

RULES = make_hit(
    "Employees may carry over up to 5 unused vacation days into the next calendar year. Requests must reach Human "
    "Resources by 15 November 2025. Contractors are not eligible for the pension plan. The Berlin office pays "
    "€1,250.50 a month for parking, and the Lisbon office pays nothing. Claims above $10,000 need the approval of "
    "Maria Fernandez. Machines must cool for 45 minutes before service. See https://hr.example.org/leave for forms.\n",
    "rules",
    "rules-1",
    title="Staff rules",
)


@pytest.fixture(scope="module")
def check() -> SupportCheck:
    return SupportCheck()


TRUE = [
    "Employees may carry over up to 5 unused vacation days into the next calendar year.",
    "Up to five unused vacation days can be carried over into the next year.",
    "Requests must reach Human Resources by 15 November 2025.",
    "Contractors are not eligible for the pension plan.",
    "The Berlin office pays €1,250.50 a month for parking.",
    "Claims above $10,000 need the approval of Maria Fernandez.",
    "Machines must cool for 45 minutes before service.",
]


@pytest.mark.parametrize("sentence", TRUE)
def test_true_sentence_is_supported(check: SupportCheck, sentence: str) -> None:
    support = check.check(sentence, [RULES])
    assert support.verdict == "supported"
    assert not support.differences.any


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("Employees may carry over up to 6 unused vacation days into the next calendar year.", id="number"),
        pytest.param("Employees may carry over up to fifty unused vacation days into the next year.", id="word"),
        pytest.param("Employees may carry over up to 5 unused vacation weeks into the next year.", id="unit"),
        pytest.param("The Berlin office pays €1,250.55 a month for parking.", id="cents"),
        pytest.param("The Berlin office pays $1,250.50 a month for parking.", id="currency"),
        pytest.param("Claims above $100,000 need the approval of Maria Fernandez.", id="zeros"),
        pytest.param("Machines must cool for 45 seconds before service.", id="seconds"),
        pytest.param("Requests must reach Human Resources by 15 November 2026.", id="year"),
        pytest.param("Requests must reach Human Resources by 25 November 2025.", id="day"),
        pytest.param("See https://evil.example/leave for forms.", id="address"),
    ],
)
def test_changed_number_unit_or_address_is_unsupported(check: SupportCheck, sentence: str) -> None:
    assert check.check(sentence, [RULES]).verdict == "unsupported"


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("Requests must reach Human Resources by 15 December 2025.", id="month"),
        pytest.param("Claims above $10,000 need the approval of Maria Gonzalez.", id="name"),
        pytest.param("The Madrid office pays €1,250.50 a month for parking.", id="place"),
        pytest.param("Contractors are eligible for the pension plan.", id="not_left_out"),
        pytest.param("Machines must cool for 15 minutes before service.", id="number_of_another_sentence"),
        pytest.param("Machines must not cool for 45 minutes before service.", id="not_added"),
        pytest.param("Managers may carry over up to 5 unused vacation days into the next year.", id="first_word"),
        pytest.param(
            "Contractors may carry over up to 5 unused vacation days into the next year.", id="subject_swapped"
        ),
    ],
)
def test_changed_name_month_or_negation_is_partly_at_most(check: SupportCheck, sentence: str) -> None:
    assert check.check(sentence, [RULES]).verdict in ("partly", "unsupported")


def test_number_said_twice_in_the_place_of_another_is_not_supported(check: SupportCheck) -> None:
    passage = make_hit("The coups of 1968 and 1969 failed, and so did the one of 1974.", "coups", "coups-1")
    assert (
        check.check("The coups of 1968 and 1969 failed, and so did the one of 1974.", [passage]).verdict == "supported"
    )
    assert check.check("The coups of 1974 and 1969 failed, and so did the one of 1974.", [passage]).verdict == "partly"


def test_person_in_the_place_of_another_is_not_supported(check: SupportCheck) -> None:
    passage = make_hit("Curie discovered polonium in Paris. Becquerel taught in Paris too.", "physics", "physics-1")
    assert check.check("Curie discovered polonium in Paris.", [passage]).verdict == "supported"
    assert check.check("Becquerel discovered polonium in Paris.", [passage]).verdict == "partly"


def test_sentence_comes_out_the_same_in_every_process(check: SupportCheck) -> None:
    assert SupportCheck().check(TRUE[1], [RULES, LEAVE]) == check.check(TRUE[1], [RULES, LEAVE])


def test_support_does_not_depend_on_what_was_checked_before(check: SupportCheck) -> None:
    fresh = SupportCheck()
    for number in range(CACHED_PASSAGES + 1):
        fresh.check("Rule number one is known.", [make_hit(f"Rule number {number} is known.", "rules", f"r-{number}")])
    assert fresh.check(TRUE[1], [RULES]) == check.check(TRUE[1], [RULES])


def test_sentence_of_something_else_is_unsupported(check: SupportCheck) -> None:
    assert check.check("Our cafeteria serves vegetarian dishes with herbs daily.", [RULES]).verdict == "unsupported"


def test_sentence_without_citation_is_uncited_even_when_it_is_true(check: SupportCheck) -> None:
    assert check.check(TRUE[0], []).verdict == "uncited"


def test_true_sentence_with_a_wrong_citation_is_not_supported(check: SupportCheck) -> None:
    assert check.check("A hotel night is paid up to 140 euros.", [LEAVE]).verdict == "unsupported"
    assert check.check("A hotel night is paid up to 140 euros.", [TRAVEL]).verdict == "supported"


def test_quote_is_the_stretch_that_supports_best(check: SupportCheck) -> None:
    (quote,) = check.check("Machines need 45 minutes to cool before service.", [RULES]).quotes
    assert RULES.text[quote.start : quote.end] == "Machines must cool for 45 minutes before service."


@pytest.mark.parametrize("start", [0, 1000])
def test_quote_counts_in_the_version(check: SupportCheck, start: int) -> None:
    hit = Hit(**{**vars(RULES), "start": start, "end": start + len(RULES.text)})
    (quote,) = check.check(TRUE[3], [hit]).quotes
    assert hit.text[quote.start - start : quote.end - start] == TRUE[3]


def test_each_cited_passage_gets_a_quote(check: SupportCheck) -> None:
    quotes = check.check("Leave is 20 weeks, and hotels are paid up to 140 euros.", [LEAVE, TRAVEL, LEAVE]).quotes
    assert [quote.hit.document_id for quote in quotes] == ["leave", "travel"]


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("Twenty-five days.", "25 days"),
        ("It costs 2 million dollars.", "It costs $2,000,000."),
        ("It is 50 percent.", "50% of it"),
        ("It starts on 3 March 2026.", "Start: 2026-03-03"),
        ("It takes 30 working days.", "30 days"),
        ("3. Tell your manager.", "Tell your manager."),
        ("Passage 2 says to tell your manager.", "Tell your manager."),
    ],
)
def test_same_number_in_another_form_is_the_same(claim: str, passage: str) -> None:
    assert compare(claim, passage, [passage]).numbers == frozenset()


def test_month_in_short_is_the_month() -> None:
    assert read_facts("by 15 Nov 2025").names == read_facts("by 15 November 2025").names == {"november"}


def test_addresses_are_taken_out_and_the_rest_stays() -> None:
    text = remove_addresses(
        "See https://evil.example/?q=1. Ask a@b.org.", frozenset({"https://evil.example/?q=1"}), "-"
    )
    assert text == "See -. Ask a@b.org."
