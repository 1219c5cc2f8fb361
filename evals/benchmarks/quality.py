"""How well searches rank, beside the same index searched by vectors alone and by RRF: `footnote bench quality`.

Every side has the same passages and the same embedding model of 22 million parameters: ours as the product searches by
default, vector search alone, and both searches merged by reciprocal rank (Cormack et al., k = 60). Figures are nDCG@10
over documents (SciFact train, 18F, SQuAD, ClapNQ), pages (Contoso) or passages that overlap a marked span (PrivacyQA).
The weights were chosen on 18F. For PrivacyQA there is also the share of labelled characters in the first five passages,
beside keyword search alone; for 18F and Contoso the hits at 5 beside passages of 900 characters merged by their scores.
"""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import EVERYONE, KnowledgeBase, load_own_embedder, temporary_knowledge_base
from evals.labelled_sets import SETS, LabelledSet
from evals.retrieval_metrics import Span, hit_at, ndcg_at, span_recall
from ingest.embed import Embedder
from ingest.settings import IngestSettings
from ingest.tables import Document, Passage
from retrieval.hit import Hit
from retrieval.options import SearchOptions

OURS, DENSE, RRF, KEYWORD = "ours", "vectors alone", "RRF hybrid", "keywords alone"
SIDES = {
    OURS: SearchOptions(collapse=False),
    DENSE: SearchOptions(mode="vector", collapse=False),
    RRF: SearchOptions(fusion="rrf", rerank=False, collapse=False),
    KEYWORD: SearchOptions(mode="keyword", collapse=False),
}
GOALS = {DENSE: 1.16, RRF: 1.04}
PLAIN_HITS = {"contoso": (0.64, 0.68), "18f": (0.83, 0.86)}  # 900-character passages merged by score, and the goal
QUICK_SETS = ("contoso", "18f", "privacyqa")
QUICK_QUESTIONS = 50
POOL = 100


def main(given: list[str] | None = None) -> None:
    """Print the table, or with --json one object."""
    parser = benchmark_options(__doc__)
    parser.add_argument("--only", choices=list(SETS), action="append", help="one set instead of all; again for more")
    options = parser.parse_args(given)
    names = options.only or (QUICK_SETS if options.quick else list(SETS))
    embedder = load_own_embedder(IngestSettings())
    rows = list(measure(embedder, options.data, names, QUICK_QUESTIONS if options.quick else None))
    print_benchmark("quality", rows, as_json=options.json)


def measure(embedder: Embedder, data: Path, names: Sequence[str], n_questions: int | None) -> Iterator[BenchmarkRow]:
    """Measure each set on every side; then the mean ratios to vectors alone and to RRF."""
    ratios: dict[str, list[float]] = {DENSE: [], RRF: []}
    for name in names:
        labelled = SETS[name](data)
        with _filled(embedder, labelled.files) as base:
            found = {side: _rankings(base, labelled, options, n_questions) for side, options in SIDES.items()}
            passages = _passages(base)
        mean = {side: _mean_ndcg(labelled, rankings, passages) for side, rankings in found.items()}
        for side in (DENSE, RRF, KEYWORD):
            ratio = mean[OURS] / mean[side]
            met = None if side == KEYWORD else ratio > 1
            yield BenchmarkRow(f"{labelled.title}, nDCG@10", mean[OURS], mean[side], side, ratio, None, met)
        for side, own in ratios.items():
            own.append(mean[OURS] / mean[side])
        yield from _further_rows(labelled, found)
    for side, own in ratios.items():
        ratio = statistics.mean(own)
        met = min(own) > 1 and ratio >= GOALS[side]
        yield BenchmarkRow(f"mean ratio to {side}; least {min(own):.3f}", ratio, goal=GOALS[side], met=met)


def _further_rows(labelled: LabelledSet, found: dict[str, list[list[Hit]]]) -> Iterator[BenchmarkRow]:
    """Recall of labelled spans beside BM25, or hits at 5 beside plain passages."""
    if labelled.unit == "span":
        recall = {
            side: statistics.mean(
                span_recall([_span(hit) for hit in hits[:5]], spans)
                for hits, spans in zip(found[side], labelled.spans, strict=False)
            )
            for side in (OURS, KEYWORD)
        }
        ratio = recall[OURS] / recall[KEYWORD]
        title = f"{labelled.title}, labelled characters in the top 5"
        yield BenchmarkRow(title, recall[OURS], recall[KEYWORD], "plain BM25", ratio, None, ratio > 1)
    if labelled.name in PLAIN_HITS:
        plain, goal = PLAIN_HITS[labelled.name]
        hits = statistics.mean(
            hit_at(_units(labelled, hits), frozenset(gains), 5)
            for hits, gains in zip(found[OURS], labelled.gains, strict=False)
        )
        title = f"{labelled.title}, {labelled.unit} hit@5"
        yield BenchmarkRow(title, hits, plain, "900-char baseline", hits / plain, goal, hits >= goal)


@contextmanager
def _filled(embedder: Embedder, files: dict[str, bytes]) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        for filename, content in files.items():
            base.add(content, filename)
        base.work()
        yield base


def _rankings(
    base: KnowledgeBase, labelled: LabelledSet, options: SearchOptions, n_questions: int | None
) -> list[list[Hit]]:
    with base.database.read() as session:
        return [
            base.searcher.search(session, question, EVERYONE, POOL, options=options)
            for question in labelled.questions[:n_questions]
        ]


def _passages(base: KnowledgeBase) -> dict[str, Span]:
    """Where every passage stands, by its id."""
    statement = (
        select(Passage.id, Document.filename, Passage.start, Passage.end)
        .select_from(Passage)
        .join(Document, Document.current_version_id == Passage.version_id)
    )
    with base.database.read() as session:
        rows = session.execute(statement).all()
    return {str(passage_id): Span(filename, start, end) for passage_id, filename, start, end in rows}


def _mean_ndcg(labelled: LabelledSet, rankings: Sequence[Sequence[Hit]], passages: dict[str, Span]) -> float:
    if labelled.unit == "span":
        pairs = zip(rankings, labelled.spans, strict=False)
        return statistics.mean(_span_ndcg(hits, spans, passages) for hits, spans in pairs)
    return statistics.mean(
        ndcg_at(_units(labelled, hits), gains, 10) for hits, gains in zip(rankings, labelled.gains, strict=False)
    )


def _span_ndcg(hits: Sequence[Hit], spans: Sequence[Span], passages: dict[str, Span]) -> float:
    """nDCG@10 of passages, of which those are relevant that overlap a marked span."""
    relevant = {passage_id: 1 for passage_id, own in passages.items() if any(own.overlaps(span) for span in spans)}
    return ndcg_at([str(hit.passage_id) for hit in hits], relevant, 10)


def _units(labelled: LabelledSet, hits: Sequence[Hit]) -> list[str]:
    """The different files, or pages of files, in order."""
    if labelled.unit == "page":
        return list(dict.fromkeys(f"{hit.filename}#page={hit.page}" for hit in hits))
    return list(dict.fromkeys(hit.filename for hit in hits))


def _span(hit: Hit) -> Span:
    return Span(hit.filename, hit.start, hit.end)


if __name__ == "__main__":
    main()
