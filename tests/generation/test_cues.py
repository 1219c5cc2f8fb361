"""A question's words tell what kind of answer it wants, and a sentence's words whether it is one."""

import pytest

from generation.cues import looks_like_answer, names_and_numbers, question_kind


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who approves travel?", "person"),
        ("When is the report due?", "time"),
        ("In what year was the company founded?", "time"),
        ("Where do I park?", "place"),
        ("How many days of leave do I get?", "number"),
        ("How much does parking cost?", "number"),
        ("Why do we rotate on-call duty?", "reason"),
        ("How do I submit an expense report?", "manner"),
        ("What is a deductible?", "definition"),
        ("What are the steps to open a ticket?", "list"),
        ("Can I work from abroad?", "yes_no"),
        ("Tell me about parking", "other"),
    ],
)
def test_question_words_tell_the_kind(question: str, kind: str) -> None:
    assert question_kind(question) == kind


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [
        pytest.param("Who leads finance?", "The team is led by Maria Lopez.", "It was raining.", id="person"),
        pytest.param("When was it built?", "It was built in 1912.", "It was built by hand.", id="time"),
        pytest.param("How many days do I get?", "You get 25 days.", "You get days off.", id="number"),
        pytest.param("Why is it closed?", "It is closed because of repairs.", "It is closed.", id="reason"),
    ],
)
def test_sentence_with_what_was_asked_for_looks_like_an_answer(question: str, answer: str, other: str) -> None:
    kind = question_kind(question)
    assert looks_like_answer(kind, question, answer) > looks_like_answer(kind, question, other)


def test_number_that_the_question_gives_is_no_answer() -> None:
    assert looks_like_answer("number", "How many of the 40 people?", "The 40 people were invited.") < 1


def test_names_and_numbers_are_found() -> None:
    assert names_and_numbers("the rent paid by Acme Corp in 2019 was 1,200") >= {"acme", "2019", "1,200"}
