"""Applying published documents to a replica's state: from one view to the next."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.exact_index import ExactIndex
from ingest.keyword_index import KeywordEntry, KeywordIndex, KeywordReader
from ingest.published import PublishedDocument
from ingest.replica_view import DocumentEntry, ReplicaView
from ingest.vector_index import append_vectors

MIN_DEAD_ROWS = 1000
MAX_DEAD_FRACTION = 0.3


def empty_view(dimension: int, keywords: KeywordReader) -> ReplicaView:
    """The state before the first change."""
    return ReplicaView(
        seq=0,
        passage_ids=np.zeros(0, dtype=np.int64),
        document_rows=np.zeros(0, dtype=np.int32),
        live=np.zeros(0, dtype=np.bool_),
        documents=(),
        vectors=ExactIndex(dimension),
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
    return compacted(step.result(seq, keywords.reader()))


def compacted(view: ReplicaView) -> ReplicaView:
    """The view without dead rows and withdrawn documents, if there are many of them; else the view itself."""
    if view.n_dead <= max(MIN_DEAD_ROWS, MAX_DEAD_FRACTION * len(view.live)):
        return view
    rows = np.flatnonzero(view.live)
    kept = [place for place, entry in enumerate(view.documents) if entry.published]
    new_place = np.full(len(view.documents), -1, dtype=np.int32)
    new_place[kept] = np.arange(len(kept), dtype=np.int32)
    return ReplicaView(
        seq=view.seq,
        passage_ids=view.passage_ids[rows],
        document_rows=new_place[view.document_rows[rows]],
        live=np.ones(len(rows), dtype=np.bool_),
        documents=tuple(view.documents[place] for place in kept),
        vectors=append_vectors(ExactIndex(view.vectors.dimension), view.vectors.vectors(rows)),
        keywords=view.keywords,
    )


class _Step:
    """Collects what changes between two views."""

    def __init__(self, view: ReplicaView, touched: Sequence[str]) -> None:
        self._view = view
        self._live = view.live.copy()
        self._documents = list(view.documents)
        self._places = {id_: view.row_by_document[id_] for id_ in touched if id_ in view.row_by_document}
        self._rows = self._live_rows(self._places)
        self._new_ids: list[int] = []
        self._new_places: list[int] = []
        self._new_vectors: list[NDArray[np.float16]] = []

    def put(self, document: PublishedDocument) -> None:
        """Take over a document's readers, and its passages unless their rows are there already."""
        entry = DocumentEntry(document.id, document.collection, document.readers)
        place = self._places.pop(document.id, None)
        if place is None:
            place = len(self._documents)
            self._documents.append(entry)
        self._documents[place] = entry
        embedded = [(passage.id, passage.vector) for passage in document.passages if passage.vector is not None]
        old_rows = self._rows.get(place, np.zeros(0, dtype=np.int64))
        if sorted(self._view.passage_ids[old_rows].tolist()) == sorted(id_ for id_, _ in embedded):
            return
        self._live[old_rows] = False
        for passage_id, vector in embedded:
            self._new_ids.append(passage_id)
            self._new_places.append(place)
            self._new_vectors.append(vector)

    def withdraw_rest(self) -> None:
        """Withdraw the touched documents that were not put."""
        for id_, place in self._places.items():
            self._documents[place] = DocumentEntry(id_, "", frozenset(), published=False)
            self._live[self._rows.get(place, np.zeros(0, dtype=np.int64))] = False

    def result(self, seq: int, keywords: KeywordReader) -> ReplicaView:
        """The view after all changes."""
        view, n_new = self._view, len(self._new_ids)
        return ReplicaView(
            seq=seq,
            passage_ids=np.concatenate([view.passage_ids, np.array(self._new_ids, dtype=np.int64)]),
            document_rows=np.concatenate([view.document_rows, np.array(self._new_places, dtype=np.int32)]),
            live=np.concatenate([self._live, np.ones(n_new, dtype=np.bool_)]),
            documents=tuple(self._documents),
            vectors=append_vectors(view.vectors, np.stack(self._new_vectors)) if n_new else view.vectors,
            keywords=keywords,
        )

    def _live_rows(self, places: dict[str, int]) -> dict[int, NDArray[np.int64]]:
        """Live rows of documents by their place, found in one pass over all rows."""
        wanted = np.fromiter(places.values(), dtype=np.int32, count=len(places))
        rows = np.flatnonzero(np.isin(self._view.document_rows, wanted) & self._view.live)
        rows = rows[np.argsort(self._view.document_rows[rows], kind="stable")]
        own_places, starts = np.unique(self._view.document_rows[rows], return_index=True)
        return dict(zip(own_places.tolist(), np.split(rows, starts[1:]), strict=True)) if len(rows) else {}


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
        )
