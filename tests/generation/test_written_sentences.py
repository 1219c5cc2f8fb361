"""Streamed text: sentences as they finish, markers tied to the right sentence, thinking hidden."""

import pytest

from generation.thinking import ThinkingFilter
from generation.written_sentences import SentenceStream, WrittenSentence


def read(text: str, step: int = 1, n_passages: int = 3) -> list[WrittenSentence]:
    stream = SentenceStream(n_passages)
    fed = [sentence for i in range(0, len(text), step) for sentence in stream.feed(text[i : i + step])]
    return fed + stream.finish()


def cited(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.text, sentence.cited) for sentence in read(text)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("Leave is paid [1].", (1,), id="before_the_stop"),
        pytest.param("Leave is paid. [1]", (1,), id="after_the_stop"),
        pytest.param("Leave is paid.[1][3]", (1, 3), id="side_by_side"),
        pytest.param("Leave [2] is paid [1, 2].", (2, 1), id="inside_and_listed"),
        pytest.param("Leave is paid [1-3].", (1, 2, 3), id="range"),
        pytest.param("Leave is paid [passage 2].", (2,), id="named"),
        pytest.param("Leave is paid【3†source】.", (3,), id="brackets_of_a_server"),
        pytest.param("Leave is paid [1](https://evil.example/x).", (1,), id="linked"),
        pytest.param("Leave is paid [9].", (), id="no_such_passage"),
        pytest.param("Leave is paid [0].", (), id="zero"),
        pytest.param("Leave is paid [3-1].", (), id="backwards"),
        pytest.param("Leave is paid [1-999999999].", (), id="endless_range"),
        pytest.param("Leave is paid.", (), id="none"),
    ],
)
def test_markers_name_passages_and_are_not_shown(text: str, numbers: tuple[int, ...]) -> None:
    assert cited(text) == [("Leave is paid.", numbers)]


@pytest.mark.parametrize("marker", ["[", "[1", "[]", "[a]", "[1 2]", "[" + "9" * 400 + "]", "【1", "[[1"])
def test_malformed_marker_is_only_text(marker: str) -> None:
    ((text, numbers),) = cited(f"Leave is paid {marker}")
    assert text.startswith("Leave is paid")
    assert numbers == ()


def test_markers_belong_to_the_sentence_that_they_follow() -> None:
    assert cited("Ann leads finance. [1] Bob leads travel. [2]\nCid left [3].") == [
        ("Ann leads finance.", (1,)),
        ("Bob leads travel.", (2,)),
        ("Cid left.", (3,)),
    ]


def test_marker_after_a_stop_ends_the_sentence() -> None:
    assert cited("Leave is paid. [1] iPhones are not.") == [("Leave is paid.", (1,)), ("iPhones are not.", ())]


def test_marker_that_opens_a_line_belongs_to_that_line() -> None:
    assert cited("Ann leads finance. [1]\n[2] Bob leads travel.") == [
        ("Ann leads finance.", (1,)),
        ("Bob leads travel.", (2,)),
    ]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50, 1000])
def test_pieces_of_any_size_give_the_same(step: int) -> None:
    text = "Leave is 2.5 days [1]. Dr. Smith e.g. says so.[2][3] "
    text += "You need:\n- a form [1]\n- a **stamp** [2]\n\nThat is all."
    assert read(text, step) == [
        WrittenSentence(" ", "Leave is 2.5 days.", (1,)),
        WrittenSentence(" ", "Dr. Smith e.g. says so.", (2, 3)),
        WrittenSentence(" ", "You need:", ()),
        WrittenSentence("\n- ", "a form", (1,)),
        WrittenSentence("\n- ", "a stamp", (2,)),
        WrittenSentence("\n", "That is all.", ()),
    ]


def test_sentence_is_given_out_before_the_next_is_finished() -> None:
    stream = SentenceStream(1)
    assert stream.feed("Leave is paid. [1] Tell") == []
    assert [sentence.text for sentence in stream.feed(" your man")] == ["Leave is paid."]


def test_text_without_an_end_is_cut() -> None:
    stream = SentenceStream(1)
    assert sum(len(stream.feed("word ")) for _ in range(2000)) >= 4


@pytest.mark.parametrize("step", [1, 3, 100])
@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("<think>a < b</think>Paid.", "Paid."),
        ("Paid <b>twice</b> </thi", "Paid <b>twice</b> </thi"),
        ("A<thinking>x</thinking>B<think>never closed", "AB"),
    ],
)
def test_thinking_is_hidden(step: int, text: str, visible: str) -> None:
    hidden = ThinkingFilter()
    shown = "".join(hidden.feed(text[i : i + step]) for i in range(0, len(text), step))
    assert shown + hidden.finish() == visible


def test_thinking_that_the_prompt_opened_is_hidden() -> None:
    assert ThinkingFilter(inside=True).feed("Hm.</think>Paid.") == "Paid."


@pytest.mark.parametrize("step", [2, 50, 10_000])
def test_table_further_on_does_not_change_the_sentences_before_it(step: int) -> None:
    text = (
        "Never log a key [1]. Keys can end [3]. POST /chat | answers, for\nGET /models | lists one\nA | b | c [2]. End."
    )
    assert read(text, step) == read(text, 1)
    assert read(text, step)[0].cited == (1,)
