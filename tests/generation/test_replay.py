"""A stored answer comes out the same again, and what differs is told with its explanation."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from evals.knowledge_base import KnowledgeBase
from generation.answer import Answerer
from generation.chat import Parameters
from generation.extractive import Extractive
from generation.models import load_llm, read_access
from generation.options import AnswerOptions
from generation.replay import replay
from generation.tables import Answer, Claim
from ingest.documents import set_readers
from ingest.embed import Embedder
from ingest.errors import NotFound
from retrieval.filters import SearchFilters
from tests.generation.model_servers import Script, model_server

ANN = "user:ann@example.org"
EVERYONE = frozenset({ANN, "everyone"})
QUESTION = "How many weeks of parental leave are paid?"
WRITTEN = "Parental leave of 20 weeks is paid [1]. It is 30 weeks [1]. I am sure. Ask http://evil.example/x [1]"
HR = AnswerOptions(SearchFilters(collections=("hr",)))
Answering = Callable[..., Answerer]


@pytest.fixture(scope="module")
def document_id(knowledge_base: KnowledgeBase) -> str:
    text = b"# Leave\n\nNew parents receive 20 weeks of paid parental leave. Tell your manager two months before.\n"
    document_id = knowledge_base.add(text, "leave.md", collection="hr")
    knowledge_base.add(text.replace(b"20", b"26"), "leave-2026.md", collection="hr")
    knowledge_base.work()
    return document_id


@pytest.fixture
def answering(knowledge_base: KnowledgeBase, embedder: Embedder, document_id: str) -> Iterator[Answering]:
    with ExitStack() as servers:

        def made(script: Script | None = None) -> Answerer:
            llm = Extractive()
            if script is not None:
                server = servers.enter_context(model_server(lambda _: script))
                access = read_access(f"{server.url}/v1", "")
                llm = load_llm("openai:gpt-4o-mini", access=access, parameters=Parameters(timeout_seconds=10))
            return Answerer(knowledge_base.database, knowledge_base.searcher, embedder, llm)

        yield made


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(None, id="extractive"),
        pytest.param(Script((WRITTEN,)), id="model"),
        pytest.param(Script((WRITTEN,), cut=True), id="cut"),
        pytest.param(Script((WRITTEN, "More"), reset_after=1), id="broken_off"),
        pytest.param(Script(("NO ANSWER",)), id="no_answer"),
        pytest.param(Script(status=401), id="refused"),
    ],
)
def test_answer_comes_out_the_same(script: Script | None, answering: Answering, knowledge_base: KnowledgeBase) -> None:
    answerer = answering(script)
    answer = answerer.answer_whole(QUESTION, EVERYONE, asked_by=ANN, options=HR)
    result = replay(answerer, knowledge_base.database, answer.id, EVERYONE)
    assert (result.search, result.answer, result.changes, result.rights_changed) == ((), (), 0, False)
    assert result.same


def test_verdict_that_was_tampered_with_is_found(answering: Answering, knowledge_base: KnowledgeBase) -> None:
    answerer = answering(Script((WRITTEN,)))
    answer = answerer.answer_whole(QUESTION, EVERYONE, asked_by=ANN, options=HR)
    with knowledge_base.database.write() as session:
        session.get_one(Claim, (answer.id, 1)).verdict = "supported"
    result = replay(answerer, knowledge_base.database, answer.id, EVERYONE)
    assert [difference.what for difference in result.answer] == ["verdict of claim 2"]
    assert not result.same


def test_change_of_documents_explains_what_is_found_otherwise(
    answering: Answering, knowledge_base: KnowledgeBase
) -> None:
    answerer = answering()
    answer = answerer.answer_whole(QUESTION, EVERYONE, asked_by=ANN, options=HR)
    knowledge_base.add(b"# Parental leave\n\nParental leave is paid for weeks.\n", "more.md", collection="hr")
    knowledge_base.work()
    result = replay(answerer, knowledge_base.database, answer.id, EVERYONE)
    assert result.search
    assert result.changes > 0
    assert result.same


def test_replay_shows_nothing_that_may_not_be_read_now(
    answering: Answering, knowledge_base: KnowledgeBase, document_id: str
) -> None:
    answerer = answering()
    answer = answerer.answer_whole(QUESTION, EVERYONE, asked_by=ANN, options=HR)
    with knowledge_base.database.write() as session:
        set_readers(session, document_id, {"group:finance"})
    result = replay(answerer, knowledge_base.database, answer.id, EVERYONE)
    with knowledge_base.database.write() as session:
        set_readers(session, document_id, {"everyone"})
    assert "20 weeks" not in str(result)


def test_unknown_answer_cannot_be_replayed(answering: Answering, knowledge_base: KnowledgeBase) -> None:
    with pytest.raises(NotFound):
        replay(answering(), knowledge_base.database, "0" * 32, EVERYONE)


def test_what_the_model_wrote_is_kept(answering: Answering, knowledge_base: KnowledgeBase) -> None:
    answer = answering(Script((WRITTEN,))).answer_whole(QUESTION, EVERYONE, asked_by=ANN, options=HR)
    with knowledge_base.database.read() as session:
        assert session.get_one(Answer, answer.id).raw_output == WRITTEN
    assert "evil.example" not in answer.text
