"""Reranking: the passage whose tokens answer the query's tokens rises, within what may be read."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import select, update

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.embed import Embedder, EncodedQuery
from ingest.tables import Document, Embedding, Passage
from ingest.token_codec import TokenCodec
from retrieval.rerank import MaxSimReranker, maxsim

EVERYONE = frozenset({"everyone"})


@pytest.fixture
def base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        base.add(b"# Hotels\n\nA hotel night is paid up to 140 euros in cities.\n", "hotels.md")
        base.add(b"# Trains\n\nTrains are booked in second class by the assistant.\n", "trains.md")
        base.add(
            b"# Board\n\nThe board pays hotel nights of any price for its members.\n", "board.md", readers=["group:b"]
        )
        base.work()
        yield base


def passage_ids(base: KnowledgeBase) -> list[int]:
    with base.database.read() as session:
        by_file = select(Passage.id).join(Document, Document.current_version_id == Passage.version_id)
        return list(session.scalars(by_file.order_by(Document.filename.desc())))


def test_maxsim_is_the_weighted_mean_of_each_query_tokens_best_match() -> None:
    codebook = np.zeros((4, 16, 4), dtype=np.float32)
    codebook[:, 1] = 0.5
    codec = TokenCodec(codebook)
    ones, zeros = np.full((1, 16), 0.5, dtype=np.float32), np.zeros((1, 16), dtype=np.float32)
    query = EncodedQuery(ones[0], np.array([5, 6]), np.concatenate([ones, zeros]))
    codes = {7: codec.encode(np.concatenate([ones, zeros])), 8: codec.encode(zeros)}
    scores = maxsim(codec, query, np.array([3.0, 1.0], dtype=np.float32), codes)
    assert scores == pytest.approx({7: 4.0 * 3 / 4, 8: 0.0})


def test_passage_with_the_matching_tokens_scores_higher(base: KnowledgeBase, embedder: Embedder) -> None:
    trains, hotels, _ = passage_ids(base)
    with base.database.read() as session:
        scores = MaxSimReranker(embedder).score(session, "price of a hotel night", [trains, hotels], EVERYONE, 3)
    assert scores[hotels] > scores[trains]


def test_tokens_of_a_passage_that_may_not_be_read_are_not_used(base: KnowledgeBase, embedder: Embedder) -> None:
    _, hotels, board = passage_ids(base)
    with base.database.read() as session:
        scores = MaxSimReranker(embedder).score(session, "hotel nights of the board", [hotels, board], EVERYONE, 3)
    assert scores.keys() == {hotels}


def test_passages_without_token_vectors_are_not_scored(base: KnowledgeBase, embedder: Embedder) -> None:
    trains, hotels, _ = passage_ids(base)
    with base.database.write() as session:
        session.execute(update(Embedding).values(token_ids=b"", token_codes=b""))
    with base.database.read() as session:
        assert MaxSimReranker(embedder).score(session, "hotel", [trains, hotels], EVERYONE, 3) == {}
