"""Reranking by late interaction: each token of the query looks for its like in a passage's token vectors."""

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.embed import Embedder, EncodedQuery
from ingest.tables import Document, Embedding, Passage
from ingest.token_codec import TokenCodec
from retrieval.permissions import readable_by

MAXSIM_WEIGHT = 0.5
IDF_SAMPLE = 4000
IDF_GROWTH = 1.1


class Reranker(Protocol):
    """Compares a query with the `n_best` passages once more.

    It counts for `weight` of the final score, the rest is what they had before. `stage` names it in explanations.
    """

    stage: str
    weight: float
    n_best: int

    def score(
        self, session: Session, query: str, passage_ids: Sequence[int], principals: frozenset[str], n_passages: int
    ) -> dict[int, float]:
        """Scores of passages that one of `principals` may read, by id; the others and what it cannot score are absent.

        `n_passages` is the size of the index.
        """
        ...


class MaxSimReranker:
    """Scores passages against a query with the encoder's own token vectors; safe in any thread."""

    stage = "maxsim"
    weight = MAXSIM_WEIGHT
    n_best = 100

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._document_frequency: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._n_sampled = 0
        self._sampled_at = -1

    def score(
        self, session: Session, query: str, passage_ids: Sequence[int], principals: frozenset[str], n_passages: int
    ) -> dict[int, float]:
        """See `Reranker.score`; a passage without token vectors has no score."""
        encoded = self._embedder.encode_query(query)
        if not len(encoded.token_ids) or not passage_ids:
            return {}
        codes = _load_codes(session, self._embedder.model_id, passage_ids, principals)
        weights = self._inverse_document_frequency(session, encoded.token_ids, n_passages)
        return maxsim(self._embedder.codec, encoded, weights, codes)

    def _inverse_document_frequency(
        self, session: Session, token_ids: NDArray[np.int64], n_passages: int
    ) -> NDArray[np.float32]:
        """How telling each token is, (t,): ln(1 + (N - n + ½) / (n + ½)), estimated on up to `IDF_SAMPLE` passages."""
        with self._lock:
            low, high = self._sampled_at / IDF_GROWTH, self._sampled_at * IDF_GROWTH
            if not low <= n_passages <= high:
                self._sample(session)
                self._sampled_at = n_passages
            counted, n_sampled = self._document_frequency, self._n_sampled
        known = token_ids < len(counted)
        n = np.where(known, counted[np.where(known, token_ids, 0)] if len(counted) else 0, 0)
        return np.log1p((n_sampled - n + 0.5) / (n + 0.5)).astype(np.float32)

    def _sample(self, session: Session) -> None:
        """Count in how many passages each token occurs; hashes are in an order as good as chance."""
        rows = session.scalars(
            select(Embedding.token_ids)
            .where(Embedding.model_id == self._embedder.model_id)
            .order_by(Embedding.text_hash)
            .limit(IDF_SAMPLE)
        ).all()
        distinct = [np.unique(np.frombuffer(row, dtype="<u4")) for row in rows]
        tokens = np.concatenate([np.zeros(0, dtype=np.uint32), *distinct]).astype(np.int64)
        self._document_frequency, self._n_sampled = np.bincount(tokens), len(rows)


def maxsim(
    codec: TokenCodec, query: EncodedQuery, weights: NDArray[np.float32], codes: Mapping[int, NDArray[np.uint8]]
) -> dict[int, float]:
    """The weighted mean, over the query's tokens, of the best likeness with any token of a passage.

    score(p) = Σᵢ wᵢ · maxⱼ qᵢ·pⱼ / Σᵢ wᵢ, for passages given by id as packed token vectors (t, code_bytes).

    Source: Khattab and Zaharia, ColBERT, SIGIR 2020, https://doi.org/10.1145/3397271.3401075
    """
    if not codes:
        return {}
    lengths = [len(own) for own in codes.values()]
    starts = np.concatenate([[0], np.cumsum(lengths[:-1])]).astype(np.int64)
    likeness = codec.similarities(np.concatenate(list(codes.values())), query.token_vectors)
    best = np.maximum.reduceat(likeness, starts, axis=0)
    scores = best @ weights / weights.sum()
    return {key: float(score) for key, score in zip(codes, scores, strict=True)}


def _load_codes(
    session: Session, model_id: str, passage_ids: Sequence[int], principals: frozenset[str]
) -> dict[int, NDArray[np.uint8]]:
    """The packed token vectors (t, code_bytes) of readable passages, by id."""
    hashes = session.execute(
        select(Passage.id, Passage.embedding_hash)
        .join(Document, Document.current_version_id == Passage.version_id)
        .where(Passage.id.in_(passage_ids), readable_by(principals))
    ).all()
    # A query of its own: joined to the one above, SQLite walks through every text of the model.
    rows = session.execute(
        select(Embedding.text_hash, Embedding.token_ids, Embedding.token_codes).where(
            Embedding.model_id == model_id, Embedding.text_hash.in_({text_hash for _, text_hash in hashes})
        )
    )
    packed = {
        text_hash: np.frombuffer(codes, dtype=np.uint8).reshape(len(token_ids) // 4, -1)
        for text_hash, token_ids, codes in rows
        if token_ids
    }
    return {passage_id: packed[text_hash] for passage_id, text_hash in hashes if text_hash in packed}
