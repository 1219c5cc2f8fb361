"""Knowing when there is no answer, beside a threshold on similarity: `footnote bench abstain`.

Of the questions that the documents do not answer, the share that is answered all the same when 90 % of the answerable
ones are; the peer is a threshold on the best passage's cosine. Near ones are SQuAD's and ClapNQ's own unanswerable
questions, written about the same passages; far ones are another set's questions, and SciFact's claims asked of an
employee handbook.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from evals.answer_sets import AnswerQuestion, read_clapnq, read_squad
from evals.asker import Asked, Asker, add_files, add_passages, figure, sample
from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import KnowledgeBase, load_own_embedder, temporary_knowledge_base
from evals.labelled_sets import read_18f
from ingest.embed import Embedder
from ingest.settings import IngestSettings

COVERAGE = 0.9
GOAL_RATIO = 0.5
GOAL_FAR_ANSWERED = 0.02
QUICK, WHOLE = 30, 500


def main(given: list[str] | None = None) -> None:
    """Print the table, or with --json one object."""
    options = benchmark_options(__doc__).parse_args(given)
    embedder = load_own_embedder(IngestSettings())
    with temporary_knowledge_base(embedder) as base:
        rows = list(measure(base, embedder, options.data, QUICK if options.quick else WHOLE))
    print_benchmark("abstain", rows, as_json=options.json)


def measure(base: KnowledgeBase, embedder: Embedder, data: Path, n: int) -> Iterator[BenchmarkRow]:
    """Measure each set with at most `n` questions of a kind."""
    asker = Asker(base, embedder)
    squad = read_squad(next((data / "squad-v2-dev-half").glob("*.json")))
    clapnq = read_clapnq(data / "clapnq-dev")
    yield from _questions(base, asker, squad, clapnq, n)
    yield from _questions(base, asker, clapnq, squad, n)
    yield from _handbook(base, asker, data, n)


def _questions(
    base: KnowledgeBase, asker: Asker, own: Sequence[AnswerQuestion], others: Sequence[AnswerQuestion], n: int
) -> Iterator[BenchmarkRow]:
    """A set's unanswerable questions, and those of another set."""
    name = own[0].source
    add_passages(base, own, name)
    answerable = _ask(asker, name, [question.text for question in own if question.answerable], n)
    near = _ask(asker, name, [question.text for question in own if not question.answerable], n)
    far = _ask(asker, name, [question.text for question in others if question.answerable], n)
    yield _beside(f"{name}: near unanswerable questions", answerable, near)
    yield _beside(f"{name}: questions of {others[0].source}", answerable, far)


def _handbook(base: KnowledgeBase, asker: Asker, data: Path, n: int) -> Iterator[BenchmarkRow]:
    """An employee handbook: its own questions are answered, claims from biology are not."""
    handbook = read_18f(data)
    add_files(base, handbook)
    lines = (data / "kb-18f-handbook" / "faq_from_headings.jsonl").read_text(encoding="utf-8").splitlines()
    clear = [entry["question"] for entry in map(json.loads, lines) if entry.get("clear_alone", True)]
    claims = [json.loads(line)["text"] for line in (data / "scifact" / "queries.jsonl").read_text("utf-8").splitlines()]
    answerable, far = _ask(asker, handbook.name, clear, n), _ask(asker, handbook.name, claims, n)
    answered = [float(np.mean([not one.answer.abstained for one in asked])) for asked in (answerable, far)]
    yield figure("18f: own questions answered", answered[0], None, COVERAGE)
    yield figure("18f: SciFact claims answered", answered[1], None, GOAL_FAR_ANSWERED, least=False)
    yield _beside("18f: SciFact claims", answerable, far)


def _ask(asker: Asker, collection: str, questions: Sequence[str], n: int) -> list[Asked]:
    return [asker.ask(question, collection) for question in sample(questions, n)]


def _beside(what: str, answerable: Sequence[Asked], others: Sequence[Asked]) -> BenchmarkRow:
    """The share of `others` that is answered when the wanted share of `answerable` is, beside a cosine threshold."""
    bar = np.quantile([one.confidence for one in answerable], 1 - COVERAGE)
    cosine_bar = np.quantile([one.cosine for one in answerable], 1 - COVERAGE)
    ours = float(np.mean([one.confidence >= bar for one in others]))
    peer = float(np.mean([one.cosine >= cosine_bar for one in others]))
    ratio = ours / peer if peer else None
    what = f"{what} answered at {COVERAGE:.0%} coverage"
    return BenchmarkRow(what, ours, peer, "cosine threshold", ratio, GOAL_RATIO, ours <= GOAL_RATIO * peer)


if __name__ == "__main__":
    main()
