"""The same question under the same rights is answered from memory, and never beyond them."""

from collections.abc import Iterator

import pytest

from evals.knowledge_base import KnowledgeBase
from generation.answer import Answerer
from generation.chat import Parameters
from generation.models import load_llm, read_access
from generation.options import AnswerOptions
from generation.record import load_answer
from ingest.documents import set_readers
from ingest.embed import Embedder
from tests.generation.model_servers import ModelServer, model_server, say

ANN, BOB = "user:ann@example.org", "user:bob@example.org"
QUESTION = "How many weeks of parental leave are paid?"


@pytest.fixture(scope="module")
def document_id(knowledge_base: KnowledgeBase) -> str:
    document_id = knowledge_base.add(b"# Leave\n\nNew parents receive 20 weeks of paid leave.\n", "leave.md")
    knowledge_base.work()
    return document_id


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(say("New parents receive 20 weeks of paid leave [1].")) as server:
        yield server


@pytest.fixture
def answerer(knowledge_base: KnowledgeBase, embedder: Embedder, server: ModelServer, document_id: str) -> Answerer:
    access = read_access(f"{server.url}/v1", "")
    llm = load_llm("openai:gpt-4o-mini", access=access, parameters=Parameters(timeout_seconds=10))
    return Answerer(knowledge_base.database, knowledge_base.searcher, embedder, llm)


def rights(person: str, *groups: str) -> frozenset[str]:
    return frozenset({person, "everyone", *groups})


def test_second_time_the_model_is_not_asked(
    answerer: Answerer, server: ModelServer, knowledge_base: KnowledgeBase
) -> None:
    first = answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN)
    second = answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN)
    assert len(server.requests) == 1
    assert (second.text, second.claims, second.usage.prompt_tokens) == (first.text, first.claims, 0)
    assert second.id != first.id
    with knowledge_base.database.read() as session:
        assert load_answer(session, second.id, ANN, rights(ANN)).claims == first.claims


def test_another_person_with_equal_rights_is_answered_from_memory(answerer: Answerer, server: ModelServer) -> None:
    answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN)
    answerer.answer_whole(QUESTION, rights(BOB, "group:nobody-named-it"), asked_by=BOB)
    assert len(server.requests) == 1


def test_fresh_answer_is_written_anew(answerer: Answerer, server: ModelServer) -> None:
    answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN)
    answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN, options=AnswerOptions(fresh=True))
    assert len(server.requests) == 2


def test_change_of_readers_forgets_the_answer(
    answerer: Answerer, server: ModelServer, knowledge_base: KnowledgeBase, document_id: str
) -> None:
    answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN)
    with knowledge_base.database.write() as session:
        set_readers(session, document_id, {"group:finance"})
    refused = answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN)
    with knowledge_base.database.write() as session:
        set_readers(session, document_id, {"everyone"})
    assert refused.abstained
    assert "20 weeks" not in str(refused.to_json())


def test_other_rights_are_not_answered_from_memory(
    answerer: Answerer, server: ModelServer, knowledge_base: KnowledgeBase
) -> None:
    knowledge_base.add(b"# Board\n\nDirectors receive 52 weeks of paid leave.\n", "board.md", readers={"group:board"})
    knowledge_base.work()
    answerer.answer_whole(QUESTION, rights(ANN, "group:board"), asked_by=ANN)
    answer = answerer.answer_whole(QUESTION, rights(BOB), asked_by=BOB)
    assert len(server.requests) == 2
    assert "board.md" not in str(answer.to_json())


def test_failed_answer_is_not_remembered(knowledge_base: KnowledgeBase, embedder: Embedder, document_id: str) -> None:
    with model_server(say(status=401)) as server:
        access = read_access(f"{server.url}/v1", "")
        llm = load_llm("openai:gpt-4o-mini", access=access, parameters=Parameters(timeout_seconds=10))
        answerer = Answerer(knowledge_base.database, knowledge_base.searcher, embedder, llm)
        answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN)
        answerer.answer_whole(QUESTION, rights(ANN), asked_by=ANN)
        assert len(server.requests) == 2
