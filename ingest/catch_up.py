"""Applying published documents to a replica's state: from one view to the next."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.device import Device
from ingest.document_table import NOBODY, DocumentEntry, DocumentTable
from ingest.keyword_index import KeywordEntry, KeywordIndex, KeywordReader
from ingest.published import PublishedDocument
from ingest.replica_view import ReplicaView
from ingest.vector_index import append_vectors, empty_index

STACKED_VECTORS = 10_000


def empty_view(dimension: int, keywords: KeywordReader, device: Device | None = None) -> ReplicaView:
    """The state before the first change; its vectors will be searched on `device` if there is one."""
    return ReplicaView(
        seq=0,
        passage_ids=np.zeros(0, dtype=np.int64),
        document_rows=np.zeros(0, dtype=np.int32),
        live=np.zeros(0, dtype=np.bool_),
        documents=DocumentTable(),
        vectors=empty_index(dimension, device),
        keywords=keywords,
    )


def next_view(
    view: ReplicaView,
    keywords: KeywordIndex,
    touched: Sequence[str],
    published: Iterable[PublishedDocument],
    seq: int,
) -> ReplicaView:
    """The state in which every touched document is as in `published`, or gone if it is not there.

    Commits `keywords`. Doing it again changes nothing. Passages whose rows exist keep them, so that a change of
    readers or title moves no vector.
    """
    step = _Step(view, touched)
    for document_id in touched:
        keywords.remove(document_id)
    for document in published:
        keywords.add(_keyword_entries(document))
        step.put(document)
    step.withdraw_rest()
    keywords.commit()
    return step.result(seq, keywords.reader())


class _Step:
    """Collects what changes between two views."""

    def __init__(self, view: ReplicaView, touched: Sequence[str]) -> None:
        self._view = view
        self._live = view.live.copy()
        places = {id_: view.documents.place_of(id_) for id_ in touched}
        self._places = {id_: place for id_, place in places.items() if place is not None}
        self._rows = self._live_rows(self._places)
        self._entries: list[DocumentEntry] = []
        self._n_documents = len(view.documents)
        self._new_ids: list[int] = []
        self._new_places: list[int] = []
        self._new_vectors = _Stack(view.vectors.dimension)

    def put(self, document: PublishedDocument) -> None:
        """Take over a document's readers, and its passages unless their rows are there already."""
        self._entries.append(DocumentEntry(document.id, document.collection, document.readers, document.language))
        place = self._places.pop(document.id, None)
        if place is None:
            place = self._n_documents
            self._n_documents += 1
        embedded = [(passage.id, passage.vector) for passage in document.passages if passage.vector is not None]
        old_rows = self._rows.get(place, np.zeros(0, dtype=np.int64))
        if sorted(self._view.passage_ids[old_rows].tolist()) == sorted(id_ for id_, _ in embedded):
            return
        self._live[old_rows] = False
        for passage_id, vector in embedded:
            self._new_ids.append(passage_id)
            self._new_places.append(place)
            self._new_vectors.add(vector)

    def withdraw_rest(self) -> None:
        """Withdraw the touched documents that were not put."""
        for id_, place in self._places.items():
            self._entries.append(DocumentEntry(id_, "", NOBODY, published=False))
            self._live[self._rows.get(place, np.zeros(0, dtype=np.int64))] = False

    def result(self, seq: int, keywords: KeywordReader) -> ReplicaView:
        """The view after all changes."""
        view, n_new = self._view, len(self._new_ids)
        return ReplicaView(
            seq=seq,
            passage_ids=np.concatenate([view.passage_ids, np.array(self._new_ids, dtype=np.int64)]),
            document_rows=np.concatenate([view.document_rows, np.array(self._new_places, dtype=np.int32)]),
            live=np.concatenate([self._live, np.ones(n_new, dtype=np.bool_)]),
            documents=view.documents.changed(self._entries),
            vectors=append_vectors(view.vectors, self._new_vectors.all()) if n_new else view.vectors,
            keywords=keywords,
        )

    def _live_rows(self, places: dict[str, int]) -> dict[int, NDArray[np.int64]]:
        """Live rows of documents by their place, found in one pass over all rows."""
        wanted = np.fromiter(places.values(), dtype=np.int32, count=len(places))
        rows = np.flatnonzero(np.isin(self._view.document_rows, wanted) & self._view.live)
        rows = rows[np.argsort(self._view.document_rows[rows], kind="stable")]
        own_places, starts = np.unique(self._view.document_rows[rows], return_index=True)
        return dict(zip(own_places.tolist(), np.split(rows, starts[1:]), strict=True)) if len(rows) else {}


class _Stack:
    """Vectors put together as they come, because a million small arrays need twice the memory of one large."""

    def __init__(self, dimension: int) -> None:
        self._full = [np.zeros((0, dimension), dtype=np.float16)]
        self._open: list[NDArray[np.float16]] = []

    def add(self, vector: NDArray[np.float16]) -> None:
        """Put a vector (d,) after those that are there."""
        self._open.append(vector)
        if len(self._open) == STACKED_VECTORS:
            self._full.append(np.stack(self._open))
            self._open = []

    def all(self) -> NDArray[np.float16]:
        """All vectors (m, d)."""
        return np.concatenate([*self._full, *([np.stack(self._open)] if self._open else [])])


def _keyword_entries(document: PublishedDocument) -> Iterable[KeywordEntry]:
    for passage in document.passages:
        yield KeywordEntry(
            passage_id=passage.id,
            document_id=document.id,
            collection=document.collection,
            readers=document.readers,
            title=document.title,
            filename=document.filename,
            heading=passage.heading,
            text=passage.text,
            language=document.language,
        )
