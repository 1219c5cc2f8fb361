"""What is published in SQL, in the shape that the indexes need."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from ingest.database import Change
from ingest.tables import AclEntry, Document, Embedding, Passage, Version

DOCUMENTS_PER_QUERY = 200
ROWS_PER_FETCH = 2000


@dataclass(frozen=True)
class PublishedPassage:
    """A passage of a current version; `vector` (d,) float16 is None if it was not embedded with the model."""

    id: int
    heading: str
    text: str
    vector: NDArray[np.float16] | None


@dataclass(frozen=True)
class PublishedDocument:
    """A document as every search must see it."""

    id: str
    collection: str
    title: str
    filename: str
    language: str | None
    readers: frozenset[str]
    passages: tuple[PublishedPassage, ...]


def changed_documents(session: Session, after: int, until: int) -> list[str]:
    """Ids of the documents that changes `after` < seq ≤ `until` are about."""
    changes = select(Change.document_id).where(Change.seq > after, Change.seq <= until).distinct()
    return list(session.scalars(changes.order_by(Change.document_id)))


def erased_between(session: Session, after: int, until: int) -> bool:
    """Whether a document was erased by a change `after` < seq ≤ `until`."""
    erasures = select(Change.seq).where(Change.seq > after, Change.seq <= until, Change.kind == "erase")
    return session.scalar(erasures.limit(1)) is not None


def describe_change(session: Session, seq: int) -> str:
    """A text that tells this change from any other that ever had its number; empty if there is no such change."""
    change = session.execute(select(Change.document_id, Change.kind, Change.at).where(Change.seq == seq)).one_or_none()
    return f"{change.document_id} {change.kind} {change.at.isoformat()}" if change else ""


def published_ids(session: Session) -> list[str]:
    """Ids of every document that has a published version."""
    return list(session.scalars(select(Document.id).where(Document.current_version_id.is_not(None))))


def read_published(
    session: Session, document_ids: Sequence[str], model_id: str, dimension: int
) -> Iterator[PublishedDocument]:
    """The documents of those ids that are published now, in batches; the others are left out."""
    for begin in range(0, len(document_ids), DOCUMENTS_PER_QUERY):
        yield from _read_batch(session, document_ids[begin : begin + DOCUMENTS_PER_QUERY], model_id, dimension)


def _read_batch(
    session: Session, document_ids: Sequence[str], model_id: str, dimension: int
) -> Iterator[PublishedDocument]:
    fields = select(Document.id, Document.collection, Document.title, Document.filename, Version.language)
    current = fields.join(Version, Version.id == Document.current_version_id)
    documents = session.execute(current.where(Document.id.in_(document_ids)).order_by(Document.id)).all()
    readers: dict[str, set[str]] = {}
    entries = select(AclEntry.document_id, AclEntry.principal).where(AclEntry.document_id.in_(document_ids))
    for document_id, principal in session.execute(entries):
        readers.setdefault(document_id, set()).add(principal)
    passages = _passages_by_document(session, document_ids, model_id, dimension)
    waiting = next(passages, None)
    for document in documents:
        own: tuple[PublishedPassage, ...] = ()
        if waiting is not None and waiting[0] == document.id:
            own = waiting[1]
            waiting = next(passages, None)
        yield PublishedDocument(
            id=document.id,
            collection=document.collection,
            title=document.title,
            filename=document.filename,
            language=document.language,
            readers=frozenset(readers.get(document.id, ())),
            passages=own,
        )


def _passages_by_document(
    session: Session, document_ids: Sequence[str], model_id: str, dimension: int
) -> Iterator[tuple[str, tuple[PublishedPassage, ...]]]:
    """Passages of current versions, document by document in order of id."""
    of_model = and_(Embedding.text_hash == Passage.embedding_hash, Embedding.model_id == model_id)
    statement = (
        select(Document.id, Passage.id, Passage.heading, Passage.text, Embedding.vector)
        .join(Passage, Passage.version_id == Document.current_version_id)
        .outerjoin(Embedding, of_model)
        .where(Document.id.in_(document_ids))
        .order_by(Document.id, Passage.ordinal)
    )
    rows = session.execute(statement, execution_options={"yield_per": ROWS_PER_FETCH})
    for document_id, group in groupby(rows, key=lambda row: str(row[0])):
        yield (
            document_id,
            tuple(
                PublishedPassage(passage_id, heading, text, _vector(stored, dimension))
                for _, passage_id, heading, text, stored in group
            ),
        )


def _vector(stored: bytes | None, dimension: int) -> NDArray[np.float16] | None:
    """The stored vector; one of another length cannot be of this model and counts as absent."""
    if stored is None or len(stored) != 2 * dimension:
        return None
    return np.frombuffer(stored, dtype="<f2").astype(np.float16, copy=False)
