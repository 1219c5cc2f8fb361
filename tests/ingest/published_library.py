"""Documents put straight into SQL as if they had been ingested, for tests of the indexes."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingest.database import ChangeKind, Database, record_change
from ingest.replica import Replica
from ingest.tables import AclEntry, Document, Embedding, Passage, Version

MODEL = "words-of-a-test:1"
DIMENSION = 32
EVERYONE = frozenset({"everyone"})


def vector_of(text: str) -> NDArray[np.float16]:
    """A unit vector (d,) that depends on the text alone."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    values = np.random.default_rng(seed).standard_normal(DIMENSION)
    return (values / np.linalg.norm(values)).astype(np.float16)


class PublishedLibrary:
    """Publishes, withdraws and shares documents, each in one transaction with its change number."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def publish(
        self,
        filename: str,
        passages: Sequence[str],
        readers: Iterable[str] = EVERYONE,
        *,
        collection: str = "default",
        embed: bool = True,
    ) -> str:
        """Publish a document, or a new version of it; returns its id."""
        with self.database.write() as session:
            document = session.scalar(
                select(Document).where(Document.source == filename, Document.collection == collection)
            )
            if document is None:
                document = Document(collection=collection, source=filename, filename=filename, title=filename)
                session.add(document)
                session.flush()
                session.add_all(AclEntry(document_id=document.id, principal=principal) for principal in readers)
            self._add_version(session, document, passages, embed=embed)
            record_change(session, "publish", document.id)
            return document.id

    def embed(self, *texts: str) -> None:
        """Store the vectors of texts that have none yet."""
        with self.database.write() as session:
            self._store_vectors(session, texts)

    def touch(self, document_id: str, kind: ChangeKind = "publish") -> None:
        """Record a change of a document that may be unchanged."""
        with self.database.write() as session:
            record_change(session, kind, document_id)

    def share(self, document_id: str, *readers: str) -> None:
        """Replace a document's readers."""
        with self.database.write() as session:
            session.execute(delete(AclEntry).where(AclEntry.document_id == document_id))
            session.add_all(AclEntry(document_id=document_id, principal=principal) for principal in readers)
            record_change(session, "readers", document_id)

    def remove(self, document_id: str) -> None:
        """Delete a document."""
        with self.database.write() as session:
            session.execute(delete(Document).where(Document.id == document_id))
            record_change(session, "withdraw", document_id)

    def catch_up(self, replica: Replica) -> int:
        """Let a replica follow."""
        with self.database.read() as session:
            return replica.catch_up(session)

    def open(self, replica: Replica) -> Replica:
        """Open a replica; returns it."""
        with self.database.read() as session:
            replica.open(session)
        return replica

    def _add_version(self, session: Session, document: Document, passages: Sequence[str], *, embed: bool) -> None:
        versions = session.scalars(select(Version).where(Version.document_id == document.id)).all()
        if document.current_version_id is not None:
            session.execute(delete(Passage).where(Passage.version_id == document.current_version_id))
        version = Version(
            document_id=document.id,
            number=len(versions) + 1,
            sha256=hashlib.sha256("".join(passages).encode()).hexdigest(),
            size_bytes=1,
            filename=document.filename,
            status="searchable",
        )
        session.add(version)
        session.flush()
        document.current_version_id = version.id
        session.add_all(
            Passage(
                version_id=version.id, ordinal=i, page=1, start=0, end=len(text), text=text, embedding_hash=_hash(text)
            )
            for i, text in enumerate(passages)
        )
        if embed:
            self._store_vectors(session, passages)

    def _store_vectors(self, session: Session, texts: Iterable[str]) -> None:
        for text in dict.fromkeys(texts):
            if session.get(Embedding, (MODEL, _hash(text))) is None:
                session.add(Embedding(model_id=MODEL, text_hash=_hash(text), vector=vector_of(text).tobytes()))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
