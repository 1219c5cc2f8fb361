"""How fast passages become vectors, beside sentence-transformers as it comes: `footnote bench embed`.

Passages of about 175 tokens from the 18F handbook, tokenizing included, both sides in turn in one run; how close the
vectors are, and what packing token vectors for reranking costs on top.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import load_own_embedder
from ingest.embed import Embedder
from ingest.model_files import find_model_files
from ingest.settings import IngestSettings

PASSAGE_CHARS = 900
GOAL_RATIO = 7.0
GOAL_COSINE = 0.99


def main(given: list[str] | None = None) -> None:
    """Print tokens a second of both sides, and the cosine between their vectors."""
    options = benchmark_options(__doc__).parse_args(given)
    os.environ.pop("OPENBLAS_CORETYPE", None)
    settings = IngestSettings()
    embedder = load_own_embedder(settings)
    passages = read_passages(options.data, 100 if options.quick else 500)
    rounds = 1 if options.quick else 5
    rows = list(measure(embedder, settings.embedding_model, passages, rounds))
    print_benchmark("embed", rows, as_json=options.json)


def read_passages(data: Path, n: int) -> list[str]:
    """The first `n` stretches of `PASSAGE_CHARS` characters of the handbook."""
    lines = (data / "kb-18f-handbook" / "docs_question_headings_blanked.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    pieces = [text[i : i + PASSAGE_CHARS] for text in texts for i in range(0, len(text), PASSAGE_CHARS)]
    return [piece for piece in pieces if len(piece) > PASSAGE_CHARS // 2][:n]


def measure(embedder: Embedder, model: str, passages: Sequence[str], rounds: int) -> list[BenchmarkRow]:
    """Time both sides in turn, `rounds` times each, and compare the medians."""
    from sentence_transformers import SentenceTransformer  # the peer; heavy

    peer = SentenceTransformer(str(find_model_files(model).folder), device="cpu")
    n_tokens = sum(min(embedder.count_tokens(passage), embedder.max_tokens) for passage in passages)
    sides: dict[str, Callable[[], object]] = {
        "vectors": lambda: embedder.embed_passages(passages),
        "packed": lambda: embedder.encode_passages(passages),
        "peer": lambda: peer.encode(list(passages)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for name in list(sides) * rounds:
        started = time.perf_counter()
        sides[name]()
        seconds[name].append(time.perf_counter() - started)
    rate = {name: n_tokens / statistics.median(taken) for name, taken in seconds.items()}
    sample = list(passages[:100])
    cosines = np.sum(embedder.embed_passages(sample) * peer.encode(sample, normalize_embeddings=True), axis=1)
    name = "sentence-transformers"
    ratio, packed = rate["vectors"] / rate["peer"], rate["packed"] / rate["peer"]
    return [
        BenchmarkRow(
            f"tokens/s, {len(passages)} passages", rate["vectors"], rate["peer"], name, ratio, GOAL_RATIO,
            ratio >= GOAL_RATIO,
        ),
        BenchmarkRow("tokens/s with token vectors packed for reranking", rate["packed"], rate["peer"], name, packed),
        BenchmarkRow(
            "cosine to the original's vectors, mean", float(cosines.mean()), goal=GOAL_COSINE,
            met=bool(cosines.mean() >= GOAL_COSINE),
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
