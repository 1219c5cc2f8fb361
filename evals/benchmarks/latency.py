"""How long a search takes among 100,000 passages, beside a pipeline with a cross-encoder: `footnote bench latency`.

Ours is the whole way from a new query to loaded hits: embedding, both searches within what a person may read, fusion,
reranking of 100 by token vectors, and the second check of rights. The peer is what tutorials build from
sentence-transformers: its encoder as it comes, exact FAISS search, BM25 as a sparse matrix, reciprocal rank fusion, and
a cross-encoder of MiniLM's size on the best 50; it knows no rights and keeps all texts in memory. The cross-encoder has
random weights, as fast as trained ones, so only times are compared here; rankings are in `footnote bench quality`.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from sqlalchemy import select

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import KnowledgeBase, load_own_embedder, temporary_knowledge_base
from evals.large_base import enlarge
from ingest.embed import Embedder
from ingest.model_files import find_model_files
from ingest.settings import IngestSettings
from ingest.tables import Passage

GOALS_MS = {"p50": 15.0, "p95": 40.0}
GOAL_RATIO = 15.0
READER = frozenset({"everyone", "group:a"})  # half of the documents
PEER_CANDIDATES = 50


def main(given: list[str] | None = None) -> None:
    """Print the median and the 95th percentile of both sides."""
    options = benchmark_options(__doc__).parse_args(given)
    settings = IngestSettings()
    embedder = load_own_embedder(settings)
    n_passages, n_queries, n_peer = (5_000, 40, 3) if options.quick else (100_000, 140, 10)
    folder = options.data / "kb-18f-handbook"
    asked = [json.loads(line)["question"] for line in (folder / "faq_from_headings.jsonl").open()][:n_queries]
    with temporary_knowledge_base(embedder) as base:
        for line in (folder / "docs_question_headings_blanked.jsonl").open():
            item = json.loads(line)
            base.add(item["text"].encode(), item["_id"])
        base.work()
        enlarge(base, embedder.model_id, n_passages)
        rows = list(measure(base, embedder, settings.embedding_model, asked, n_peer))
    print_benchmark("latency", rows, as_json=options.json)


def measure(
    base: KnowledgeBase, embedder: Embedder, model: str, asked: Sequence[str], n_peer: int
) -> list[BenchmarkRow]:
    """Time every query once on our side, after one to warm up, and the first `n_peer` on the peer's."""
    with base.database.read() as session:
        view = base.replica.view()
        texts = {row.id: row.text for row in session.execute(select(Passage.id, Passage.text))}

        def search(query: str) -> object:
            return base.searcher.search(session, query, READER, 10)

        ours = _milliseconds(search, [f"{query} please" for query in asked])
    kept = [texts[int(passage_id)] for passage_id in view.passage_ids]
    peer = Peer(model, kept, view.vectors.vectors(np.arange(len(kept))))
    theirs = _milliseconds(peer.search, asked[: n_peer + 1])
    n = f"{len(kept):,} passages"
    name = f"sentence-transformers, cross-encoder on {PEER_CANDIDATES}"
    rows = []
    for label, share in (("p50", 0.5), ("p95", 0.95)):
        mine, other = _percentile(ours, share), _percentile(theirs, share)
        goal = GOALS_MS[label]
        rows.append(
            BenchmarkRow(f"search {label} ms, {n}, goal in ms", mine, other, name, other / mine, goal, mine <= goal)
        )
    ratio = statistics.median(theirs) / statistics.median(ours)
    rows.append(BenchmarkRow("times as fast as the peer, medians", ratio, goal=GOAL_RATIO, met=ratio >= GOAL_RATIO))
    codes = embedder.encode_passages(kept[:50])
    kilobytes = sum(passage.token_codes.nbytes for passage in codes) / len(codes) / 1000
    rows.append(BenchmarkRow("kB of token vectors a passage", kilobytes, goal=12, met=kilobytes <= 12))
    return rows


def _milliseconds(search: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    """The time of each query but the first, which warms up."""
    taken = []
    for query in queries:
        started = time.perf_counter()
        search(query)
        taken.append(1000 * (time.perf_counter() - started))
    return taken[1:]


def _percentile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share))


class Peer:
    """A hybrid pipeline without rights, from sentence-transformers, FAISS and a sparse matrix, with a cross-encoder."""

    def __init__(self, model: str, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        from sentence_transformers import CrossEncoder, SentenceTransformer  # the peer; heavy

        folder = str(find_model_files(model).folder)
        self._texts = texts
        self._encoder = SentenceTransformer(folder, device="cpu")
        self._flat = faiss.IndexFlatIP(vectors.shape[1])
        self._flat.add(np.ascontiguousarray(vectors))
        self._words, self._weights = _bm25(texts)
        with tempfile.TemporaryDirectory(prefix="footnote-") as made:
            _save_cross_encoder(folder, Path(made))
            self._judge = CrossEncoder(made, max_length=256, device="cpu")

    def search(self, query: str) -> list[str]:
        """The ten best texts."""
        vector = self._encoder.encode([query], normalize_embeddings=True)
        nearest = self._flat.search(vector, PEER_CANDIDATES)[1][0]
        columns = [self._words[word] for word in query.lower().split() if word in self._words]
        scores = np.asarray(self._weights[:, columns].sum(axis=1)).ravel()
        matching = np.argpartition(-scores, PEER_CANDIDATES)[:PEER_CANDIDATES]
        matching = matching[np.argsort(-scores[matching])]
        fused: dict[int, float] = {}
        for ranking in (nearest, matching):
            for rank, row in enumerate(ranking.tolist(), start=1):
                fused[row] = fused.get(row, 0.0) + 1 / (60 + rank)
        best = sorted(fused, key=lambda row: -fused[row])[:PEER_CANDIDATES]
        judged = self._judge.predict([(query, self._texts[row]) for row in best], show_progress_bar=False)
        return [self._texts[best[i]] for i in np.argsort(-judged)[:10]]


def _bm25(texts: Sequence[str], k1: float = 1.2, b: float = 0.75) -> tuple[dict[str, int], csc_array]:
    """The BM25 weight of every word in every text, as a sparse matrix (texts, words), and the words' columns."""
    words: dict[str, int] = {}
    rows, columns = [], []
    for row, text in enumerate(texts):
        own = [words.setdefault(word, len(words)) for word in text.lower().split()]
        columns += own
        rows += [row] * len(own)
    counts = csc_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(texts), len(words)))
    counts.sum_duplicates()
    lengths = np.bincount(rows, minlength=len(texts))
    idf = np.log1p((len(texts) - np.diff(counts.indptr) + 0.5) / (np.diff(counts.indptr) + 0.5))
    norm = k1 * (1 - b + b * lengths / lengths.mean())
    counts.data *= (k1 + 1) / (counts.data + norm[counts.indices])
    counts.data *= np.repeat(idf, np.diff(counts.indptr)).astype(np.float32)
    return words, counts


def _save_cross_encoder(tokenizer_folder: str, folder: Path) -> None:
    """A cross-encoder with the shape of ms-marco-MiniLM-L6 and random weights."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification  # the peer; heavy

    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=384,
        intermediate_size=1536,
        num_hidden_layers=6,
        num_attention_heads=12,
    )
    config.num_labels = 1
    BertForSequenceClassification(config).save_pretrained(folder)


if __name__ == "__main__":
    main()
