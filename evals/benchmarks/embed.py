"""How fast passages become vectors, beside sentence-transformers as it comes: `footnote bench embed`.

Passages of about 175 tokens from the 18F handbook, tokenizing included, both sides in turn in one run: int8 as it is
used, with token vectors packed for reranking, and bf16 as the exact mode. What the vectors are worth: their cosine to
the original's, and nDCG@10 of plain vector search on a part of SciFact beside the original's. What limits it: the
matrix products of the model beside what this processor multiplies at best in 32 bits; int8 and bf16 can go beyond that.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import load_own_embedder
from evals.retrieval_metrics import ndcg_at
from ingest.batch_vectors import PrecisionChoice
from ingest.embed import Embedder, load_embedder
from ingest.model_files import find_model_files
from ingest.settings import IngestSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PASSAGE_CHARS = 900
PEER = "sentence-transformers"
GOAL_RATIO = 7.0
GOAL_EXACT_RATIO = 4.0
GOAL_COSINE = 0.99
GOAL_EXACT_COSINE = 0.9999
GOAL_QUALITY = 0.995
PEAK_SIZE = 2048
PEAK_ROUNDS = 5


def main(given: list[str] | None = None) -> None:
    """Print tokens a second of both sides, and what their vectors are worth."""
    options = benchmark_options(__doc__).parse_args(given)
    os.environ.pop("OPENBLAS_CORETYPE", None)
    settings = IngestSettings()
    passages = read_passages(options.data, 100 if options.quick else 500)
    rows = measure(settings, passages, 1 if options.quick else 5)
    rows.append(measure_quality(settings, options.data / "scifact", *((30, 150) if options.quick else (150, 600))))
    print_benchmark("embed", rows, as_json=options.json)


def read_passages(data: Path, n: int) -> list[str]:
    """The first `n` stretches of `PASSAGE_CHARS` characters of the handbook."""
    lines = (data / "kb-18f-handbook" / "docs_question_headings_blanked.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    pieces = [text[i : i + PASSAGE_CHARS] for text in texts for i in range(0, len(text), PASSAGE_CHARS)]
    return [piece for piece in pieces if len(piece) > PASSAGE_CHARS // 2][:n]


def measure(settings: IngestSettings, passages: Sequence[str], rounds: int) -> list[BenchmarkRow]:
    """Time each side in turn, `rounds` times, and compare the medians."""
    embedder, exact = load_own_embedder(settings), _load(settings, "bf16")
    peer = _load_peer(settings)
    n_tokens = sum(min(embedder.count_tokens(passage), embedder.max_tokens) for passage in passages)
    sides: dict[str, Callable[[], object]] = {
        "vectors": lambda: embedder.embed_passages(passages),
        "packed": lambda: embedder.encode_passages(passages),
        "exact": lambda: exact.embed_passages(passages),
        "peer": lambda: peer.encode(list(passages)),
    }
    rate = {name: n_tokens / seconds for name, seconds in _medians(sides, rounds).items()}
    sample = list(passages[:100])
    expected = peer.encode(sample, normalize_embeddings=True)
    cosine, exact_cosine = (
        float(np.sum(side.embed_passages(sample) * expected, axis=1).mean()) for side in (embedder, exact)
    )
    peak = _matrix_peak()
    flops = 2 * sum(int(weights.numel()) for name, weights in peer.named_parameters() if ".layer." in name)
    return [
        _ratio(f"tokens/s, {len(passages)} passages, {embedder.precision}", rate["vectors"], rate["peer"], GOAL_RATIO),
        _ratio("tokens/s with token vectors packed for reranking", rate["packed"], rate["peer"], None),
        _ratio(f"tokens/s in the exact mode, {exact.precision}", rate["exact"], rate["peer"], GOAL_EXACT_RATIO),
        _at_least("cosine to the original's vectors, mean", cosine, GOAL_COSINE),
        _at_least("cosine to the original's vectors in the exact mode, mean", exact_cosine, GOAL_EXACT_COSINE),
        BenchmarkRow("share of the 32-bit matrix peak, ours", rate["vectors"] * flops / peak),
        BenchmarkRow("share of the 32-bit matrix peak, exact mode", rate["exact"] * flops / peak),
        BenchmarkRow(f"share of the 32-bit matrix peak, {PEER}", rate["peer"] * flops / peak),
    ]


def measure_quality(settings: IngestSettings, folder: Path, n_queries: int, n_others: int) -> BenchmarkRow:
    """nDCG@10 of vector search over the documents that `n_queries` judged queries name, and `n_others` more."""
    embedder, peer = load_own_embedder(settings), _load_peer(settings)
    queries = {item["_id"]: item["text"] for item in map(json.loads, (folder / "queries.jsonl").open())}
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels" / "train.tsv").read_text().splitlines()[1:]:
        query_id, document_id, gain = line.split("\t")
        qrels.setdefault(query_id, {})[document_id] = int(gain)
    judged = dict(list(qrels.items())[:n_queries])
    named = {document_id for gains in judged.values() for document_id in gains}
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    others = [item for item in corpus if item["_id"] not in named][:n_others]
    documents = [item for item in corpus if item["_id"] in named] + others
    ids, texts = [item["_id"] for item in documents], [f"{item['title']}\n{item['text']}" for item in documents]
    asked = [queries[query_id] for query_id in judged]
    scores = np.stack([embedder.embed_query(query) for query in asked]) @ embedder.embed_passages(texts).T
    peer_scores = peer.encode(asked, normalize_embeddings=True) @ peer.encode(texts, normalize_embeddings=True).T
    gains = list(judged.values())
    ours, theirs = _mean_ndcg(ids, scores, gains), _mean_ndcg(ids, peer_scores, gains)
    ratio = ours / theirs
    what = f"nDCG@10 of vectors alone, SciFact, {len(asked)} queries, {len(ids)} documents"
    return BenchmarkRow(what, ours, theirs, PEER, ratio, GOAL_QUALITY, ratio >= GOAL_QUALITY)


def _mean_ndcg(ids: Sequence[str], scores: NDArray[np.float32], gains: Sequence[dict[str, int]]) -> float:
    rankings = np.argsort(-scores, axis=1)[:, :10]
    figures = [ndcg_at([ids[i] for i in ranking], own, 10) for ranking, own in zip(rankings, gains, strict=True)]
    return float(np.mean(figures))


def _load(settings: IngestSettings, precision: PrecisionChoice) -> Embedder:
    return load_embedder(settings.embedding_model, settings.models_folder, precision=precision, device=settings.device)


def _load_peer(settings: IngestSettings) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer  # the peer; heavy

    return SentenceTransformer(str(find_model_files(settings.embedding_model).folder), device="cpu")


def _medians(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each side."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for name in list(sides) * rounds:
        started = time.perf_counter()
        sides[name]()
        seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def _matrix_peak() -> float:
    """Floating point operations a second of a large product of 32-bit matrices, the best of several."""
    left, right = (np.random.default_rng(seed).standard_normal((PEAK_SIZE, PEAK_SIZE), np.float32) for seed in (0, 1))
    seconds = []
    for _ in range(PEAK_ROUNDS):
        started = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - started)
    return float(2 * PEAK_SIZE**3 / min(seconds))


def _ratio(what: str, ours: float, peer: float, goal: float | None) -> BenchmarkRow:
    return BenchmarkRow(what, ours, peer, PEER, ours / peer, goal, None if goal is None else ours / peer >= goal)


def _at_least(what: str, ours: float, goal: float) -> BenchmarkRow:
    return BenchmarkRow(what, ours, goal=goal, met=ours >= goal)


if __name__ == "__main__":
    main()
