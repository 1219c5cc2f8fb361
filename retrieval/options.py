"""Search options: which searches run, how their rankings are merged, and in what form the hits come."""

from dataclasses import dataclass
from typing import Literal

SearchMode = Literal["hybrid", "vector", "keyword"]
Fusion = Literal["mean", "rrf"]
Group = Literal["passage", "page", "document"]


@dataclass(frozen=True)
class SearchOptions:
    """How to search; the defaults are what measures best.

    `mode` runs both searches or one; `fusion` merges them by weighted mean, or by reciprocal rank for comparison;
    `rerank` compares the best once more, in hybrid search. `group` gives out only the best passage of each page or
    document. `collapse` lists passages that say the same under the best of them, `merge_neighbours` joins found
    passages that follow each other on a page. `explain` adds every stage's score and rank to the hits.
    """

    mode: SearchMode = "hybrid"
    fusion: Fusion = "mean"
    rerank: bool = True
    group: Group = "passage"
    collapse: bool = True
    merge_neighbours: bool = False
    explain: bool = False


DEFAULTS = SearchOptions()
