"""Questions asked of a temporary knowledge base through the product: what is answered, how surely and how soon."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import generation.tables  # noqa: F401  so that its tables are made
from evals.answer_sets import AnswerQuestion
from evals.benchmark_rows import BenchmarkRow
from evals.knowledge_base import EVERYONE, KnowledgeBase
from evals.labelled_sets import LabelledSet
from generation.answer import Answerer
from generation.events import AnswerEvent, AnswerView, HitsEvent, TextEvent
from generation.evidence import find_evidence
from generation.extractive import Extractive
from generation.options import AnswerOptions
from ingest.embed import Embedder
from retrieval.filters import SearchFilters

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Asked:
    """A question with its answer, how sure the product was, the peer's cosine, and the wait for the first words."""

    question: str
    answer: AnswerView
    confidence: float
    cosine: float
    first_words_ms: float


class Asker:
    """Asks questions of one knowledge base through the product."""

    def __init__(self, base: KnowledgeBase, embedder: Embedder) -> None:
        self.embedder = embedder
        self._answerer = Answerer(base.database, base.searcher, embedder, Extractive())

    def ask(self, question: str, collection: str) -> Asked:
        """Answer a question from a collection."""
        answer, searched, first_words = None, 0.0, 0.0
        options = AnswerOptions(SearchFilters((collection,)))
        for event in self._answerer.answer(question, EVERYONE, asked_by="user:bench@example.org", options=options):
            if isinstance(event, HitsEvent):
                searched = time.perf_counter()
            elif isinstance(event, TextEvent) and not first_words:
                first_words = 1000 * (time.perf_counter() - searched)
            elif isinstance(event, AnswerEvent):
                answer = event.answer
        assert answer is not None
        confidence = find_evidence(self.embedder, question, answer.hits).confidence
        cosine = max((hit.vector_score or 0.0 for hit in answer.hits), default=0.0)
        return Asked(question, answer, confidence, cosine, first_words)


def add_passages(base: KnowledgeBase, questions: Sequence[AnswerQuestion], collection: str) -> None:
    """Make the questions' passages searchable in a collection, a document a title."""
    texts: dict[str, list[str]] = {}
    for passage in dict.fromkeys(question.passage for question in questions):
        texts.setdefault(passage.title, [f"# {passage.title}"]).append(passage.text)
    for number, paragraphs in enumerate(texts.values()):
        base.add("\n\n".join(paragraphs).encode(), f"{collection}-{number}.md", collection=collection)
    base.work()


def add_files(base: KnowledgeBase, labelled: LabelledSet) -> None:
    """Make the files of a set searchable in a collection of its name."""
    for filename, content in labelled.files.items():
        base.add(content, filename, collection=labelled.name)
    base.work()


def figure(
    what: str, ours: float, peer: float | None, goal: float | None, peer_name: str = "", *, least: bool = True
) -> BenchmarkRow:
    """A row; the goal is the least that `ours` should be, or the most."""
    ratio = float(ours / peer) if peer else None
    met = None if goal is None else bool(ours >= goal if least else ours <= goal)
    return BenchmarkRow(what, float(ours), None if peer is None else float(peer), peer_name, ratio, goal, met)


def sample(things: Sequence[Thing], n: int) -> list[Thing]:
    """At most `n` of them, evenly spread."""
    return list(things[:: max(1, -(-len(things) // n))])
