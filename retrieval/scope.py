"""The scope of a search: what one person may read of what the filters let through, resolved once a search."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from ingest.replica_view import ReplicaView
from retrieval.filters import SearchFilters, matching_documents
from retrieval.permissions import ReadableRows, readable_languages

MAX_REMEMBERED = 32


@dataclass(frozen=True)
class Scope:
    """Where one search looks, for both sides of it.

    `rows` (n,) are the vector index's rows that may be found; `documents` are ids of those the filters let through and
    the person may read, None where nothing is filtered. Keyword search is bound by `principals` as well. `languages`
    are the shares of languages (ISO 639-1) among the readable documents, filtered or not; None is unknown.
    """

    principals: frozenset[str]
    filters: SearchFilters
    rows: NDArray[np.bool_]
    documents: frozenset[str] | None
    languages: Mapping[str | None, float]


class Scopes:
    """Resolves scopes, and remembers them while the index does not change; every change to a document makes a new one.

    The key is the whole set of principals, so that no two people with different rights ever share an entry.
    """

    def __init__(self) -> None:
        self._readable = ReadableRows()
        self._lock = threading.Lock()
        self._view: ReplicaView | None = None
        self._scopes: OrderedDict[tuple[frozenset[str], SearchFilters], Scope] = OrderedDict()

    def of(self, session: Session, view: ReplicaView, principals: frozenset[str], filters: SearchFilters) -> Scope:
        """The rows and documents that a search by `principals` may find, with the filters on top."""
        readable = self._readable.of(view, principals)
        if not filters:
            return Scope(principals, filters, readable, None, readable_languages(view, principals))
        key = (principals, filters)
        with self._lock:
            if self._view is not view:
                self._view = view
                self._scopes.clear()
            if key in self._scopes:
                self._scopes.move_to_end(key)
                return self._scopes[key]
        documents = matching_documents(session, filters, principals)
        rows = readable & _rows_of_documents(view, documents)
        scope = Scope(principals, filters, rows, documents, readable_languages(view, principals))
        with self._lock:
            if self._view is view:
                self._scopes[key] = scope
                if len(self._scopes) > MAX_REMEMBERED:
                    self._scopes.popitem(last=False)
        return scope


def _rows_of_documents(view: ReplicaView, documents: frozenset[str]) -> NDArray[np.bool_]:
    """Whether each row (n,) is of one of the documents."""
    wanted = np.zeros(len(view.documents) + 1, dtype=np.bool_)
    places = [view.documents.published_place_of(id_) for id_ in documents]
    wanted[[place for place in places if place is not None]] = True
    return wanted[view.document_rows]
