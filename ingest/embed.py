"""The embedding model: texts to unit vectors, with the model's own tokenizer."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ingest.batch_vectors import BatchVectors, PrecisionChoice
from ingest.device import DeviceChoice
from ingest.embedding_graph import EmbeddingGraph, load_graph
from ingest.model_files import ModelFiles, find_model_files
from ingest.query_batches import QueryBatches

if TYPE_CHECKING:
    from ingest.model_languages import ModelLanguages  # imports YAML, and the next one FAISS: a query's vector needs
    from ingest.token_codec import TokenCodec  # neither

LENGTH_STEP = 16  # rows are padded to multiples, so that few shapes occur and their kernels are reused
TOKENIZE_ROWS = 2048
QUERY_CACHE_SIZE = 512
MAX_QUERY_BATCH = 32
MAX_TITLE_CHARS = 120
MAX_HEADING_CHARS = 240

T = TypeVar("T")


def embedding_text(title: str, heading: str, text: str) -> str:
    """What is embedded for a passage: the document's title and the headings above it, then the passage.

    The title is left out where the headings begin with it.
    """
    title, heading = " ".join(title.split())[:MAX_TITLE_CHARS], " ".join(heading.split())[-MAX_HEADING_CHARS:]
    parts = [heading, text] if heading.startswith(title) else [title, heading, text]
    return "\n".join(part for part in parts if part)


def text_hash(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal: the key under which its vector is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class EncodedQuery:
    """A query: its unit vector (d,), and the ids (t,) and unit vectors (t, d) of its tokens, special ones left out."""

    vector: NDArray[np.float32]
    token_ids: NDArray[np.int64]
    token_vectors: NDArray[np.float32]


@dataclass(frozen=True)
class EncodedPassage:
    """A passage: its unit vector (d,) float32, the ids (t,) uint32 of its tokens, and their codes (t, code_bytes)."""

    vector: NDArray[np.float32]
    token_ids: NDArray[np.uint32]
    token_codes: NDArray[np.uint8]


class Embedder:
    """A loaded embedding model; one instance serves every thread.

    `model_id` names model, weights and precision: vectors can be compared exactly when it is equal.
    `max_tokens` bounds what is read of a text; special tokens count.
    """

    def __init__(self, files: ModelFiles, graph: EmbeddingGraph, read_codec: Callable[[], "TokenCodec"]) -> None:
        """`read_codec` is called when token vectors are packed for the first time."""
        tokenizer_json = (files.folder / "tokenizer.json").read_text(encoding="utf-8")
        self.name = files.given
        self.precision = graph.precision
        self.max_tokens = files.max_tokens
        self.model_id = f"{files.name}:{files.weights_hash[:12]}:{graph.precision}"
        self.dimension = graph.dimension
        self._files = files
        self._graph = graph
        self._read_codec = read_codec
        self._codec: TokenCodec | None = None
        self._codec_lock = threading.Lock()
        self._tokenizer = Tokenizer.from_str(tokenizer_json)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(files.max_tokens)
        self._cores = ThreadPoolExecutor(graph.n_parallel, thread_name_prefix="embed")
        self._queries = QueryBatches(self._run_queries, MAX_QUERY_BATCH)
        self._encode_query = lru_cache(maxsize=QUERY_CACHE_SIZE)(self._queries.ask)

    @property
    def codec(self) -> "TokenCodec":
        """What packs token vectors; every process on a database must use the same (see `ingest.embedding_models`)."""
        with self._codec_lock:
            if self._codec is None:
                self._codec = self._read_codec()
            return self._codec

    @codec.setter
    def codec(self, codec: "TokenCodec") -> None:
        with self._codec_lock:
            self._codec = codec

    @cached_property
    def _counter(self) -> Tokenizer:
        """The tokenizer without a limit."""
        counter = Tokenizer.from_str(self._tokenizer.to_str())
        counter.no_truncation()
        return counter

    @cached_property
    def languages(self) -> "ModelLanguages":
        """Which languages the model knows."""
        from ingest.model_languages import find_languages  # imports YAML, which a query's vector does not need

        return find_languages(self._files.folder, self._counter)

    def count_tokens(self, text: str) -> int:
        """How many tokens a text has, special tokens included; more than `max_tokens` would be cut off."""
        return len(self._counter.encode_batch_fast([_encodable(text)])[0])

    def embed_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Unit vectors of passages, in order.

        Args:
            texts: what `embedding_text` gives for each passage; what is past `max_tokens` is ignored.
            on_progress: called after each batch with the number of texts done so far.

        Returns:
            (n, d) float32 rows of length 1.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        n_done = 0
        for rows, batch in self._run_passages(texts, lambda _, batch: batch.texts):
            vectors[rows] = batch
            n_done += len(rows)
            if on_progress is not None:
                on_progress(n_done)
        return vectors

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> list[EncodedPassage]:
        """Passages with their packed token vectors, in order; the arguments are those of `embed_passages`."""
        encoded: dict[int, EncodedPassage] = {}
        for rows, passages in self._run_passages(texts, self._pack):
            encoded.update(zip(rows, passages, strict=True))
            if on_progress is not None:
                on_progress(len(encoded))
        return [encoded[row] for row in range(len(texts))]

    def _run_passages(
        self, texts: Sequence[str], take: Callable[[list[list[int]], BatchVectors], T]
    ) -> Iterator[tuple[list[int], T]]:
        """Batches: which texts, and what `take` makes of their token ids and vectors, in one thread a core."""

        def run(own: list[list[int]]) -> T:
            return take(own, self._graph.run(*_pad(own)))

        for begin in range(0, len(texts), TOKENIZE_ROWS):
            tokens = self._tokenize(self._files.passage_prompt, texts[begin : begin + TOKENIZE_ROWS])
            batches = list(_batches([len(ids) for ids in tokens], self._graph.batch_tokens))
            if len(batches) == 1:
                yield [begin + row for row in batches[0]], run([tokens[row] for row in batches[0]])
                continue
            taken = self._cores.map(run, [[tokens[row] for row in rows] for rows in batches])
            for rows, made in zip(batches, taken, strict=True):
                yield [begin + row for row in rows], made

    def _pack(self, tokens: list[list[int]], batch: BatchVectors) -> list[EncodedPassage]:
        codes = self.codec.encode(np.concatenate([batch.tokens[i, : len(ids)] for i, ids in enumerate(tokens)]))
        ends = np.cumsum([len(ids) for ids in tokens])
        parts = np.split(codes, ends[:-1])
        return [
            EncodedPassage(batch.texts[i], np.array(ids, dtype=np.uint32), parts[i]) for i, ids in enumerate(tokens)
        ]

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector (d,) float32 of a query, read-only; recent ones are remembered."""
        return self.encode_query(text).vector

    def encode_query(self, text: str) -> EncodedQuery:
        """A query with its token vectors, read-only; recent ones are remembered."""
        return self._encode_query(_encodable(text))

    def _run_queries(self, texts: Sequence[str]) -> list[EncodedQuery]:
        encodings = self._tokenizer.encode_batch([self._files.query_prompt + text for text in texts])
        batch = self._graph.run(*_pad([encoding.ids for encoding in encodings]))
        queries = []
        for row, encoding in enumerate(encodings):
            words = np.flatnonzero(np.array(encoding.special_tokens_mask) == 0)
            ids = np.array(encoding.ids, dtype=np.int64)[words]
            queries.append(EncodedQuery(batch.texts[row].copy(), ids, batch.tokens[row, words]))
            for array in (queries[row].vector, queries[row].token_ids, queries[row].token_vectors):
                array.flags.writeable = False
        return queries

    def _tokenize(self, prompt: str, texts: Sequence[str]) -> list[list[int]]:
        encodings = self._tokenizer.encode_batch_fast([prompt + _encodable(text) for text in texts])
        return [encoding.ids for encoding in encodings]


