"""The candidates of both searches: the best passages within a scope, by words and by meaning."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.embed import Embedder
from ingest.replica_view import ReplicaView
from retrieval.scope import Scope

FEW_DOCUMENTS = 500  # so many are looked up one by one in the keyword index
MAX_FETCHED = 20_000


def vector_candidates(view: ReplicaView, embedder: Embedder, query: str, scope: Scope, n: int) -> dict[int, float]:
    """Cosine to the query by passage id, of the `n` nearest passages in scope."""
    if not scope.rows.any():
        return {}
    rows, scores = view.vectors.search(embedder.embed_query(query), n, scope.rows)
    return _by_id(view.passage_ids[rows], scores)


def with_cosines(
    view: ReplicaView, embedder: Embedder, query: str, vector_scores: Mapping[int, float], others: Iterable[int]
) -> dict[int, float]:
    """The vector candidates, and the exact cosines of passages that only the other search found and that have one."""
    missing = np.array([passage_id for passage_id in others if passage_id not in vector_scores], dtype=np.int64)
    rows = view.rows_of(missing)
    missing, rows = missing[rows >= 0], rows[rows >= 0]
    if not len(rows):
        return dict(vector_scores)
    return {**vector_scores, **_by_id(missing, view.vectors.vectors(rows) @ embedder.embed_query(query))}


def keyword_candidates(
    view: ReplicaView, query: str, scope: Scope, n: int, languages: Sequence[str]
) -> dict[int, float]:
    """BM25 score by passage id, of the `n` best passages in scope, for words with the endings of some languages.

    Documents that the filters let through are looked up one by one in the index, which costs time for each. When there
    are many, it is quicker to take more of the ranking and leave out the others, if that gives `n`.
    """
    readers, documents = scope.principals, scope.documents
    if documents is None:
        return _by_id(*view.keywords.search(query, n, readers=readers, languages=languages))
    n_fetched = 2 * n * -(-view.documents.n_published // max(1, len(documents)))
    if len(documents) > FEW_DOCUMENTS and n_fetched <= MAX_FETCHED:
        ids, scores = view.keywords.search(query, n_fetched, readers=readers, languages=languages)
        rows = view.rows_of(ids)
        inside = scope.rows[rows] & (rows >= 0)
        if (rows >= 0).all() and (inside.sum() >= n or len(ids) < n_fetched):
            return _by_id(ids[inside][:n], scores[inside][:n])
    return _by_id(*view.keywords.search(query, n, readers=readers, languages=languages, documents=documents))


def _by_id(passage_ids: NDArray[np.int64], scores: NDArray[np.float32]) -> dict[int, float]:
    return {int(passage_id): float(score) for passage_id, score in zip(passage_ids, scores, strict=True)}
