"""Hit: a passage that was found for a query, as a person who may read it sees it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where a passage stands; `start` and `end` are character offsets in the version's text, `page` counts from 1."""

    passage_id: int
    document_id: str
    version_id: str
    title: str
    filename: str
    collection: str
    page: int
    start: int
    end: int


@dataclass(frozen=True)
class StageScore:
    """What one stage of a search made of a passage: its score, and its rank from 1 among those that it scored."""

    stage: str
    score: float
    rank: int


@dataclass(frozen=True)
class Hit:
    """A passage with its place and its scores.

    `start` and `end` are character offsets in the version's text, `page` counts from 1, `rank` from 1. `score` is the
    final score in 0..1 of one search; scores of different searches are not comparable. `vector_score` is the cosine to
    the query, None where the passage has no vector or only keywords were searched, `keyword_score` the BM25 score, None
    where keyword search did not find it. `duplicates` are readable passages that say the same; `explanation` has the
    stages in their order where it was asked for.
    """

    passage_id: int
    document_id: str
    version_id: str
    version_sha256: str
    title: str
    filename: str
    collection: str
    page: int
    start: int
    end: int
    heading: str
    text: str
    score: float
    rank: int
    vector_score: float | None
    keyword_score: float | None
    duplicates: tuple[Place, ...] = ()
    explanation: tuple[StageScore, ...] = ()
