"""A state of the indexes at one change number, which does not change while it is searched."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest.document_table import DocumentTable
from ingest.keyword_index import KeywordReader
from ingest.vector_index import VectorIndex


@dataclass(frozen=True)
class ReplicaView:
    """Arrays over vector rows 0 … n-1, and both indexes, at change number `seq`.

    `passage_ids` (n,) int64 and `document_rows` (n,) int32 say what a row is; `documents` is indexed by the
    latter. Rows where `live` (n,) is false are of withdrawn versions. A passage that was not embedded with the model
    has no row and is found by keyword only.
    """

    seq: int
    passage_ids: NDArray[np.int64]
    document_rows: NDArray[np.int32]
    live: NDArray[np.bool_]
    documents: DocumentTable
    vectors: VectorIndex
    keywords: KeywordReader

    def rows_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The live rows (m,) of passages (m,); -1 where a passage has none."""
        ids, rows = self._live_by_id
        if not len(ids):
            return np.full(len(passage_ids), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(ids, passage_ids), len(ids) - 1)
        return np.where(ids[places] == passage_ids, rows[places], -1)

    @property
    def n_dead(self) -> int:
        """How many rows are of withdrawn versions."""
        return len(self.live) - int(self.live.sum())

    @cached_property
    def _live_by_id(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids of live passages, ascending, and their rows."""
        rows = np.flatnonzero(self.live)
        order = np.argsort(self.passage_ids[rows])
        return self.passage_ids[rows][order], rows[order]
