"""Searcher: keyword and vector search side by side, fused, within what the person may read."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.replica import Replica
from ingest.replica_view import ReplicaView
from ingest.tables import Document, Passage, Version
from retrieval.fusion import min_max, weighted_mean
from retrieval.hit import Hit
from retrieval.permissions import ReadableRows, readable_by
from retrieval.rerank import Reranker

SearchMode = Literal["hybrid", "vector", "keyword"]

CANDIDATES = 100
VECTOR_WEIGHT = 0.5
MAX_K = 100
MAX_QUERY_CHARS = 2000


class Searcher:
    """Searches the indexes of one replica; safe to use from many threads."""

    def __init__(self, replica: Replica, embedder: Embedder) -> None:
        self._replica = replica
        self._embedder = embedder
        self._reranker = Reranker(embedder)
        self._readable = ReadableRows()
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="keyword-search")

    def search(
        self,
        session: Session,
        query: str,
        principals: frozenset[str],
        k: int,
        *,
        collection: str | None = None,
        mode: SearchMode = "hybrid",
    ) -> list[Hit]:
        """Find the `k` best passages for a query that one of `principals` may read, best first.

        Everything committed before the call is seen: the replica applies the change log first.

        Raises:
            InvalidInput: the query is empty or too long, or `k` is out of range.
        """
        query = clean_query(query)
        if not 1 <= k <= MAX_K:
            raise InvalidInput(f"k is {k}; it must be between 1 and {MAX_K}.")
        self._replica.catch_up(session)
        view = self._replica.view()
        n = max(CANDIDATES, k)
        keywords = None
        if mode != "vector":
            keywords = self._pool.submit(self._keyword_scores, view, query, principals, n, collection)
        vector_scores = {} if mode == "keyword" else self._vector_scores(view, query, principals, n, collection)
        keyword_scores = keywords.result() if keywords else {}
        fused = _fuse(vector_scores, keyword_scores, mode)
        if mode == "hybrid":
            first = dict(sorted(fused.items(), key=lambda item: (-item[1], item[0]))[:n])
            fused = self._reranker.rerank(session, query, first, principals, len(view.passage_ids))
        ranking = sorted(fused, key=lambda passage_id: (-fused[passage_id], passage_id))
        hits: list[Hit] = []
        for passage_id, (passage, version, document) in _load(session, ranking, principals, collection, k).items():
            hits.append(
                Hit(
                    passage_id=passage_id,
                    document_id=document.id,
                    version_id=version.id,
                    version_sha256=version.sha256,
                    title=document.title,
                    filename=document.filename,
                    collection=document.collection,
                    page=passage.page,
                    start=passage.start,
                    end=passage.end,
                    heading=passage.heading,
                    text=passage.text,
                    score=fused[passage_id],
                    rank=len(hits) + 1,
                    vector_score=vector_scores.get(passage_id),
                    keyword_score=keyword_scores.get(passage_id),
                )
            )
        return hits

    def _vector_scores(
        self, view: ReplicaView, query: str, principals: frozenset[str], n: int, collection: str | None
    ) -> dict[int, float]:
        """Cosine to the query by passage id, of the `n` nearest readable passages."""
        allowed = self._readable.of(view, principals, collection)
        if not allowed.any():
            return {}
        rows, scores = view.vectors.search(self._embedder.embed_query(query), n, allowed)
        return _by_id(view.passage_ids[rows], scores)

    def _keyword_scores(
        self, view: ReplicaView, query: str, principals: frozenset[str], n: int, collection: str | None
    ) -> dict[int, float]:
        """BM25 score by passage id, of the `n` best readable passages."""
        return _by_id(*view.keywords.search(query, n, readers=principals, collection=collection))


def clean_query(query: str) -> str:
    """A query without white space around it.

    Raises:
        InvalidInput: nothing is left, or it is too long.
    """
    cleaned = query.strip()
    if not cleaned:
        raise InvalidInput("The query is empty; write what you want to find.")
    if len(cleaned) > MAX_QUERY_CHARS:
        raise InvalidInput(f"The query has {len(cleaned)} characters; at most {MAX_QUERY_CHARS} are allowed.")
    return cleaned


def _by_id(passage_ids: NDArray[np.int64], scores: NDArray[np.float32]) -> dict[int, float]:
    return {int(passage_id): float(score) for passage_id, score in zip(passage_ids, scores, strict=True)}


def _fuse(
    vector_scores: Mapping[int, float], keyword_scores: Mapping[int, float], mode: SearchMode
) -> dict[int, float]:
    if mode == "vector":
        return min_max(vector_scores)
    if mode == "keyword":
        return min_max(keyword_scores)
    return weighted_mean(vector_scores, keyword_scores, VECTOR_WEIGHT)


def _load(
    session: Session, ranking: list[int], principals: frozenset[str], collection: str | None, k: int
) -> dict[int, tuple[Passage, Version, Document]]:
    """The first `k` passages of a ranking that exist and may be read now, in its order: the second check of rights."""
    loaded: dict[int, tuple[Passage, Version, Document]] = {}
    statement = (
        select(Passage, Version, Document)
        .join(Version, Version.id == Passage.version_id)
        .join(Document, Document.current_version_id == Version.id)
        .where(readable_by(principals))
    )
    if collection is not None:
        statement = statement.where(Document.collection == collection)
    for first in range(0, len(ranking), k):
        part = ranking[first : first + k]
        rows = {row[0].id: row for row in session.execute(statement.where(Passage.id.in_(part)))}
        for passage_id in part:
            if passage_id in rows and len(loaded) < k:
                passage, version, document = rows[passage_id]
                loaded[passage_id] = (passage, version, document)
        if len(loaded) == k:
            break
    return loaded
