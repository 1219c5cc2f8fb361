"""The keyword index: BM25 over passages with tantivy, restricted to readers inside the query.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009, https://doi.org/10.1561/1500000019
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from ingest.errors import IndexDamaged
from ingest.keyword_query import QueryBuilder, split_query
from ingest.keyword_words import DEFAULT_LANGUAGE, is_unspaced, number_readings, plain_words, search_words, stems

KEYWORD_FORMAT = 2  # raise it when fields or analyzers change; older snapshots are then rebuilt
WRITER_MEMORY_BYTES = 50_000_000  # of each thread that writes
LINK_ATTEMPTS = 10
_COMMITTED = "meta.json"
_MANAGED = ".managed.json"


@dataclass(frozen=True)
class KeywordEntry:
    """What the keyword index holds of a passage; `language` is the document's, ISO 639-1."""

    passage_id: int
    document_id: str
    collection: str
    readers: frozenset[str]
    title: str
    filename: str
    heading: str
    text: str
    language: str | None = None


@dataclass(frozen=True)
class StoredKeys:
    """What the index says a passage belongs to, for verification."""

    passage_id: int
    document_id: str
    collection: str
    readers: frozenset[str]


class KeywordReader:
    """The state of a keyword index at one commit; it does not change while the index does."""

    def __init__(self, searcher: tantivy.Searcher, builder: QueryBuilder) -> None:
        self._searcher = searcher
        self._builder = builder
        self.n_passages: int = searcher.num_docs

    def search(
        self,
        query: str,
        k: int,
        *,
        readers: frozenset[str],
        documents: frozenset[str] | None = None,
        languages: Sequence[str | None] = (DEFAULT_LANGUAGE,),
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The `k` passages with the highest BM25 score, best first, of those one of `readers` may read.

        Any text is a valid query. Text in double quotes must occur as written, unless it occurs nowhere. Words are
        looked for with the endings of each of `languages`, of which the first is most likely the query's own. Where
        `documents` is given, only passages of documents with these ids are found; each costs a look-up.

        Returns:
            passage ids and scores, both (m,), m ≤ k; equal scores are in order of id.
        """
        parts = split_query(query.encode("utf-8", "replace").decode("utf-8"), languages)
        ids, scores = self._best(self._builder.scored(parts, require_phrases=True), k, readers, documents)
        if not len(ids) and parts.phrases:
            ids, scores = self._best(self._builder.scored(parts, require_phrases=False), k, readers, documents)
        return ids, scores

    def stored_keys(self) -> Iterator[StoredKeys]:
        """What the index holds about every passage; as slow as reading the whole index."""
        for _, address in self._searcher.search(tantivy.Query.all_query(), max(1, self.n_passages), count=False).hits:
            stored = self._searcher.doc(address)
            yield StoredKeys(
                passage_id=stored["passage_id"][0],
                document_id=stored["document_id"][0],
                collection=stored["collection"][0],
                readers=frozenset(stored["readers"]),
            )

    def _best(
        self, query: tantivy.Query | None, k: int, readers: frozenset[str], documents: frozenset[str] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        if query is None or k <= 0 or not readers or not self.n_passages:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        restricted = self._builder.restricted(query, readers, documents)
        hits = self._searcher.search(restricted, k, count=False).hits
        ids = np.array(self._searcher.fast_field_values("passage_id", [address for _, address in hits]), dtype=np.int64)
        scores = np.array([score for score, _ in hits], dtype=np.float32)
        order = np.lexsort((ids, -scores))
        return ids[order], scores[order]


class KeywordIndex:
    """A keyword index in a folder of its own. One thread writes; readers are safe in any thread."""

    def __init__(self, folder: Path, n_threads: int = 1) -> None:
        """Open the index in `folder`, or make an empty one there.

        Small commits are fastest with one writing thread, large ones with more.

        Raises:
            IndexDamaged: there is an index that cannot be opened.
        """
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._index = tantivy.Index(_schema(), str(folder))
            self._index.config_reader("manual")
            self._writer = self._index.writer(WRITER_MEMORY_BYTES * n_threads, n_threads)
            self._reader = KeywordReader(self._index.searcher(), QueryBuilder(self._index.schema))
        except (ValueError, OSError) as error:
            raise IndexDamaged(f"The keyword index in {folder.name} cannot be opened: {error}") from error

    def add(self, passages: Iterable[KeywordEntry]) -> None:
        """Add passages; they are found after the next commit."""
        for passage in passages:
            self._writer.add_document(_document(passage))

    def remove(self, document_id: str) -> None:
        """Remove every passage of a document, from the next commit on."""
        self._writer.delete_documents_by_term("document_id", document_id)

    def commit(self) -> None:
        """Make additions and removals visible to new readers."""
        self._writer.commit()
        self._index.reload()
        self._reader = KeywordReader(self._index.searcher(), QueryBuilder(self._index.schema))

    def rollback(self) -> None:
        """Forget additions and removals since the last commit."""
        self._writer.rollback()

    def reader(self) -> KeywordReader:
        """The state at the last commit."""
        return self._reader

    def search(
        self,
        query: str,
        k: int,
        *,
        readers: frozenset[str],
        documents: frozenset[str] | None = None,
        languages: Sequence[str | None] = (DEFAULT_LANGUAGE,),
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """`KeywordReader.search` on the state at the last commit."""
        return self._reader.search(query, k, readers=readers, documents=documents, languages=languages)

    def link_to(self, folder: Path) -> None:
        """Put the last commit's files into an empty folder as hard links, which later changes leave alone.

        Raises:
            OSError: files kept vanishing because segments were merged, `LINK_ATTEMPTS` times.
        """
        for attempt in range(LINK_ATTEMPTS):
            try:
                return self._link(folder)
            except FileNotFoundError:
                for path in folder.iterdir():
                    path.unlink()
                if attempt == LINK_ATTEMPTS - 1:
                    raise
        return None

    def close(self) -> None:
        """Wait for merges and let go of the folder."""
        self._writer.wait_merging_threads()

    def _link(self, folder: Path) -> None:
        committed = (self.folder / _COMMITTED).read_bytes()
        segments = {segment["segment_id"].replace("-", "") for segment in json.loads(committed)["segments"]}
        names = [path.name for path in self.folder.iterdir() if path.name.partition(".")[0] in segments]
        for name in names:
            os.link(self.folder / name, folder / name)
        if (self.folder / _COMMITTED).read_bytes() != committed:
            raise FileNotFoundError("segments were merged meanwhile")
        (folder / _COMMITTED).write_bytes(committed)
        (folder / _MANAGED).write_text(json.dumps([*names, _COMMITTED]))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("passage_id", stored=True, indexed=True, fast=True)
    for key in ("document_id", "collection", "readers"):
        builder.add_text_field(key, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("title", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("exact", tokenizer_name="whitespace", index_option="position")
    return builder.build()


def _document(passage: KeywordEntry) -> tantivy.Document:
    document = tantivy.Document()
    document.add_integer("passage_id", passage.passage_id)
    document.add_text("document_id", passage.document_id)
    document.add_text("collection", passage.collection)
    for principal in passage.readers:
        document.add_text("readers", principal)
    context, named = f"{passage.title}\n{passage.heading}", f"{passage.title}\n{passage.heading}\n{passage.filename}"
    context_words, text_words = search_words(context), search_words(passage.text)
    name_words = context_words + search_words(passage.filename)
    whole = f"{named}\n{passage.text}"
    exact_words = plain_words(whole) if is_unspaced(whole) else name_words + text_words
    numbers = [reading for readings in number_readings(f"{context}\n{passage.text}") for reading in readings]
    document.add_text("body", " ".join(stems(context_words + text_words, passage.language) + numbers))
    document.add_text("title", " ".join(stems(name_words, passage.language)))
    document.add_text("exact", " ".join(exact_words))
    return document
