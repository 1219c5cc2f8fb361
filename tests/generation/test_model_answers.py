"""Answers that a language model wrote: stored with what made them, flagged or strict, gated like every other."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import delete, select

from evals.knowledge_base import KnowledgeBase
from generation.answer import Answerer
from generation.chat import Parameters
from generation.events import AnswerEvent, ClaimEvent, Usage
from generation.models import load_llm, read_access
from generation.options import AnswerOptions, Policy
from generation.prices import load_prices
from generation.prompt import load_prompt
from generation.record import load_answer
from generation.tables import Answer
from ingest.embed import Embedder
from ingest.pipeline import version_text
from ingest.tables import AclEntry
from retrieval.filters import SearchFilters
from tests.generation.model_servers import Script, in_turn, model_server, say

ANN = "user:ann@example.org"
EVERYONE = frozenset({ANN, "everyone"})
QUESTION = "How many weeks of parental leave are paid?"
LEAVE = b"# Leave\n\nNew parents receive 20 weeks of paid\nparental leave. Tell your manager two months before.\n"
TRUE = "Parental leave of 20 weeks is paid for new parents."
FALSE = "New parents receive 30 weeks of paid parental leave."
Answering = Callable[..., Answerer]


@pytest.fixture(scope="module", autouse=True)
def documents(knowledge_base: KnowledgeBase) -> None:
    knowledge_base.add(LEAVE, "leave.md", collection="hr")
    knowledge_base.work()


@pytest.fixture
def answering(knowledge_base: KnowledgeBase, embedder: Embedder) -> Iterator[Answering]:
    """An answerer whose model says what a script has it say."""
    with ExitStack() as servers:

        def made(answer: Callable[[str], Script], policy: Policy = "flag") -> Answerer:
            server = servers.enter_context(model_server(answer))
            llm = load_llm(
                "openai:gpt-4o-mini",
                access=read_access(f"{server.url}/v1", ""),
                parameters=Parameters(temperature=0.2, max_tokens=300, timeout_seconds=10),
                prices=load_prices(),
            )
            return Answerer(knowledge_base.database, knowledge_base.searcher, embedder, llm, policy=policy)

        yield made


def test_claim_in_other_words_has_an_exact_quote(answering: Answering, knowledge_base: KnowledgeBase) -> None:
    answer = answering(say(f"{TRUE} [1]")).answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    (claim,) = answer.claims
    (citation,) = claim.citations
    with knowledge_base.database.read() as session:
        text = version_text(session, citation.version_id)
    assert (claim.verdict, claim.text, answer.text) == ("supported", TRUE, TRUE)
    assert text[citation.start : citation.end] == citation.quote
    assert " ".join(citation.quote.split()) == "New parents receive 20 weeks of paid parental leave."


def test_answer_keeps_model_prompt_parameters_and_cost(answering: Answering, knowledge_base: KnowledgeBase) -> None:
    answer = answering(say(f"{TRUE} [1]")).answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    with knowledge_base.database.read() as session:
        row = session.scalars(select(Answer).where(Answer.id == answer.id)).one()
        assert load_answer(session, answer.id, ANN, EVERYONE) == answer
    assert (answer.model, answer.usage) == ("openai:gpt-4o-mini", Usage(1000, 100, 0.00021))
    assert (row.prompt, row.prompt_sha256) == ("answer-1", load_prompt("answer-1").sha256)
    assert row.parameters == {"temperature": 0.2, "max_tokens": 300}


def test_flag_shows_what_is_not_supported_as_such(answering: Answering) -> None:
    answer = answering(say(f"{TRUE} [1] {FALSE} [1] I am sure.")).answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert [claim.verdict for claim in answer.claims] == ["supported", "unsupported", "uncited"]
    assert answer.text == f"{TRUE} {FALSE} I am sure."
    assert [answer.text[claim.start : claim.end] for claim in answer.claims] == [TRUE, FALSE, "I am sure."]


def test_strict_removes_what_is_not_supported_and_says_so(answering: Answering) -> None:
    answerer = answering(say(f"{TRUE} [1] {FALSE} [1]"), "strict")
    answer = answerer.answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert answer.text == TRUE
    assert answer.degraded == ("unsupported_sentences_removed",)


def test_strict_answer_without_a_supported_sentence_is_none(answering: Answering) -> None:
    answer = answering(say(f"{FALSE} [1]"), "strict").answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert answer.abstained
    assert "30 weeks" not in answer.text


def test_model_that_finds_no_answer_abstains(answering: Answering) -> None:
    answer = answering(say("NO ANSWER")).answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert answer.abstained
    assert answer.model == "openai:gpt-4o-mini"


def test_refused_key_gives_verbatim_sentences_and_a_line_in_the_log(
    answering: Answering, caplog: pytest.LogCaptureFixture
) -> None:
    answer = answering(say(status=401)).answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert "correct FOOTNOTE_MODEL_KEY" in caplog.text
    assert "sk-secret" not in caplog.text
    assert (answer.model, answer.degraded) == ("extractive", ("model_failed",))
    assert "20 weeks" in answer.text


def test_nothing_more_is_shown_once_a_passage_may_not_be_read(
    answering: Answering, knowledge_base: KnowledgeBase
) -> None:
    knowledge_base.add(LEAVE, "other.md", collection="gone")
    knowledge_base.work()
    answerer = answering(say(f"{TRUE} [1] ", "Tell your manager two months before. ", "So it is. ", pause_seconds=0.2))
    events = answerer.answer(QUESTION, EVERYONE, asked_by=ANN, options=AnswerOptions(SearchFilters(("gone",))))
    first = next(event for event in events if isinstance(event, ClaimEvent))
    with knowledge_base.database.write() as session:
        session.execute(delete(AclEntry).where(AclEntry.document_id == first.claim.citations[0].document_id))
    rest = list(events)
    assert not any(isinstance(event, ClaimEvent) for event in rest)
    assert isinstance(rest[-1], AnswerEvent)
    assert rest[-1].answer.degraded == ("documents_withdrawn",)


def test_repair_asks_once_more_with_what_was_wrong(answering: Answering) -> None:
    requests: list[str] = []

    def answer(request: str) -> Script:
        requests.append(request)
        return Script((f"{FALSE if len(requests) == 1 else TRUE} [1]",))

    repaired = answering(answer, "repair").answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert repaired.text == TRUE
    assert [claim.verdict for claim in repaired.claims] == ["supported"]
    assert repaired.degraded == ("answer_repaired",)
    assert "no cited passage has the number 30" in requests[1]
    assert repaired.usage.prompt_tokens == 2000


def test_repair_that_is_no_better_leaves_the_first_answer(answering: Answering, knowledge_base: KnowledgeBase) -> None:
    scripts = in_turn(Script((f"{FALSE} [1]",)), Script((f"{FALSE} [1] I am sure.",)))
    answer = answering(scripts, "repair").answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert [claim.verdict for claim in answer.claims] == ["unsupported"]
    assert answer.degraded == ()
    with knowledge_base.database.read() as session:
        assert session.get_one(Answer, answer.id).raw_output == f"{FALSE} [1]"


def test_answer_that_passes_is_not_repaired(answering: Answering) -> None:
    answer = answering(in_turn(Script((f"{TRUE} [1]",))), "repair").answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert (answer.text, answer.degraded) == (TRUE, ())


def test_repair_that_fails_leaves_the_first_answer(answering: Answering) -> None:
    scripts = in_turn(Script((f"{FALSE} [1]",)), Script(status=401))
    answer = answering(scripts, "repair").answer_whole(QUESTION, EVERYONE, asked_by=ANN)
    assert [claim.verdict for claim in answer.claims] == ["unsupported"]
    assert answer.degraded == ("model_failed",)
