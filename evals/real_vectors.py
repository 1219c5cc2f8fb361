"""Real vectors, and many more like them: what speed and recall of vector search are measured on.

Stretches of SciFact's abstracts are embedded with the product's model. Each further row is one of these vectors with a
part of another and some noise: as passages lie around topics, and nobody has a million labelled ones at hand.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embed import Embedder

STRETCH_CHARS = 400
MAX_OTHER = 0.6
NOISE = 0.35
MADE_ROWS = 50_000


@dataclass(frozen=True)
class RealVectors:
    """Unit vectors: `rows` (n, d), the first `n_real` of them of real text, and `queries` (q, d) of real claims."""

    rows: NDArray[np.float16]
    queries: NDArray[np.float32]
    n_real: int


def real_vectors(embedder: Embedder, data: Path, n_rows: int, n_real: int, seed: int = 1) -> RealVectors:
    """Embed the first `n_real` stretches of text and all claims, and make the other rows from them."""
    texts = read_stretches(data, min(n_real, n_rows))
    real = embedder.embed_passages(texts)
    rows = np.empty((n_rows, embedder.dimension), dtype=np.float16)
    rows[: len(real)] = real
    chance = np.random.default_rng(seed)
    for begin in range(len(real), n_rows, MADE_ROWS):
        end = min(n_rows, begin + MADE_ROWS)
        rows[begin:end] = _like(real, end - begin, chance)
    return RealVectors(rows, embedder.embed_passages(read_claims(data)), len(real))


def read_stretches(data: Path, n: int) -> list[str]:
    """The first `n` stretches of about `STRETCH_CHARS` characters, of one abstract after the other."""
    stretches: list[str] = []
    for text in _abstracts(data):
        pieces = [text[begin : begin + STRETCH_CHARS] for begin in range(0, len(text), STRETCH_CHARS)]
        stretches += [piece for piece in pieces if len(piece) > STRETCH_CHARS // 2]
        if len(stretches) >= n:
            break
    return stretches[:n]


def read_claims(data: Path) -> list[str]:
    """The claims that SciFact's questions are."""
    lines = (data / "scifact" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def _abstracts(data: Path) -> Iterator[str]:
    with (data / "scifact" / "corpus.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def _like(real: NDArray[np.float32], n: int, chance: np.random.Generator) -> NDArray[np.float16]:
    """`n` unit vectors (n, d): each a real one, a part of another, and noise."""
    dimension = real.shape[1]
    noise = chance.standard_normal((n, dimension), dtype=np.float32) * np.float32(NOISE / dimension**0.5)
    other = real[chance.integers(0, len(real), n)] * chance.uniform(0, MAX_OTHER, (n, 1)).astype(np.float32)
    made = real[chance.integers(0, len(real), n)] + other + noise
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made.astype(np.float16)