def load_embedder(
    model: str, cache_folder: Path, *, precision: PrecisionChoice = "auto", device: DeviceChoice = "auto"
) -> Embedder:
    """Load a sentence-transformers model, converting it for this processor if that was not done before.

    Args:
        model: the bundled model's name, a folder, or a name on the model hub.
        cache_folder: where the converted graph is kept; made if absent.
        precision: `int8` is fastest on most CPUs and never runs on a GPU; `bf16` and `f32` give the original model's
            vectors (cosine ≥ 0.9999). `auto` is bf16 with a GPU or a CPU that has AMX, else int8.
        device: `cpu` leaves a GPU alone.

    Raises:
        ModelMissing: the weights cannot be found; the text says what to do.
    """
    files = find_model_files(model)
    graph = load_graph(files, cache_folder, precision, device)

    def read_codec() -> "TokenCodec":
        from ingest.token_codebook import load_codec  # imports FAISS, which a query's vector does not need

        return load_codec(files, graph, cache_folder)

    return Embedder(files, graph, read_codec)


def _encodable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer accepts, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Rows in batches of similar length and about `batch_tokens` tokens, longest first, so that little is padding."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    begin = 0
    while begin < len(order):
        n_rows = max(1, batch_tokens // _padded(lengths[order[begin]]))
        yield order[begin : begin + n_rows]
        begin += n_rows


def _padded(length: int) -> int:
    return -(-length // LENGTH_STEP) * LENGTH_STEP


def _pad(tokens: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and attention mask, both (b, t), t a multiple of `LENGTH_STEP`."""
    width = _padded(max(len(ids) for ids in tokens))
    ids = np.zeros((len(tokens), width), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, row_ids in enumerate(tokens):
        ids[row, : len(row_ids)] = row_ids
        mask[row, : len(row_ids)] = 1
    return ids, mask
