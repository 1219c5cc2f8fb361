"""What is done to a replica's vectors in the background, because it takes seconds: searches go on meanwhile.

Rows of withdrawn versions are dropped when there are many, codes are made anew when they fit the rows no more, and rows
that were written to disk are read from there.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.document_table import DocumentTable
from ingest.replica_view import ReplicaView
from ingest.vector_index import VectorIndex, append_vectors, carried_on, keep_rows, read_from_disk, retrained

MIN_DEAD_ROWS = 1000
MAX_DEAD_FRACTION = 0.3


@dataclass(frozen=True)
class TidyVectors:
    """The rows `kept` (m,), ascending, of a state with `passage_ids` (n,), in a better index."""

    passage_ids: NDArray[np.int64]
    kept: NDArray[np.int64]
    vectors: VectorIndex


def tidy(view: ReplicaView) -> TidyVectors | None:
    """The vectors of a state as they should be, None if they are; this is what takes long."""
    if view.n_dead > max(MIN_DEAD_ROWS, MAX_DEAD_FRACTION * len(view.live)):
        rows = np.flatnonzero(view.live)
        return TidyVectors(view.passage_ids, rows, keep_rows(view.vectors, rows))
    return _same_rows(view, retrained(view.vectors))


def on_disk(view: ReplicaView, snapshot: Path) -> TidyVectors | None:
    """The vectors of a state that was written to `snapshot`, read from there; None if they are few."""
    return _same_rows(view, read_from_disk(view.vectors, snapshot))


def _same_rows(view: ReplicaView, vectors: VectorIndex | None) -> TidyVectors | None:
    return None if vectors is None else TidyVectors(view.passage_ids, np.arange(len(view.live)), vectors)


def with_tidy_vectors(view: ReplicaView, tidied: TidyVectors) -> ReplicaView:
    """A state with tidy vectors, and the rows that came since; as it is if it is not of the same history."""
    n_old, n_kept = len(tidied.passage_ids), len(tidied.kept)
    if not np.array_equal(view.passage_ids[:n_old], tidied.passage_ids):
        return view
    if n_kept == n_old:
        return replace(view, vectors=carried_on(tidied.vectors, view.vectors))
    rows = np.concatenate([tidied.kept, np.arange(n_old, len(view.live))])
    kept = np.zeros(len(view.documents), dtype=np.bool_)
    kept[[place for place, entry in enumerate(view.documents) if entry.published]] = True
    kept[view.document_rows[rows]] = True
    places = np.cumsum(kept, dtype=np.int32) - 1
    return replace(
        view,
        passage_ids=view.passage_ids[rows],
        document_rows=places[view.document_rows[rows]],
        live=view.live[rows],
        documents=DocumentTable(entry for entry, stays in zip(view.documents, kept, strict=True) if stays),
        vectors=append_vectors(tidied.vectors, view.vectors.stored(n_old, len(view.live))),
    )
