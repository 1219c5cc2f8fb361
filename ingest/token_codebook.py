"""Where the codebook of a model's token vectors comes from: trained once on a machine, on bundled text."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from ingest.calibration import calibration_texts
from ingest.embedding_graph import EmbeddingGraph
from ingest.errors import IndexDamaged
from ingest.file_lock import locked
from ingest.manifest import publish_folder, verify_folder
from ingest.model_files import ModelFiles
from ingest.token_codec import TokenCodec, train_codec

CODEBOOK_VERSION = 2
CODEBOOK_NAME = "codebook.npy"


def load_codec(files: ModelFiles, graph: EmbeddingGraph, cache_folder: Path) -> TokenCodec:
    """Load the model's codec from `cache_folder`, training it first on bundled text if need be."""
    folder = cache_folder / f"{files.name}-{files.weights_hash[:16]}-{graph.precision}-tokens-{CODEBOOK_VERSION}"
    codec = _read(folder)
    if codec is None:
        cache_folder.mkdir(parents=True, exist_ok=True)
        with locked(cache_folder / "conversion.lock"):
            codec = _read(folder) or _train(files, graph, folder)
    return codec


def _read(folder: Path) -> TokenCodec | None:
    if not folder.exists():
        return None
    try:
        verify_folder(folder)
    except IndexDamaged:
        return None
    return TokenCodec(np.load(folder / CODEBOOK_NAME, allow_pickle=False))


def _train(files: ModelFiles, graph: EmbeddingGraph, folder: Path) -> TokenCodec:
    tokenizer = Tokenizer.from_file(str(files.folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(files.max_tokens)
    vectors = []
    for encoding in tokenizer.encode_batch_fast(calibration_texts()):
        ids = np.array([encoding.ids], dtype=np.int64)
        vectors.append(graph.run(ids, np.ones_like(ids)).tokens[0])
    codec = train_codec(np.concatenate(vectors))
    prepared = Path(tempfile.mkdtemp(prefix=".training-", dir=folder.parent))
    try:
        np.save(prepared / CODEBOOK_NAME, codec.codebook)
        shutil.rmtree(folder, ignore_errors=True)
        publish_folder(prepared, folder, {"pieces": len(codec.codebook)})
    finally:
        shutil.rmtree(prepared, ignore_errors=True)
    return codec
