"""How an answer is wanted: where to look, how much to read, how long, and in which conversation."""

from dataclasses import dataclass
from typing import Literal

from generation.events import Length
from generation.pieces import Turn
from retrieval.filters import NO_FILTERS, SearchFilters

DEFAULT_K = 8
Policy = Literal["flag", "strict", "repair"]  # what is done with sentences that their citations do not support


@dataclass(frozen=True)
class AnswerOptions:
    """The choices that come with a question; each has a default.

    `filters` narrow the search, `k` is how many passages are read, `length` of None is the configured one. With a
    `conversation_id` the question may refer to what was asked there before, or else to `turns`, oldest first, which
    whoever asks has kept. A `fresh` answer is written anew even when the same question was answered under the same
    rights and nothing has changed since.
    """

    filters: SearchFilters = NO_FILTERS
    k: int = DEFAULT_K
    length: Length | None = None
    conversation_id: str | None = None
    turns: tuple[Turn, ...] = ()
    fresh: bool = False
