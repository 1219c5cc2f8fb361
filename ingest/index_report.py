"""Comparing the indexes with SQL, both ways."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from ingest.published import PublishedDocument, published_ids, read_published
from ingest.replica_view import ReplicaView


@dataclass(frozen=True)
class IndexReport:
    """How the indexes differ from SQL; counts are passages unless they say documents.

    Orphans are in an index but not published; missing ones are published but not in the index. `not_embedded` of the
    missing vectors do not exist under the model at all.
    """

    seq: int
    n_documents: int
    n_passages: int
    vector_orphans: int
    vector_missing: int
    not_embedded: int
    vector_wrong: int
    documents_wrong_readers: int
    keyword_orphans: int
    keyword_missing: int
    keyword_wrong_readers: int

    @property
    def matches(self) -> bool:
        """Whether the indexes hold exactly what is published."""
        return not (
            self.vector_orphans
            or self.vector_missing
            or self.vector_wrong
            or self.documents_wrong_readers
            or self.keyword_orphans
            or self.keyword_missing
            or self.keyword_wrong_readers
        )


def compare_with_sql(session: Session, view: ReplicaView, model_id: str) -> IndexReport:
    """Read everything that is published and everything that `view` holds, and count the differences."""
    tally = _Tally(view)
    for document in read_published(session, published_ids(session), model_id, view.vectors.dimension):
        tally.compare(document)
    return tally.report()


class _Tally:
    """Crosses off what was found; what is left in an index at the end is an orphan."""

    def __init__(self, view: ReplicaView) -> None:
        self._view = view
        self._keyword_keys = {keys.passage_id: keys for keys in view.keywords.stored_keys()}
        self._keyword_duplicates = view.keywords.n_passages - len(self._keyword_keys)
        self._vector_ids = set(view.passage_ids[view.live].tolist())
        self._vector_duplicates = int(view.live.sum()) - len(self._vector_ids)
        self._entries = {entry.id: entry for entry in view.documents if entry.published}
        self._n_documents = self._n_passages = self._wrong_documents = 0
        self._not_embedded = self._vector_missing = self._vector_wrong = 0
        self._keyword_missing = self._keyword_wrong = 0

    def compare(self, document: PublishedDocument) -> None:
        self._n_documents += 1
        self._n_passages += len(document.passages)
        entry = self._entries.pop(document.id, None)
        expected = (document.collection, document.readers)
        if entry is None or (entry.collection, entry.readers) != expected:
            self._wrong_documents += 1
        for passage in document.passages:
            keys = self._keyword_keys.pop(passage.id, None)
            if keys is None:
                self._keyword_missing += 1
            elif (keys.document_id, keys.collection, keys.readers) != (document.id, *expected):
                self._keyword_wrong += 1
        self._compare_vectors(document)

    def _compare_vectors(self, document: PublishedDocument) -> None:
        for passage, row in zip(document.passages, self._rows(document), strict=True):
            if passage.vector is None:
                self._not_embedded += 1
                self._vector_missing += 1
            elif row < 0:
                self._vector_missing += 1
            else:
                self._vector_ids.discard(passage.id)
                owner = self._view.documents[self._view.document_rows[row]].id
                stored = self._view.vectors.vectors(np.array([row]))[0].astype(np.float16)
                self._vector_wrong += owner != document.id or not np.array_equal(stored, passage.vector)

    def _rows(self, document: PublishedDocument) -> list[int]:
        ids = np.array([passage.id for passage in document.passages], dtype=np.int64)
        rows: list[int] = self._view.rows_of(ids).tolist()
        return rows

    def report(self) -> IndexReport:
        return IndexReport(
            seq=self._view.seq,
            n_documents=self._n_documents,
            n_passages=self._n_passages,
            vector_orphans=len(self._vector_ids) + self._vector_duplicates,
            vector_missing=self._vector_missing,
            not_embedded=self._not_embedded,
            vector_wrong=self._vector_wrong,
            documents_wrong_readers=self._wrong_documents + len(self._entries),
            keyword_orphans=len(self._keyword_keys) + self._keyword_duplicates,
            keyword_missing=self._keyword_missing,
            keyword_wrong_readers=self._keyword_wrong,
        )
