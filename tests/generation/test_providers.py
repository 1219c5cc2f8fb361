"""The official SDKs against servers on this machine: streams, refusals, broken connections, deadlines, cancelling."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from generation.chat import Parameters
from generation.errors import ModelFailed
from generation.events import Usage
from generation.llm import LLM
from generation.models import load_llm, read_access
from generation.pieces import CallPiece, UsagePiece
from generation.prices import load_prices
from generation.prompt import load_prompt
from tests.generation.assignments import LEAVE, assign, notes, sentences, write
from tests.generation.model_servers import PATHS, ModelServer, Provider, Script, in_turn, model_server, say

KEY = "sk-secret"
ANSWER = ("New parents receive 20 we", "eks of paid parental leave [1", "]. Tell your manager two months before.[1]")
Starting = Callable[..., tuple[LLM, ModelServer]]


@pytest.fixture(params=["openai", "anthropic", "gemini"])
def provider(request: pytest.FixtureRequest) -> Provider:
    pytest.importorskip({"openai": "openai", "anthropic": "anthropic", "gemini": "google.genai"}[request.param])
    name: Provider = request.param
    return name


@pytest.fixture
def start(provider: Provider) -> Iterator[Starting]:
    """Start a server with a script, and load the model that talks to it."""
    with ExitStack() as servers:

        def started(answer: Callable[[str], Script], **changes: float) -> tuple[LLM, ModelServer]:
            server = servers.enter_context(model_server(answer))
            access = read_access(server.url + PATHS[provider], KEY)
            parameters = Parameters(**{"timeout_seconds": 20.0, **changes})  # type: ignore[arg-type]
            llm = load_llm(f"{provider}:tiny", access=access, parameters=parameters, prices=load_prices())
            return llm, server

        yield started


def test_streamed_text_becomes_cited_sentences(start: Starting) -> None:
    llm, _ = start(say(*ANSWER))
    first, second = sentences(write(llm))
    assert (first.text, first.support) == ("New parents receive 20 weeks of paid parental leave.", "supported")
    assert (second.text, second.lead) == ("Tell your manager two months before.", " ")
    (quote,) = first.quotes
    assert LEAVE.text[quote.start : quote.end] == "New parents receive 20 weeks of paid parental leave."


def test_call_and_usage_are_told(start: Starting, provider: Provider) -> None:
    llm, _ = start(say(*ANSWER), max_tokens=500)
    pieces = write(llm)
    file = load_prompt("answer-native-1" if provider == "anthropic" else "answer-1")
    assert pieces[0] == CallPiece(f"{provider}:tiny", file.name, file.sha256, {"max_tokens": 500})
    assert pieces[-1] == UsagePiece(Usage(1000, 100, 0.0))


def test_request_has_the_passages_the_parameters_and_the_key(start: Starting, provider: Provider) -> None:
    llm, server = start(say(*ANSWER), temperature=0.3, max_tokens=500)
    write(llm)
    asked = str(server.requests[0])
    assert "Tell your manager two months before the leave begins." in asked
    assert "How many weeks of parental leave are paid?" in asked
    assert "0.3" in asked
    assert "500" in asked
    assert KEY in str(server.headers[0])


def test_thoughts_are_not_shown(start: Starting) -> None:
    llm, _ = start(say("<think>Which pass", "age?</think>Leave is 20 weeks. [1]", thoughts=("Let me see.",)))
    assert [piece.text for piece in sentences(write(llm))] == ["Leave is 20 weeks."]


def test_words_for_no_answer_become_no_sentence(start: Starting) -> None:
    llm, _ = start(say("NO ", "ANSWER."))
    assert sentences(write(llm)) == []


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        pytest.param(400, "FOOTNOTE_MODEL", id="bad_request"),
        pytest.param(401, "correct FOOTNOTE_MODEL_KEY", id="wrong_key"),
        pytest.param(403, "set another FOOTNOTE_MODEL", id="forbidden"),
        pytest.param(404, "correct FOOTNOTE_MODEL, or FOOTNOTE_MODEL_URL", id="unknown_model"),
    ],
)
def test_refusal_says_what_to_do_and_is_not_tried_again(start: Starting, status: int, advice: str) -> None:
    llm, server = start(say(status=status))
    with pytest.raises(ModelFailed) as failed:
        write(llm)
    assert advice in str(failed.value)
    assert KEY not in str(failed.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_refusal_is_tried_once_more(start: Starting, status: int) -> None:
    llm, server = start(in_turn(Script(status=status), Script(ANSWER)))
    assert len(sentences(write(llm))) == 2
    assert len(server.requests) == 2


@pytest.mark.parametrize(("status", "word"), [(429, "takes no more requests"), (500, "failed to answer")])
def test_lasting_refusal_is_tried_no_third_time(start: Starting, status: int, word: str) -> None:
    llm, server = start(say(status=status))
    with pytest.raises(ModelFailed, match=word):
        write(llm)
    assert len(server.requests) == 2


def test_long_wait_that_a_server_wants_is_not_waited_for(start: Starting) -> None:
    llm, server = start(say(status=429, retry_after="3600"), timeout_seconds=3.0)
    began = time.monotonic()
    with pytest.raises(ModelFailed, match="429"):
        write(llm)
    assert (len(server.requests), time.monotonic() - began < 2) == (1, True)


@pytest.mark.parametrize("broken", [{"reset_after": 2}, {"ends_after": 2}], ids=["reset", "ended"])
def test_stream_that_breaks_gives_what_was_finished_and_fails(start: Starting, broken: dict[str, int]) -> None:
    llm, server = start(say("Leave is 20 weeks. [1] Tell your manager. ", "It is good that", " you ask.", **broken))
    written = []
    with pytest.raises(ModelFailed, match="broke"):
        written.extend(llm.write(assign()))
    assert len(server.requests) == 1


def test_finished_sentences_arrive_before_the_stream_breaks(start: Starting) -> None:
    llm, _ = start(say("Leave is 20 weeks. [1] Tell your manager first. ", "It", reset_after=1))
    pieces = llm.write(assign())
    assert isinstance(next(pieces), CallPiece)
    assert sentences([next(pieces)])[0].text == "Leave is 20 weeks."
    with pytest.raises(ModelFailed):
        list(pieces)


def test_silent_server_is_left_at_the_deadline(start: Starting) -> None:
    llm, _ = start(say("Leave", " is", pause_seconds=4.0), timeout_seconds=0.7)
    began = time.monotonic()
    with pytest.raises(ModelFailed, match=r"0\.7 seconds.*FOOTNOTE_MODEL_TIMEOUT_SECONDS"):
        write(llm)
    assert time.monotonic() - began < 1.7


def test_endless_drops_end_at_the_deadline(start: Starting) -> None:
    llm, server = start(say("so ", endless=True, pause_seconds=0.05), timeout_seconds=0.7)
    began = time.monotonic()
    with pytest.raises(ModelFailed, match="seconds"):
        write(llm)
    assert time.monotonic() - began < 1.7
    assert server.hung_up.wait(5)


def test_endless_output_is_cut(start: Starting) -> None:
    llm, server = start(say("Leave is 20 weeks for new parents. [1] ", endless=True), max_tokens=64)
    pieces = write(llm)
    assert notes(pieces) == ["answer_cut"]
    assert 1 < len(sentences(pieces)) < 30
    assert server.hung_up.wait(5)


def test_sentence_that_was_cut_is_not_shown(start: Starting) -> None:
    llm, _ = start(say("Leave is 20 weeks. [1] Tell your manager and", cut=True))
    pieces = write(llm)
    assert [piece.text for piece in sentences(pieces)] == ["Leave is 20 weeks."]
    assert notes(pieces) == ["answer_cut"]


def test_closing_stops_the_server(start: Starting) -> None:
    llm, server = start(say("Leave is 20 weeks for new parents. [1] ", endless=True, pause_seconds=0.02))
    pieces = llm.write(assign())
    next(pieces)
    next(pieces)
    pieces.close()
    assert server.hung_up.wait(5)


def test_server_that_is_not_there_is_named(provider: Provider) -> None:
    url = f"http://127.0.0.1:9{PATHS[provider]}"
    llm = load_llm(f"{provider}:tiny", access=read_access(url, KEY))
    with pytest.raises(ModelFailed, match=r"127\.0\.0\.1:9 cannot be reached.*FOOTNOTE_MODEL_URL"):
        write(llm)


def test_native_citations_become_ours() -> None:
    pytest.importorskip("anthropic")
    with model_server(say("A hotel night is paid up to 140 euros.", cited=(1, 1, 77))) as server:
        llm = load_llm("anthropic:tiny", access=read_access(server.url, KEY))
        (sentence,) = sentences(write(llm))
    assert [quote.hit.document_id for quote in sentence.quotes] == ["travel"]
    assert sentence.support == "supported"


def test_cost_is_counted_from_the_price_table() -> None:
    with model_server(say(*ANSWER)) as server:
        access = read_access(f"{server.url}/v1", "")
        llm = load_llm("openai:gpt-4o-mini-2024-07-18", access=access, prices=load_prices())
        usage = write(llm)[-1]
    assert usage == UsagePiece(Usage(1000, 100, 0.00021))
