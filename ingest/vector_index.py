"""The vector index: exact while a collection is small, compressed codes with exact rescoring when it is large.

With a GPU the rows are on it too, and an exact search there comes before both (see `ingest.gpu_index`).
"""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.device import Device
from ingest.exact_index import ROWS_NAME, ExactIndex, to_half
from ingest.faiss_index import CODES_NAME, FaissIndex
from ingest.gpu_index import GpuIndex, HostIndex

VECTOR_FORMAT = 1  # raise it when files change; older snapshots are then rebuilt
MAX_EXACT_ROWS = 50_000
COPIED_ROWS = 65_536


class VectorIndex(Protocol):
    """Unit vectors at rows 0 … n-1, kept in float16. A value: it never changes, and is safe in any thread.

    `description` says in a few words how it searches, `degraded` by a name what keeps it from searching as it should.
    """

    dimension: int
    n_rows: int

    @property
    def description(self) -> str: ...

    @property
    def degraded(self) -> str | None: ...

    def search(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The `k` rows nearest to `query` (d,) by inner product among those where `allowed` (n,) is true.

        Returns:
            rows and scores, both (m,), m ≤ k, best first; of equal scores the lower row first. A row with a value
            that is not finite is never found.
        """
        ...

    def search_many(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """`search` for each of queries (b, d), in less time."""
        ...

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (m, d) of rows (m,)."""
        ...

    def stored(self, begin: int, end: int) -> NDArray[np.float16]:
        """Rows `begin` ≤ i < `end` as they are stored, (end - begin, d)."""
        ...

    def save(self, folder: Path) -> None:
        """Write the index into a folder, for `load_vectors`."""
        ...


def empty_index(dimension: int, device: Device | None = None) -> VectorIndex:
    """An index without rows, whose rows will also be on `device` if there is one."""
    return _placed(ExactIndex(dimension), device)


def append_vectors(index: VectorIndex, vectors: NDArray[np.floating]) -> VectorIndex:
    """An index of the old rows and the rows of `vectors` (m, d) after them; the old index stays as it is."""
    if isinstance(index, GpuIndex):
        return index.appended(_appended(index.host, vectors))
    return _appended(_host(index), vectors)


def keep_rows(index: VectorIndex, rows: NDArray[np.int64]) -> VectorIndex:
    """An index of some of the rows (ascending), in their order, as if no other had ever been there.

    Takes seconds for a large index, as its codes are made anew.
    """
    kept = np.empty((len(rows), index.dimension), dtype=np.float16)
    for begin in range(0, len(rows), COPIED_ROWS):
        part = slice(begin, begin + COPIED_ROWS)
        kept[part] = to_half(index.vectors(rows[part]))
    host = _appended(ExactIndex(index.dimension), kept)
    return index.replaced(host) if isinstance(index, GpuIndex) else host


def retrained(index: VectorIndex) -> VectorIndex | None:
    """The index with codes made for the rows it has now; None if those it has are good at them, or it has none.

    Takes seconds. It is not on a device: see `carried_on`.
    """
    host = _host(index)
    if not isinstance(host, FaissIndex) or not host.has_drifted():
        return None
    return FaissIndex.trained(host.stored(0, host.n_rows))


def read_from_disk(index: VectorIndex, folder: Path) -> VectorIndex | None:
    """The index that `save` wrote into `folder`, its rows in the file instead of in memory; None for a small one.

    It is not on a device: see `carried_on`.
    """
    host = _host(index)
    return host.on_disk(folder) if isinstance(host, FaissIndex) else None


def carried_on(index: VectorIndex, current: VectorIndex) -> VectorIndex:
    """`index`, an earlier state of `current` made better, with the rows that came since; on the same device."""
    host = _host(index)
    if current.n_rows > host.n_rows:
        host = _appended(host, current.stored(host.n_rows, current.n_rows))
    return current.rehosted(host) if isinstance(current, GpuIndex) else host


def load_vectors(folder: Path, device: Device | None = None) -> VectorIndex:
    """Open the index that `save` wrote into a folder; verify the folder's manifest before."""
    if (folder / CODES_NAME).exists():
        return _placed(FaissIndex.load(folder), device)
    rows = np.load(folder / ROWS_NAME)
    return _placed(ExactIndex(rows.shape[1]).appended(rows), device)


def _placed(host: HostIndex, device: Device | None) -> VectorIndex:
    return host if device is None else GpuIndex.on(device, host)


def _host(index: VectorIndex) -> HostIndex:
    host = index.host if isinstance(index, GpuIndex) else index
    assert isinstance(host, ExactIndex | FaissIndex)
    return host


def _appended(host: HostIndex, vectors: NDArray[np.floating]) -> HostIndex:
    n_total = host.n_rows + len(vectors)
    if isinstance(host, FaissIndex) or n_total <= MAX_EXACT_ROWS:
        return host.appended(vectors)
    if not host.n_rows:
        return FaissIndex.trained(to_half(vectors))
    rows = np.empty((n_total, host.dimension), dtype=np.float16)
    rows[: host.n_rows] = host.stored(0, host.n_rows)
    rows[host.n_rows :] = to_half(vectors)
    return FaissIndex.trained(rows)
