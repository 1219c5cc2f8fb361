"""Extractive answers and abstention on real questions: `python -m evals.benchmarks.extract`.

Containment: of the questions whose answer stands in one of the first five passages, the share whose answer holds it.
The peer is the same number of sentences with the highest cosine to the question. Abstention: of the questions that the
documents do not answer, the share that is answered all the same, when 90 % of the answerable ones are; the peer is a
threshold on the best passage's cosine. Far questions are SciFact claims asked of an employee handbook.
"""

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

import generation.tables  # noqa: F401  so that its tables are made
from evals.answer_sets import AnswerQuestion, read_clapnq, read_squad
from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import EVERYONE, KnowledgeBase, load_own_embedder, temporary_knowledge_base
from generation.answer import Answerer
from generation.events import AnswerEvent, AnswerView, HitsEvent, TextEvent
from generation.evidence import find_evidence
from generation.extractive import Extractive
from generation.options import AnswerOptions
from ingest.embed import Embedder
from ingest.sentences import split_sentences
from ingest.settings import IngestSettings
from retrieval.filters import SearchFilters

COVERAGE = 0.9
QUICK = 60
Thing = TypeVar("Thing")
SETS = ("squad", "clapnq", "contoso", "18f")


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


def main(given: list[str] | None = None) -> None:
    """Print the table, or with --json one object."""
    parser = benchmark_options(__doc__)
    parser.add_argument("--only", choices=SETS, help="one set instead of all")
    options = parser.parse_args(given)
    embedder = load_own_embedder(IngestSettings())
    with temporary_knowledge_base(embedder) as base:
        rows = list(measure(base, embedder, options.data, options.only, QUICK if options.quick else 600))
    print_benchmark("extract", rows, as_json=options.json)


def measure(base: KnowledgeBase, embedder: Embedder, data: Path, only: str | None, n: int) -> Iterator[BenchmarkRow]:
    """Measure each set with at most `n` questions of a kind."""
    asker = Asker(base, embedder)
    if only in (None, "squad"):
        yield from _labelled(base, asker, read_squad(next((data / "squad-v2-dev-half").glob("*.json"))), n)
    if only in (None, "clapnq"):
        yield from _labelled(base, asker, read_clapnq(data / "clapnq-dev"), n)
    if only in (None, "contoso"):
        yield from _contoso(base, asker, data / "contoso-hr-pdf", n)
    if only in (None, "18f"):
        yield from _handbook(base, asker, data, n)


def _labelled(base: KnowledgeBase, asker: Asker, questions: Sequence[AnswerQuestion], n: int) -> Iterator[BenchmarkRow]:
    """Containment and abstention on a set with answers and unanswerable questions."""
    name = questions[0].source
    texts: dict[str, list[str]] = {}
    for passage in dict.fromkeys(question.passage for question in questions):
        texts.setdefault(passage.title, [f"# {passage.title}"]).append(passage.text)
    for number, paragraphs in enumerate(texts.values()):
        base.add("\n\n".join(paragraphs).encode(), f"{name}-{number}.md", collection=name)
    base.work()
    answerable = _sample([question for question in questions if question.answerable], n)
    asked = [asker.ask(question.text, name) for question in answerable]
    in_reach = [(q, a) for q, a in zip(answerable, asked, strict=True) if _in_first_five(q, a)]
    ours = [_holds(a.answer.text, q) for q, a in in_reach]
    peers = [_holds(_nearest_sentences(asker.embedder, a), q) for q, a in in_reach]
    yield _row(f"{name}: answer in the first five passages", len(in_reach) / len(asked), None, None)
    yield _row(f"{name}: answer contained, of those", _mean(ours), _mean(peers), 0.75, "cosine sentences")
    yield _row(f"{name}: sentences in an answer", _mean([len(a.answer.claims) for _, a in in_reach]), None, None)
    yield _row(f"{name}: answerable questions answered", _mean([not a.answer.abstained for a in asked]), None, 0.9)
    yield _row(
        f"{name}: ms from hits to first words, median", float(np.median([a.first_words_ms for a in asked])), None, None
    )
    unanswerable = [asker.ask(q.text, name) for q in _sample([q for q in questions if not q.answerable], n)]
    yield _abstention(f"{name}: near unanswerable ones", asked, unanswerable, goal=None)


