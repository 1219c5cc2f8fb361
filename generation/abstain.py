"""When the documents do not answer: how sure one can be that they do, and what is said when they do not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from generation.candidates import Sentence
from generation.cues import names_and_numbers
from generation.sentence_features import FEATURES
from generation.weights import load_model
from generation.words import content_stems
from ingest.tables import Document, Version
from retrieval.filters import SearchFilters
from retrieval.hit import Hit
from retrieval.permissions import readable_by

MIN_CONFIDENCE = (
    0.5  # the fitting script places the intercept so that 0.5 keeps the wanted share of answerable questions
)
MAX_COLLECTIONS_NAMED = 5
ANSWERABLE_FEATURES = (
    "best_similarity",
    "third_similarity",
    "similarity",
    "passage_similarity",
    "covered",
    "covered_with_neighbours",
    "covered_by_passage",
    "pairs_shared",
    "answer_type",
    "names_missing",
    "names_missing_from_passage",
    "words_missing",
    "words_missing_from_passage",
)
_COPIED = (
    "similarity",
    "passage_similarity",
    "covered",
    "covered_with_neighbours",
    "covered_by_passage",
    "pairs_shared",
    "answer_type",
)
_COLUMN = {name: column for column, name in enumerate(FEATURES)}


def answerable_features(
    question: str,
    hits: Sequence[Hit],
    sentences: Sequence[Sentence],
    features: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> NDArray[np.float32]:
    """What speaks for and against an answer among the sentences.

    Args:
        question: The question.
        hits: The found passages.
        sentences: Their sentences that promise most.
        features: What is known of these sentences (n, len(FEATURES)).
        scores: Their scores (n,).

    Returns:
        One value for each name in `ANSWERABLE_FEATURES`, shape (len(ANSWERABLE_FEATURES),).
    """
    best = int(np.argmax(scores))
    similarity = np.sort(features[:, _COLUMN["similarity"]])
    hit = sentences[best].hit
    passage = f"{hit.title} {hit.heading} {hit.text}"
    everything = " ".join(f"{hit.title} {hit.heading} {hit.text}" for hit in hits)
    names = names_and_numbers(question[:1].lower() + question[1:])
    asked = set(content_stems(question))
    values = (
        similarity[-1],
        similarity[max(-3, -len(similarity))],
        *(features[best, _COLUMN[name]] for name in _COPIED),
        _n_missing(names, everything),
        _n_missing(names, passage),
        len(asked - set(content_stems(everything))) / max(1, len(asked)),
        len(asked - set(content_stems(passage))) / max(1, len(asked)),
    )
    return np.array(values, dtype=np.float32)


def _n_missing(names: set[str], text: str) -> float:
    lowered = text.lower()
    return float(min(3, sum(name not in lowered for name in names)))


def confidence(features: NDArray[np.float32]) -> float:
    """The probability in 0..1 that a question is answered, from its `answerable_features`."""
    log_odds = float(load_model("answerable", ANSWERABLE_FEATURES).score(features[None, :])[0])
    return 1.0 / (1.0 + math.exp(-log_odds))


@dataclass(frozen=True)
class SearchedScope:
    """What a search went through for one person: documents and passages they may read, and their collections."""

    n_documents: int
    n_passages: int
    collections: tuple[str, ...]


def searched_scope(session: Session, principals: frozenset[str], filters: SearchFilters) -> SearchedScope:
    """Count what one of `principals` may read now, of what the filters let through."""
    statement = (
        select(Document.collection, func.count(), func.sum(Version.n_passages))
        .join(Version, Version.id == Document.current_version_id)
        .where(readable_by(principals), *filters.conditions())
        .group_by(Document.collection)
        .order_by(Document.collection)
    )
    rows = session.execute(statement).all()
    return SearchedScope(sum(row[1] for row in rows), sum(row[2] for row in rows), tuple(row[0] for row in rows))


def abstention_text(scope: SearchedScope, n_hits: int) -> str:
    """What is said instead of an answer: that there is none, what was searched, and what is nearest."""
    if scope.n_documents == 0:
        return "No document that you may read answers this question: there is none to search here yet."
    passages = "1 passage" if scope.n_passages == 1 else f"{scope.n_passages:,} passages"
    documents = "1 document" if scope.n_documents == 1 else f"{scope.n_documents:,} documents"
    named = ", ".join(scope.collections[:MAX_COLLECTIONS_NAMED])
    if len(scope.collections) > MAX_COLLECTIONS_NAMED:
        named += f" and {len(scope.collections) - MAX_COLLECTIONS_NAMED} more"
    where = f"collection{'s' if len(scope.collections) > 1 else ''} {named}"
    text = f"The documents do not answer this question. I searched {passages} of {documents} in {where}."
    return f"{text} The nearest passages are listed below; they may help." if n_hits else text
