"""The documents that the indexes know, and which of them a person may read, at the size of a million."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DocumentEntry:
    """What the indexes know of a document; a withdrawn one has no readers until it is compacted away.

    `language` is ISO 639-1, None where it could not be told.
    """

    id: str
    collection: str
    readers: frozenset[str]
    language: str | None = None
    published: bool = True


@dataclass
class _History:
    """What tables with a common history share. It only grows, so what a table refers to never changes.

    A document keeps its place. Equal sets of readers have one number, and `numbers_of` a principal are those of the
    sets that it is in.
    """

    n_claimed: int = 0  # documents of the longest table; who wants to append others needs a history of its own
    places: dict[str, int] = field(default_factory=dict)
    numbers: dict[frozenset[str], int] = field(default_factory=dict)
    numbers_of: dict[str, list[int]] = field(default_factory=dict)
    languages: dict[str | None, int] = field(default_factory=dict)

    def number(self, readers: frozenset[str]) -> int:
        if readers not in self.numbers:
            number = len(self.numbers)
            for principal in readers:
                self.numbers_of.setdefault(principal, []).append(number)
            self.numbers[readers] = number
        return self.numbers[readers]

    def language_number(self, language: str | None) -> int:
        return self.languages.setdefault(language, len(self.languages))


class DocumentTable(Sequence[DocumentEntry]):
    """Documents by their place, 0 … n-1; a value, which `changed` extends without touching searches under way."""

    def __init__(self, entries: Iterable[DocumentEntry] = ()) -> None:
        self._entries: list[DocumentEntry] = list(entries)
        self._history = _History(n_claimed=len(self._entries))
        self._history.places = {entry.id: place for place, entry in enumerate(self._entries)}
        numbers = [self._history.number(entry.readers) for entry in self._entries]
        self._readers = np.array(numbers, dtype=np.int32)
        languages = [self._history.language_number(entry.language) for entry in self._entries]
        self._languages = np.array(languages, dtype=np.int16)
        self._n_sets = len(self._history.numbers)
        self.n_published = sum(entry.published for entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> DocumentEntry: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[DocumentEntry]: ...
    def __getitem__(self, place: int | slice) -> DocumentEntry | Sequence[DocumentEntry]:
        return self._entries[place]

    def place_of(self, document_id: str) -> int | None:
        """Where a document stands, published or withdrawn; None if it was never there."""
        place = self._history.places.get(document_id)
        return place if place is not None and place < len(self) else None

    def published_place_of(self, document_id: str) -> int | None:
        """Where a published document stands."""
        place = self.place_of(document_id)
        return place if place is not None and self._entries[place].published else None

    def changed(self, entries: Sequence[DocumentEntry]) -> "DocumentTable":
        """This table with other entries for documents that are in it, and those that are not after them."""
        if self._history.n_claimed != len(self):
            return DocumentTable(self._entries).changed(entries)
        history, result = self._history, DocumentTable()
        result._entries, result._history, result.n_published = self._entries.copy(), history, self.n_published
        n_new = len({entry.id for entry in entries} - history.places.keys())
        result._readers = np.concatenate([self._readers, np.zeros(n_new, dtype=np.int32)])
        result._languages = np.concatenate([self._languages, np.zeros(n_new, dtype=np.int16)])
        for entry in entries:
            place = history.places.setdefault(entry.id, len(result._entries))
            if place == len(result._entries):
                result._entries.append(entry)
            else:
                result.n_published -= result._entries[place].published
                result._entries[place] = entry
            result.n_published += entry.published
            result._readers[place] = history.number(entry.readers)
            result._languages[place] = history.language_number(entry.language)
        history.n_claimed, result._n_sets = len(result._entries), len(history.numbers)
        return result

    def having_reader(self, principals: frozenset[str]) -> NDArray[np.bool_]:
        """Whether each document (n,) has one of the principals among its readers.

        Each different set of readers is looked at once, and only those that one of the principals is in.
        """
        sets = np.zeros(self._n_sets, dtype=np.bool_)
        for principal in principals:
            numbers = np.array(self._history.numbers_of.get(principal, ()), dtype=np.int64)
            sets[numbers[numbers < self._n_sets]] = True
        return sets[self._readers]

    def language_shares(self, wanted: NDArray[np.bool_]) -> dict[str | None, float]:
        """The share of each language among documents true in `wanted` (n,), largest first; empty if none are."""
        names = list(self._history.languages)
        counts = np.bincount(self._languages[wanted], minlength=len(names))
        order = np.argsort(-counts, kind="stable")
        return {names[number]: float(counts[number] / counts.sum()) for number in order if counts[number]}
