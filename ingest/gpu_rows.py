"""Rows of vectors on a device, and the nearest of them: a matrix product, a mask, and the largest of what is left.

Classic faiss-gpu ignores an IDSelector without a word, so who may see what is never left to it: what it is given to
search are rows that were gathered because they may be seen.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

GROUP = 64  # of so many neighbouring scores the largest is looked at first
MIN_BLOCK_ROWS = 1 << 16
MAX_BLOCK_ROWS = 1 << 21
MAX_SCORES = 1 << 30  # at a time, of all queries together
GATHER_DIVISOR = 8  # below n / 8 visible rows, copying them costs less than scoring all
KEPT_RIGHTS = 32
MAX_FAISS_K = 2048
MAX_NORM = 1.5  # vectors are of length 1; the scores of those that are not could not be trusted in float16

GatheredSearch = Callable[[torch.Tensor, torch.Tensor, int], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Nearest:
    """Rows (m,) of the largest scores (m,) on the device, best first.

    A score differs from the exact one by up to `error`. `complete` if no visible row is left out.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    error: float
    complete: bool


@dataclass(frozen=True)
class _Rights:
    """What may be found, for the device: rows `visible` (m,) if they are few, else flags `hidden` (n_padded,)."""

    allowed: NDArray[np.bool_]
    n_rows: int
    n_visible: int
    odd: NDArray[np.int64]
    visible: torch.Tensor | None
    hidden: torch.Tensor | None


