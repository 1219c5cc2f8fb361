"""The next model is asked only when the cheaper one does not answer well enough."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from generation.cascade import Cascade
from generation.chat import Parameters
from generation.errors import ModelFailed
from generation.events import Usage
from generation.llm import LLM
from generation.models import load_llm, read_access
from generation.pieces import CallPiece, Piece, UsagePiece
from tests.generation.assignments import assign, notes, sentences, write
from tests.generation.model_servers import ModelServer, Script, model_server, say

Starting = Callable[[Callable[[str], Script]], tuple[LLM, ModelServer]]
GOOD = "New parents receive 20 weeks of paid parental leave. [1]"


@pytest.fixture
def start() -> Iterator[Starting]:
    with ExitStack() as servers:

        def started(answer: Callable[[str], Script]) -> tuple[LLM, ModelServer]:
            server = servers.enter_context(model_server(answer))
            access = read_access(f"{server.url}/v1", "")
            return load_llm("openai:tiny", access=access, parameters=Parameters(timeout_seconds=5)), server

        yield started


def asked(pieces: list[Piece]) -> str:
    """The model that wrote: the last whose call was told."""
    return [piece.model_id for piece in pieces if isinstance(piece, CallPiece)][-1]


def test_good_answer_of_the_cheap_model_stands(start: Starting) -> None:
    (cheap, _), (dear, dear_server) = start(say(GOOD)), start(say("Dear. [1]"))
    pieces = write(Cascade([cheap, dear], 5))
    assert [piece.text for piece in sentences(pieces)] == ["New parents receive 20 weeks of paid parental leave."]
    assert dear_server.requests == []


@pytest.mark.parametrize(
    "poor",
    [
        pytest.param("NO ANSWER", id="no_answer"),
        pytest.param("New parents receive 30 weeks of paid parental leave. [1]", id="wrong_number"),
        pytest.param("New parents receive 20 weeks of paid parental leave.", id="uncited"),
    ],
)
def test_poor_answer_is_not_shown_and_the_next_is_asked(start: Starting, poor: str) -> None:
    (cheap, _), (dear, _) = start(say(poor)), start(say(GOOD))
    pieces = write(Cascade([cheap, dear], 5))
    assert [piece.text for piece in sentences(pieces)] == ["New parents receive 20 weeks of paid parental leave."]
    assert [piece.usage for piece in pieces if isinstance(piece, UsagePiece)] == [Usage(1000, 100), Usage(1000, 100)]


def test_failed_model_is_named_and_the_next_is_asked(start: Starting) -> None:
    (broken, _), (dear, _) = start(say(status=401)), start(say(GOOD))
    pieces = write(Cascade([broken, dear], 5))
    assert notes(pieces) == ["model_failed"]
    assert len(sentences(pieces)) == 1


def test_last_model_that_fails_fails_the_cascade(start: Starting) -> None:
    (cheap, _), (dear, _) = start(say("NO ANSWER")), start(say(status=401))
    with pytest.raises(ModelFailed, match="FOOTNOTE_MODEL_KEY"):
        write(Cascade([cheap, dear], 5))


def test_extractive_that_is_not_sure_gives_way() -> None:
    with model_server(say(GOOD)) as server:
        llm = load_llm("extractive > openai:tiny", access=read_access(f"{server.url}/v1", ""))
        pieces = list(llm.write(assign(confidence=0.2)))
    assert asked(pieces) == "openai:tiny"
    assert len(sentences(pieces)) == 1


def test_all_models_share_one_deadline(start: Starting) -> None:
    (slow, _), (dear, dear_server) = start(say("Slow", pause_seconds=3.0)), start(say(GOOD))
    with pytest.raises(ModelFailed, match="seconds"):
        write(Cascade([slow, dear], 0.6))
    assert dear_server.requests == []
