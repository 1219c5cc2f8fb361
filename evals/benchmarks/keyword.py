"""Keyword search while documents change, beside SQLite's FTS5: `footnote bench keyword`.

The same passages, queries and updates on both sides, in turn in one run. Passages are those of SciFact and the 18F
handbook, repeated with one sentence less and a word of their own. Then how soon an update is found, SciFact's nDCG@10
by BM25 alone, and questions in other languages (XQuAD).
"""

import json
import re
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import EVERYONE, load_own_embedder
from evals.retrieval_metrics import ndcg_at
from evals.xquad import measure_languages
from ingest.keyword_index import KeywordEntry, KeywordIndex
from ingest.keyword_words import telling_words
from ingest.settings import IngestSettings

K = 100
UPDATES_PER_SECOND = 10
UPDATED_PASSAGES = 10
PASSAGE_CHARS = 1000
GOAL_RATIO, GOAL_NDCG, NDCG_TOLERANCE, GOAL_VISIBLE_MS = 30.0, 0.679, 0.01, 1000.0


def main(given: list[str] | None = None) -> None:
    """Print queries a second of both sides, nDCG@10, the time until an update is found, and hits by language."""
    options = benchmark_options(__doc__).parse_args(given)
    n_passages, rounds, seconds = (10_000, 1, 2.0) if options.quick else (50_000, 5, 5.0)
    rows = measure_speed(options.data, n_passages=n_passages, rounds=rounds, seconds=seconds)
    rows.append(measure_scifact(options.data, max_queries=200 if options.quick else None))
    embedder = load_own_embedder(IngestSettings())
    rows += measure_languages(embedder, options.data, max_questions=40 if options.quick else None)
    print_benchmark("keyword", rows, as_json=options.json)


def measure_speed(data: Path, *, n_passages: int, rounds: int, seconds: float) -> list[BenchmarkRow]:
    """Time both sides in turn, `rounds` times each for `seconds`, with updates going on."""
    passages, queries = _varied(_passages(data), n_passages), _queries(data)
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = _Ours(Path(folder) / "ours", passages), _Fts5(Path(folder) / "fts5.db", passages)
        rates: dict[str, list[float]] = {"ours": [], "peer": []}
        for _ in range(rounds):
            rates["ours"].append(_rate(ours.search, ours.update, queries, seconds))
            rates["peer"].append(_rate(peer.search, peer.update, queries, seconds))
        visible = [ours.time_to_visible(n) for n in range(20)]
        ours.close()
        peer.close()
    rate, peer_rate = statistics.median(rates["ours"]), statistics.median(rates["peer"])
    what = f"queries/s, {n_passages} passages, best {K}, {UPDATES_PER_SECOND} updates/s"
    ratio, milliseconds = rate / peer_rate, 1000 * statistics.median(visible)
    return [
        BenchmarkRow(what, rate, peer_rate, "SQLite FTS5 bm25", ratio, GOAL_RATIO, ratio >= GOAL_RATIO),
        BenchmarkRow(
            "ms until an update is found", milliseconds, goal=GOAL_VISIBLE_MS, met=milliseconds <= GOAL_VISIBLE_MS
        ),
    ]


def measure_scifact(data: Path, *, max_queries: int | None) -> BenchmarkRow:
    """nDCG@10 of BM25 alone on SciFact's train queries, each abstract one passage."""
    corpus = [json.loads(line) for line in (data / "scifact" / "corpus.jsonl").open(encoding="utf-8")]
    queries = {row["_id"]: row["text"] for row in map(json.loads, (data / "scifact" / "queries.jsonl").open())}
    gains: dict[str, dict[str, int]] = {}
    for line in (data / "scifact" / "qrels" / "train.tsv").read_text().splitlines()[1:]:
        query_id, document_id, gain = line.split("\t")
        gains.setdefault(query_id, {})[document_id] = int(gain)
    judged = list(gains.items())[:max_queries]
    with tempfile.TemporaryDirectory() as folder:
        index = KeywordIndex(Path(folder), n_threads=2)
        index.add(_entry(n, row["text"], title=row["title"]) for n, row in enumerate(corpus))
        index.commit()
        scores = []
        for query_id, own in judged:
            ids, _ = index.search(queries[query_id], 10, readers=EVERYONE)
            scores.append(ndcg_at([corpus[i]["_id"] for i in ids.tolist()], own, 10))
        index.close()
    ndcg = statistics.mean(scores)
    met = ndcg >= GOAL_NDCG - NDCG_TOLERANCE
    return BenchmarkRow(f"SciFact train nDCG@10, BM25, {len(judged)} queries", ndcg, goal=GOAL_NDCG, met=met)


