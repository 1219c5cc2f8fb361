"""Who may read a document: the one place where that is decided, in SQL and over an index's rows.

The rule: a person may read a document when one of its ACL entries names one of the person's principals.
No principals, no documents. There is no bypass, for nobody.
"""

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, exists

from ingest.replica_view import ReplicaView
from ingest.tables import AclEntry, Document


def readable_by(principals: frozenset[str]) -> ColumnElement[bool]:
    """The rule as a condition on `Document`, for every query that leads to content."""
    return exists().where(AclEntry.document_id == Document.id, AclEntry.principal.in_(sorted(principals)))


def readable_rows(view: ReplicaView, principals: frozenset[str]) -> NDArray[np.bool_]:
    """The rule over an index's passage rows, shape (n,): live, and readable."""
    if not len(view.document_rows):
        return np.zeros(0, dtype=np.bool_)
    return view.live & view.documents.having_reader(principals)[view.document_rows]


def readable_languages(view: ReplicaView, principals: frozenset[str]) -> dict[str | None, float]:
    """The share of each language (ISO 639-1) among the documents that may be read, largest first; None is unknown."""
    return view.documents.language_shares(view.documents.having_reader(principals))


class ReadableRows:
    """Remembers `readable_rows` while the index does not change: the same rights on the same view give the same rows.

    The key is the whole set of principals, so that no two people with different rights ever share an entry. As the
    same rights give the same array, a GPU keeps them, too.
    """

    def __init__(self, max_entries: int = 32) -> None:
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._view: ReplicaView | None = None
        self._rows: OrderedDict[frozenset[str], NDArray[np.bool_]] = OrderedDict()

    def of(self, view: ReplicaView, principals: frozenset[str]) -> NDArray[np.bool_]:
        """What `readable_rows` gives, (n,), read-only."""
        with self._lock:
            if self._view is not view:
                self._view = view
                self._rows.clear()
            known = self._rows.get(principals)
            if known is not None:
                self._rows.move_to_end(principals)
                return known
        rows = readable_rows(view, principals)
        rows.flags.writeable = False
        with self._lock:
            if self._view is view:
                self._rows[principals] = rows
                if len(self._rows) > self._max_entries:
                    self._rows.popitem(last=False)
        return rows
