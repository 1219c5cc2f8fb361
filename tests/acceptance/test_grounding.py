"""Every quote of an answer stands in its version, character for character, and answers come out the same again."""

import itertools
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from evals.knowledge_base import EVERYONE, KnowledgeBase, temporary_knowledge_base
from generation.answer import Answerer
from generation.chat import Ended, Parameters
from generation.deadline import Deadline
from generation.events import AnswerView, Usage
from generation.extractive import Extractive
from generation.llm import LLM
from generation.prompt import ANSWER_PROMPT, Prompt
from generation.replay import replay
from generation.support import SupportCheck
from generation.token_bound import bound_tokens
from generation.writer import Writer
from ingest.embed import Embedder
from ingest.pipeline import version_text
from ingest.tables import Document, Passage

HANDBOOK = Path(__file__).parents[2] / "api" / "handbook"
HANDBOOK_18F = Path(__file__).parents[3] / "shared" / "data" / "kb-18f-handbook" / "docs"
ASKER = "user:ann@example.org"


class Parrot:
    """A chat model that says the second sentence of each passage in a few words less, and one thing that none says."""

    model_id = "openai:parrot"
    prompt_name = ANSWER_PROMPT
    control_tokens: tuple[str, ...] = ()

    def count_tokens(self, text: str) -> int:
        """A bound."""
        return bound_tokens(text)

    def stream(self, prompt: Prompt, *_: Parameters | Deadline) -> Generator[str | Ended, None, None]:
        """A sentence a passage, with its number."""
        for passage in prompt.passages:
            sentences = re.split(r"(?<=[.!?])\s+", passage.text)
            yield f"{sentences[len(sentences) // 2].removesuffix('.')} [{passage.number}]. "
        yield "All of this costs 77,777 euros [1]."
        yield Ended(Usage())


@contextmanager
def filled(embedder: Embedder, folder: Path, pattern: str) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        base.add_folder(folder, pattern)
        base.work()
        yield base


def questions(base: KnowledgeBase, n: int) -> list[str]:
    """Questions about the headings and titles that there are, `n` of them, again and again in other words."""
    with base.database.read() as session:
        headings = set(session.scalars(select(Passage.heading))) | set(session.scalars(select(Document.title)))
    subjects = sorted({heading.split(" > ")[-1] for heading in headings if heading})
    forms = ("What about {}?", "How does {} work?", "Who decides on {}?", "When is {} needed?", "Why {}?", "{}")
    asked = (form.format(subject) for form in forms for subject in subjects)
    return list(itertools.islice(asked, n))


def answers(base: KnowledgeBase, embedder: Embedder, llm: LLM, n: int) -> Iterator[tuple[Answerer, AnswerView]]:
    answerer = Answerer(base.database, base.searcher, embedder, llm)
    for question in questions(base, n):
        yield answerer, answerer.answer_whole(question, EVERYONE, asked_by=ASKER)


def inexact_quotes(base: KnowledgeBase, answer: AnswerView) -> list[str]:
    with base.database.read() as session:
        return [
            citation.quote
            for claim in answer.claims
            for citation in claim.citations
            if version_text(session, citation.version_id)[citation.start : citation.end] != citation.quote
        ]


def check(base: KnowledgeBase, embedder: Embedder, llm: LLM, *, n: int, n_replayed: int) -> None:
    n_citations = 0
    for i, (answerer, answer) in enumerate(answers(base, embedder, llm, n)):
        n_citations += sum(len(claim.citations) for claim in answer.claims)
        assert inexact_quotes(base, answer) == []
        assert [answer.text[claim.start : claim.end] for claim in answer.claims] == [c.text for c in answer.claims]
        if i < n_replayed:
            result = replay(answerer, base.database, answer.id, EVERYONE)
            assert (result.search, result.answer) == ((), ()), answer.question
    assert n_citations > n / 4


@pytest.fixture(scope="module")
def handbook(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with filled(embedder, HANDBOOK, "*.md") as base:
        yield base


def models(embedder: Embedder) -> dict[str, LLM]:
    return {"extractive": Extractive(), "written": Writer(Parrot(), SupportCheck(), Parameters(), {})}


@pytest.mark.parametrize("model", ["extractive", "written"])
def test_quotes_are_exact_and_answers_come_out_the_same(
    handbook: KnowledgeBase, embedder: Embedder, model: str
) -> None:
    check(handbook, embedder, models(embedder)[model], n=20, n_replayed=10)


@pytest.mark.nightly
@pytest.mark.shared_data("kb-18f-handbook")
@pytest.mark.parametrize("model", ["extractive", "written"])
def test_quotes_are_exact_and_answers_come_out_the_same_at_size(embedder: Embedder, model: str) -> None:
    with filled(embedder, HANDBOOK_18F, "**/*.md") as base:
        check(base, embedder, models(embedder)[model], n=1000, n_replayed=100)
