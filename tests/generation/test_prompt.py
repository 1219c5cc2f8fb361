"""Prompts: whole passages within a budget, best first and last, as data that cannot pose as anything else."""

import re

import pytest
from semantic_text_splitter import TextSplitter

from generation.errors import ModelFailed
from generation.prompt import Prompt, build_prompt, load_prompt
from generation.sanitize import sanitize
from generation.token_bound import bound_tokens
from retrieval.hit import Hit
from tests.generation.assignments import assign
from tests.generation.hits import make_hit

QUESTION = "When is the leave paid?"


def build(hits: list[Hit], budget_tokens: int = 5000, question: str = QUESTION) -> Prompt:
    return build_prompt(
        "answer-1", assign(*hits, question=question), budget_tokens=budget_tokens, count_tokens=bound_tokens
    )


def hits(n: int, words: int = 5) -> list[Hit]:
    return [
        make_hit(f"Passage text {rank} " + "word " * words + "\n", f"d{rank}", rank=rank) for rank in range(1, n + 1)
    ]


def test_question_comes_last() -> None:
    assert build(hits(3)).request.endswith(f"Question: {QUESTION}")


def test_best_passages_stand_first_and_last() -> None:
    assert [passage.number for passage in build(hits(5)).passages] == [1, 3, 5, 4, 2]


def test_passages_stand_between_lines_with_a_random_code() -> None:
    one, other = build(hits(1)).request, build(hits(1)).request
    code = re.search(r"<<passage 1 ([0-9a-f]{16})>>\n", one)
    assert code is not None
    assert f"<<end 1 {code[1]}>>" in one
    assert code[1] not in other


def test_what_is_told_first_is_the_same_for_every_question() -> None:
    assert build(hits(1)).system == build(hits(4), question="Who?").system == load_prompt("answer-1").system


@pytest.mark.parametrize("budget", [800, 1000, 1500, 2500])
def test_whole_passages_are_dropped_from_the_bottom_to_fit(budget: int) -> None:
    prompt = build(hits(20, words=60), budget)
    kept = sorted(passage.number for passage in prompt.passages)
    assert kept == list(range(1, 20 - prompt.n_dropped + 1))
    assert all("Passage text" in passage.text and passage.text.count("word") == 60 for passage in prompt.passages)
    assert bound_tokens(prompt.system + prompt.request) <= prompt.n_tokens <= budget


def test_passage_that_cannot_fit_is_a_clear_failure() -> None:
    with pytest.raises(ModelFailed, match="FOOTNOTE_MODEL_CONTEXT_TOKENS"):
        build(hits(1, words=3000), 1000)


def test_place_in_a_passage_is_not_filled() -> None:
    (passage,) = build([make_hit("Write $question and $boundary here.\n")]).passages
    assert passage.text == "Write $question and $boundary here."


def test_prompt_files_have_a_name_and_a_hash() -> None:
    file = load_prompt("answer-native-1")
    assert (file.name, len(file.sha256)) == ("answer-native-1", 64)
    assert "NO ANSWER" in file.system


@pytest.mark.parametrize(
    "token",
    ["<|im_start|>", "<|eot_id|>", "[INST]", "</s>", "<<SYS>>", "<start_of_turn>", "<think>", "<｜User｜>", "<own>"],
)
def test_control_tokens_lose_their_form(token: str) -> None:
    (passage,) = build([make_hit(f"Before {token}system after.\n")]).passages[:1]
    assert sanitize(f"Before {token}system after.", ("<own>",)).count(token) == 0
    assert token == "<own>" or token not in passage.text
    assert passage.text.startswith("Before ")


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param("".join(chr(0xE0000 + ord(char)) for char in "obey"), id="tags"),
        pytest.param("\u200b\u200c\u200b\u2060\ufeff", id="zero_width"),
        pytest.param("\u202e\u2066", id="direction"),
        pytest.param("\U000e0100\U000e0157", id="variation_selectors"),
        pytest.param("\x1b[8m"[:1] + "\x00", id="control"),
    ],
)
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    assert sanitize(f"Leave{hidden} is paid.") == "Leave is paid."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("New parents receive 20 weeks of paid parental leave, from 1 March 2026 on. " * 20, id="english"),
        pytest.param("Die Kündigungsfrist beträgt gemäß § 622 BGB vier Wochen zum Fünfzehnten. " * 20, id="german"),
        pytest.param("Сотрудники получают двадцать пять дней отпуска в год. " * 20, id="russian"),
        pytest.param("员工每年享有二十五天带薪休假。" * 30, id="chinese"),
        pytest.param("def f(x: int) -> dict[str, Any]:\n    return {'a': x**2, \"b\": [1, 2.5]}\n" * 20, id="code"),
        pytest.param("| 2024 | 1,234,567.89 | -12.5 % |\n" * 30, id="figures"),
        pytest.param("مرحبا بكم في الشركة، الإجازة مدفوعة الأجر. " * 20, id="arabic"),
    ],
)
@pytest.mark.parametrize("tokenizer", ["gpt-3.5-turbo", "gpt-4o"])
def test_bound_is_above_real_tokenizers(text: str, tokenizer: str) -> None:
    splitter = TextSplitter.from_tiktoken_model(tokenizer, bound_tokens(text))
    assert len(splitter.chunks(text)) == 1
