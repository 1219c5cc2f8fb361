"""Retrieval quality of keyword, vector and hybrid search on real documents: `python -m evals.benchmarks.quality`.

Contoso: does a gold page stand among the first five passages? 18F: is the gold document among the first five
documents, on the corpus whose question headings are blanked? SciFact: nDCG@10 on the train queries. The peer is a plain
baseline: passages of 900 characters, the same embedding model, BM25, and their fusion.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import EVERYONE, KnowledgeBase, load_own_embedder, temporary_knowledge_base
from evals.retrieval_metrics import hit_at, ndcg_at
from ingest.embed import Embedder
from ingest.settings import IngestSettings
from retrieval.options import SearchMode, SearchOptions

MODES: tuple[SearchMode, ...] = ("keyword", "vector", "hybrid")
BASELINE = {"contoso": (0.60, 0.54, 0.64), "18f": (0.71, 0.76, 0.83), "scifact": (None, None, None)}
GOALS = {"contoso": 0.68, "18f": 0.86, "scifact": None}
DOCUMENT_POOL = 100


def main(given: list[str] | None = None) -> None:
    """Print the table, or with --json one object."""
    parser = benchmark_options(__doc__)
    parser.add_argument("--only", choices=list(GOALS), help="one set instead of all")
    options = parser.parse_args(given)
    embedder = load_own_embedder(IngestSettings())
    rows = list(measure(embedder, options.data, only=options.only, quick=options.quick))
    print_benchmark("quality", rows, as_json=options.json)


def measure(embedder: Embedder, data: Path, *, only: str | None, quick: bool) -> Iterator[BenchmarkRow]:
    """Measure each set in each mode."""
    measures = {"contoso": _contoso, "18f": _handbook, "scifact": _scifact}
    for name, measured in measures.items():
        if only in (None, name):
            yield from _rows(name, measured(embedder, data, quick))


def _rows(name: str, figures: dict[SearchMode, float]) -> Iterator[BenchmarkRow]:
    labels = {"contoso": "Contoso gold page in top 5", "18f": "18F document hit@5", "scifact": "SciFact train nDCG@10"}
    for mode, peer in zip(MODES, BASELINE[name], strict=True):
        ours = figures[mode]
        goal = GOALS[name] if mode == "hybrid" else None
        met = None if goal is None else ours >= goal
        yield BenchmarkRow(f"{labels[name]}, {mode}", ours, peer, "900-char baseline", peer and ours / peer, goal, met)


@contextmanager
def _filled(embedder: Embedder, files: dict[str, bytes]) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        for filename, content in files.items():
            base.add(content, filename)
        base.work()
        yield base


def _ranking(base: KnowledgeBase, question: str, mode: SearchMode, k: int) -> list[tuple[str, int]]:
    """File name and page of the first `k` passages."""
    with base.database.read() as session:
        hits = base.searcher.search(session, question, EVERYONE, k, options=SearchOptions(mode=mode))
    return [(hit.filename, hit.page) for hit in hits]


def _contoso(embedder: Embedder, data: Path, _quick: bool) -> dict[SearchMode, float]:
    folder = data / "contoso-hr-pdf"
    questions = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]
    with _filled(embedder, {path.name: path.read_bytes() for path in sorted((folder / "pdfs").iterdir())}) as base:
        return {mode: _mean([_page_hit(base, item, mode) for item in questions]) for mode in MODES}


def _page_hit(base: KnowledgeBase, item: dict[str, str], mode: SearchMode) -> float:
    gold = frozenset(re.findall(r"\[([^\[\]]+\.pdf#page=\d+)\]", item["truth"]))
    ranking = [f"{name}#page={page}" for name, page in _ranking(base, item["question"], mode, 5)]
    return hit_at(ranking, gold, 5)


def _handbook(embedder: Embedder, data: Path, _quick: bool) -> dict[SearchMode, float]:
    folder = data / "kb-18f-handbook"
    corpus = [json.loads(line) for line in (folder / "docs_question_headings_blanked.jsonl").read_text().splitlines()]
    questions = [json.loads(line) for line in (folder / "faq_from_headings.jsonl").read_text().splitlines()]
    with _filled(embedder, {item["_id"]: item["text"].encode() for item in corpus}) as base:
        return {
            mode: _mean([hit_at(_documents(base, q["question"], mode, 5), frozenset({q["doc"]}), 5) for q in questions])
            for mode in MODES
        }


def _documents(base: KnowledgeBase, question: str, mode: SearchMode, k: int) -> list[str]:
    """The first `k` different file names in the ranking of passages."""
    return list(dict.fromkeys(name for name, _ in _ranking(base, question, mode, DOCUMENT_POOL)))[:k]


def _scifact(embedder: Embedder, data: Path, quick: bool) -> dict[SearchMode, float]:
    folder = data / "scifact"
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    queries = {item["_id"]: item["text"] for item in map(json.loads, (folder / "queries.jsonl").open())}
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels" / "train.tsv").read_text().splitlines()[1:]:
        query_id, document_id, gain = line.split("\t")
        qrels.setdefault(query_id, {})[f"{document_id}.md"] = int(gain)
    judged = list(qrels.items())[: 100 if quick else None]
    files = {f"{item['_id']}.md": f"# {item['title']}\n\n{item['text']}\n".encode() for item in corpus}
    with _filled(embedder, files) as base:
        return {
            mode: _mean([ndcg_at(_documents(base, queries[q], mode, 10), gains, 10) for q, gains in judged])
            for mode in MODES
        }


def _mean(figures: list[float]) -> float:
    return sum(figures) / len(figures)


if __name__ == "__main__":
    main()