def _contoso(base: KnowledgeBase, asker: Asker, folder: Path, n: int) -> Iterator[BenchmarkRow]:
    """Questions about the HR files of a made-up company, with the pages that hold the answer."""
    for path in sorted((folder / "pdfs").glob("*.pdf")):
        base.add(path.read_bytes(), path.name, collection="contoso")
    base.work()
    entries = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()][:n]
    asked = [asker.ask(entry["question"], "contoso") for entry in entries]
    right = []
    for entry, one in zip(entries, asked, strict=True):
        pages = set(re.findall(r"\[([^\]#]+)#page=(\d+)\]", entry["truth"]))
        cited = {(c.filename, str(c.page)) for claim in one.answer.claims for c in claim.citations}
        right.append(bool(pages & cited))
    yield _row("contoso: a gold page is cited", _mean(right), 0.37, None, "published sample, LLM")
    yield _row("contoso: questions answered", _mean([not one.answer.abstained for one in asked]), None, 0.9)


def _handbook(base: KnowledgeBase, asker: Asker, data: Path, n: int) -> Iterator[BenchmarkRow]:
    """An employee handbook: its own questions are answered, claims from biology are not."""
    folder = data / "kb-18f-handbook"
    for line in (folder / "docs_question_headings_blanked.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        base.add(entry["text"].encode(), entry["_id"], collection="18f")
    base.work()
    faq = [json.loads(line) for line in (folder / "faq_from_headings.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = [
        asker.ask(entry["question"], "18f") for entry in _sample([e for e in faq if e.get("clear_alone", True)], n)
    ]
    claims = [json.loads(line)["text"] for line in (data / "scifact" / "queries.jsonl").read_text("utf-8").splitlines()]
    far = [asker.ask(claim, "18f") for claim in _sample(claims, min(n, 300))]
    yield _row("18f: own questions answered", _mean([not one.answer.abstained for one in asked]), None, 0.9)
    yield _row(
        "18f: SciFact claims answered", _mean([not one.answer.abstained for one in far]), None, 0.02, least=False
    )
    yield _abstention("18f: SciFact claims", asked, far, goal=0.5)


def _abstention(what: str, answerable: Sequence[Asked], others: Sequence[Asked], goal: float | None) -> BenchmarkRow:
    """The share of `others` that is answered when the wanted share of `answerable` is, beside a cosine threshold."""
    bar = np.quantile([one.confidence for one in answerable], 1 - COVERAGE)
    cosine_bar = np.quantile([one.cosine for one in answerable], 1 - COVERAGE)
    ours = _mean([one.confidence >= bar for one in others])
    peer = _mean([one.cosine >= cosine_bar for one in others])
    ratio = ours / peer if peer else None
    met = None if goal is None else ours <= goal * peer
    return BenchmarkRow(f"{what} answered at {COVERAGE:.0%} coverage", ours, peer, "cosine threshold", ratio, goal, met)


def _row(
    what: str, ours: float, peer: float | None, goal: float | None, peer_name: str = "", *, least: bool = True
) -> BenchmarkRow:
    ratio = float(ours / peer) if peer else None
    met = None if goal is None else bool(ours >= goal if least else ours <= goal)
    return BenchmarkRow(what, float(ours), None if peer is None else float(peer), peer_name, ratio, goal, met)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _sample(things: Sequence[Thing], n: int) -> list[Thing]:
    """At most `n` of them, evenly spread."""
    return list(things[:: max(1, -(-len(things) // n))])


def _holds(text: str, question: AnswerQuestion) -> bool:
    return any(_plain(answer) in _plain(text) for answer in question.answers)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _in_first_five(question: AnswerQuestion, asked: Asked) -> bool:
    """Whether a sentence of the question's passage that holds the answer stands in one of the first five hits."""
    passage = question.passage.text
    holding = [passage[start:end] for start, end in split_sentences(passage) if _holds(passage[start:end], question)]
    found = [_plain(hit.text) for hit in asked.answer.hits[:5]]
    return any(_plain(sentence) in text for sentence in holding for text in found)


def _nearest_sentences(embedder: Embedder, asked: Asked) -> str:
    """As many sentences of the hits as the answer has, at least one, by cosine to the question alone."""
    texts = [hit.text[start:end] for hit in asked.answer.hits for start, end in split_sentences(hit.text)]
    cosines = embedder.embed_passages(texts) @ embedder.embed_query(asked.question)
    return " ".join(texts[i] for i in np.argsort(-cosines)[: max(1, len(asked.answer.claims))])


if __name__ == "__main__":
    main()