class DeviceRows:
    """Rows (n, d) in float16 on a device; only one thread may use it. `append` is the only way in which it changes."""

    def __init__(self, dimension: int, device: str) -> None:
        self.n_rows = 0
        self._dimension = dimension
        self._device = torch.device(device)
        self._product_type = torch.float16 if self._device.type == "cuda" else torch.float32
        self._blocks: list[torch.Tensor] = []
        self._odd = np.zeros(0, dtype=np.int64)
        self._rights: OrderedDict[tuple[int, int], _Rights] = OrderedDict()
        self._gathered_search = faiss_search(self._device)

    def append(self, rows: NDArray[np.float16]) -> None:
        """Copy rows (m, d) to the device, after those that are there."""
        with np.errstate(all="ignore"):
            norms = np.linalg.norm(rows.astype(np.float32), axis=1)
        odd = ~(norms <= MAX_NORM)  # true for what is not a number, too
        if odd.any():
            rows = np.where(odd[:, np.newaxis], np.float16(0), rows)
            self._odd = np.concatenate([self._odd, self.n_rows + np.flatnonzero(odd)])
        while len(rows):
            block, n_used = self._open_block()
            part = rows[: len(block) - n_used]
            block[n_used : n_used + len(part)].copy_(torch.from_numpy(np.require(part, requirements=["C", "W"])))
            rows = rows[len(part) :]
            self.n_rows += len(part)

    def nearest(
        self, queries: NDArray[np.float32], k: int, n_rows: int, allowed: Sequence[NDArray[np.bool_]]
    ) -> list[Nearest]:
        """For each of queries (b, d) the `k` best of the first `n_rows` rows among those that `allowed[i]` (n,) allows.

        Rows that are no unit vectors come first, whatever their score, because it is not known here.
        """
        groups: dict[int, list[int]] = {}
        for place, own in enumerate(allowed):
            groups.setdefault(id(own), []).append(place)
        found: list[Nearest | None] = [None] * len(queries)
        step = max(1, MAX_SCORES // max(1, max((len(block) for block in self._blocks), default=1)))
        with torch.inference_mode():
            for places in groups.values():
                rights = self._rights_of(allowed[places[0]], n_rows)
                for begin in range(0, len(places), step):
                    part = places[begin : begin + step]
                    asked = torch.from_numpy(queries[part]).to(self._device, self._product_type)
                    for place, nearest in zip(part, self._search(asked, k, rights), strict=True):
                        found[place] = nearest
        return [nearest for nearest in found if nearest is not None]

    def _search(self, queries: torch.Tensor, k: int, rights: _Rights) -> list[Nearest]:
        k = min(k, rights.n_visible)
        if rights.visible is not None:
            scores, places = self._among(self._gather(rights.visible), queries, k)
            rows = rights.visible[places]
        else:
            scores, rows = self._among_all(queries, k, rights)
        all_scores, all_rows = scores.float().cpu().numpy(), rows.cpu().numpy()
        error = self._score_error(queries)
        return [self._nearest(*pair, rights, error) for pair in zip(all_rows, all_scores, strict=True)]

    def _nearest(self, rows: NDArray[np.int64], scores: NDArray[np.float32], rights: _Rights, error: float) -> Nearest:
        complete = len(rows) == rights.n_visible
        rows, scores = rows[scores > -np.inf], scores[scores > -np.inf]
        if len(rights.odd):
            rows = np.concatenate([rights.odd, rows])
            scores = np.concatenate([np.full(len(rights.odd), np.inf, dtype=np.float32), scores])
        return Nearest(rows, scores, error, complete)

    def _among(self, rows: torch.Tensor, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores and places (b, k) of the best of gathered rows (m, d)."""
        if self._gathered_search is not None:
            return self._gathered_search(queries, rows, k)
        return torch.topk(queries @ rows.to(self._product_type).T, k)

    def _among_all(self, queries: torch.Tensor, k: int, rights: _Rights) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores and rows (b, k) of the best rows that are not hidden, block by block."""
        assert rights.hidden is not None
        best: list[tuple[torch.Tensor, torch.Tensor]] = []
        begin = 0
        for block in self._blocks:
            n = min(len(block), len(rights.hidden) - begin)
            if n <= 0:
                break
            scores = queries @ block[:n].to(self._product_type).T
            scores.masked_fill_(rights.hidden[begin : begin + n], -torch.inf)
            values, places = _largest(scores, k)
            best.append((values, places + begin))
            begin += n
        values = torch.cat([values for values, _ in best], dim=1)
        rows = torch.cat([rows for _, rows in best], dim=1)
        values, places = torch.topk(values, min(k, values.shape[1]))
        return values, rows.gather(1, places)

    def _gather(self, rows: torch.Tensor) -> torch.Tensor:
        parts = []
        begin = 0
        for block in self._blocks:
            own = rows[(rows >= begin) & (rows < begin + len(block))]
            parts.append(block[own - begin])
            begin += len(block)
        return torch.cat(parts)

    def _rights_of(self, allowed: NDArray[np.bool_], n_rows: int) -> _Rights:
        """The rights on the device, where those of the last `KEPT_RIGHTS` stay if nobody can change the array."""
        key = (id(allowed), n_rows)
        known = self._rights.get(key)
        if known is not None and known.allowed is allowed:
            self._rights.move_to_end(key)
            return known
        rights = self._load_rights(allowed, n_rows)
        if not allowed.flags.writeable:
            self._rights[key] = rights
            if len(self._rights) > KEPT_RIGHTS:
                self._rights.popitem(last=False)
        return rights

    def _load_rights(self, allowed: NDArray[np.bool_], n_rows: int) -> _Rights:
        plain = allowed[:n_rows].copy()
        odd = self._odd[self._odd < n_rows]
        plain[odd] = False
        visible = np.flatnonzero(plain)
        make = partial(_Rights, allowed, n_rows, len(visible), odd[allowed[odd]])
        if len(visible) * GATHER_DIVISOR < n_rows:
            return make(visible=torch.from_numpy(visible).to(self._device), hidden=None)
        hidden = np.ones(-(-n_rows // GROUP) * GROUP, dtype=np.bool_)
        hidden[:n_rows] = ~plain
        return make(visible=None, hidden=torch.from_numpy(hidden).to(self._device))

    def _open_block(self) -> tuple[torch.Tensor, int]:
        """The last block and how many of its rows are taken; a new one, as large as all before, if it is full."""
        capacity = sum(len(block) for block in self._blocks)
        if capacity == self.n_rows:
            n = min(MAX_BLOCK_ROWS, max(MIN_BLOCK_ROWS, capacity))
            self._blocks.append(torch.zeros((n, self._dimension), dtype=torch.float16, device=self._device))
            capacity += n
        block = self._blocks[-1]
        return block, len(block) - (capacity - self.n_rows)

    def _score_error(self, queries: torch.Tensor) -> float:
        """How much a score may differ from the exact one: rounding of query, sum and result to the product's type."""
        largest = float(queries.float().norm(dim=1).max()) * MAX_NORM
        return largest * (2e-3 if self._product_type == torch.float16 else 1e-5)


def _largest(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `k` largest of scores (b, n) and their places, (b, k): those of the `k` groups with the largest maximum."""
    n = scores.shape[1]
    k = min(k, n)
    if n % GROUP or n // GROUP <= 2 * k:
        values, places = torch.topk(scores, k)
        return values, places
    grouped = scores.view(len(scores), -1, GROUP)
    groups = torch.topk(grouped.amax(dim=2), k).indices
    chosen = grouped.gather(1, groups.unsqueeze(2).expand(-1, -1, GROUP)).flatten(1)
    values, places = torch.topk(chosen, k)
    return values, groups.gather(1, places // GROUP) * GROUP + places % GROUP


def faiss_search(device: torch.device) -> GatheredSearch | None:
    """FAISS's brute force search on the GPU, where it was built with it; it needs no copy of all scores."""
    if device.type != "cuda":
        return None
    import faiss  # its GPU part is looked at only where there is a GPU

    if not hasattr(faiss, "StandardGpuResources") or not faiss.get_num_gpus():
        return None
    import faiss.contrib.torch_utils  # lets FAISS read tensors; changes FAISS, so not without need

    resources = faiss.StandardGpuResources()

    def search(queries: torch.Tensor, rows: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        if not 0 < k <= MAX_FAISS_K:
            return torch.topk(queries @ rows.T, k)
        scores, places = faiss.knn_gpu(resources, queries, rows, k, metric=faiss.METRIC_INNER_PRODUCT)
        return scores, places

    return search
