"""Packed token vectors: small, nearly as good as whole ones, and the same for everybody on a database."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.database import Database
from ingest.embed import Embedder
from ingest.embedding_models import shared_codec
from ingest.token_codec import TokenCodec, train_codec

TEXT = (
    "A hotel night is paid up to 140 euros; longer trips are booked by train where the journey takes under six hours."
)


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    """Unit vectors (3000, 64) around 40 centres."""
    random = np.random.default_rng(7)
    centres = random.normal(size=(40, 64))
    made = centres[random.integers(0, 40, 3000)] + 0.3 * random.normal(size=(3000, 64))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def test_similarities_equal_those_of_the_unpacked_vectors(vectors: NDArray[np.float32]) -> None:
    codec = train_codec(vectors)
    codes = codec.encode(vectors[:200])
    low, high = codes & 15, codes >> 4
    pieces = np.stack([low, high], axis=2).reshape(200, -1)
    unpacked = codec.codebook[np.arange(pieces.shape[1]), pieces].reshape(200, -1)
    expected = unpacked @ vectors[:5].T
    assert codec.similarities(codes, vectors[:5]) == pytest.approx(expected, abs=1e-5)


def test_packed_similarities_are_close_to_whole_ones(vectors: NDArray[np.float32]) -> None:
    codec = train_codec(vectors)
    packed = codec.similarities(codec.encode(vectors[:500]), vectors[500:520])
    whole = vectors[:500] @ vectors[500:520].T
    assert np.corrcoef(packed.ravel(), whole.ravel())[0, 1] > 0.93


def test_training_twice_gives_the_same_codebook(vectors: NDArray[np.float32]) -> None:
    assert np.array_equal(train_codec(vectors).codebook, train_codec(vectors).codebook)


def test_passage_of_full_length_takes_at_most_twelve_kilobytes(embedder: Embedder) -> None:
    (passage,) = embedder.encode_passages([" ".join([TEXT] * 20)])
    assert len(passage.token_ids) == embedder.max_tokens
    assert passage.token_codes.nbytes + passage.token_ids.nbytes <= 14_000


def test_first_codec_on_a_database_is_the_one_for_all(database: Database, vectors: NDArray[np.float32]) -> None:
    first, second = train_codec(vectors), train_codec(vectors[:1000])
    with database.write() as session:
        shared_codec(session, "model", first)
    with database.write() as session:
        shared = shared_codec(session, "model", second)
    assert np.array_equal(shared.codebook, first.codebook)


def test_codec_is_restored_from_its_codebook_alone(vectors: NDArray[np.float32]) -> None:
    codec = train_codec(vectors)
    restored = TokenCodec(codec.codebook.copy())
    assert np.array_equal(codec.encode(vectors[:50]), restored.encode(vectors[:50]))