def _rate(
    search: Callable[[str], object], update: Callable[[int], None], queries: Sequence[str], seconds: float
) -> float:
    """Queries a second of one thread, while another one updates."""
    ended = threading.Event()

    def keep_updating() -> None:
        n = 0
        while not ended.wait(1 / UPDATES_PER_SECOND):
            update(n)
            n += 1

    updating = threading.Thread(target=keep_updating)
    updating.start()
    began, n_done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        search(queries[n_done % len(queries)])
        n_done += 1
    rate = n_done / (time.perf_counter() - began)
    ended.set()
    updating.join()
    return rate


class _Ours:
    """The product's keyword index, with readers checked in every query."""

    def __init__(self, folder: Path, passages: Sequence[str]) -> None:
        self._passages = passages
        self._index = KeywordIndex(folder, n_threads=2)
        self._index.add(_entry(n, text) for n, text in enumerate(passages))
        self._index.commit()
        self._index.close()
        self._index = KeywordIndex(folder)

    def search(self, query: str) -> object:
        return self._index.search(query, K, readers=EVERYONE)

    def update(self, n: int, word: str = "") -> None:
        """Replace passages; they are found when it returns."""
        for i in range(n * UPDATED_PASSAGES, (n + 1) * UPDATED_PASSAGES):
            row = i % len(self._passages)
            self._index.remove(f"document-{row}")
            self._index.add([_entry(row, f"{self._passages[row]} {word}")])
        self._index.commit()

    def time_to_visible(self, n: int) -> float:
        """Seconds from an update's begin to its being found."""
        began = time.perf_counter()
        self.update(n, f"nowvisible{n}")
        assert len(self._index.search(f"nowvisible{n}", K, readers=EVERYONE)[0]) == UPDATED_PASSAGES
        return time.perf_counter() - began

    def close(self) -> None:
        self._index.close()


class _Fts5:
    """SQLite's full-text index with Porter's stemmer, in a file in WAL mode; it knows no readers."""

    def __init__(self, file: Path, passages: Sequence[str]) -> None:
        self._passages = passages
        self._reading = sqlite3.connect(file)
        self._reading.execute("PRAGMA journal_mode=WAL")
        self._reading.execute("CREATE VIRTUAL TABLE passage USING fts5(text, tokenize = 'porter unicode61')")
        with self._reading:
            self._reading.executemany("INSERT INTO passage (rowid, text) VALUES (?, ?)", enumerate(passages))
        self._writing = sqlite3.connect(file, check_same_thread=False)

    def search(self, query: str) -> object:
        words = " OR ".join(f'"{word}"' for word in telling_words(query, "en"))
        ranked = "SELECT rowid, bm25(passage) AS score FROM passage WHERE passage MATCH ? ORDER BY score LIMIT ?"
        return self._reading.execute(ranked, (words, K)).fetchall()

    def update(self, n: int) -> None:
        with self._writing:
            for i in range(n * UPDATED_PASSAGES, (n + 1) * UPDATED_PASSAGES):
                row = i % len(self._passages)
                self._writing.execute("UPDATE passage SET text = ? WHERE rowid = ?", (self._passages[row], row))

    def close(self) -> None:
        self._writing.close()
        self._reading.close()


def _entry(n: int, text: str, *, title: str = "") -> KeywordEntry:
    return KeywordEntry(
        passage_id=n,
        document_id=f"document-{n}",
        collection="default",
        readers=EVERYONE,
        title=title,
        filename=f"{n}.txt",
        heading="",
        text=text,
        language="en",
    )


def _passages(data: Path) -> list[str]:
    handbook = (data / "kb-18f-handbook" / "docs_question_headings_blanked.jsonl").open(encoding="utf-8")
    texts = [json.loads(line)["text"] for line in handbook]
    pieces = [text[i : i + PASSAGE_CHARS] for text in texts for i in range(0, len(text), PASSAGE_CHARS)]
    abstracts = [json.loads(line)["text"] for line in (data / "scifact" / "corpus.jsonl").open(encoding="utf-8")]
    return abstracts + [piece for piece in pieces if len(piece) > PASSAGE_CHARS // 2]


def _varied(passages: Sequence[str], n: int) -> list[str]:
    """`n` passages: those given, then each again without one of its sentences and with a word of its own."""
    chance = np.random.default_rng(7)
    varied = list(passages[:n])
    while len(varied) < n:
        text = passages[len(varied) % len(passages)]
        sentences = text.split(". ")
        sentences.pop(int(chance.integers(len(sentences))))
        varied.append(". ".join([*sentences, f"copy{len(varied)}"]))
    return varied


def _queries(data: Path) -> list[str]:
    """Claims and questions that people wrote, mixed."""
    claims = [json.loads(line)["text"] for line in (data / "scifact" / "queries.jsonl").open(encoding="utf-8")]
    asked = (data / "kb-18f-handbook" / "faq_from_headings.jsonl").open(encoding="utf-8")
    questions = [json.loads(line)["question"] for line in asked]
    mixed = [re.sub(r"\s+", " ", text) for text in claims + questions]
    return [mixed[i] for i in np.random.default_rng(7).permutation(len(mixed))]


if __name__ == "__main__":
    main()
