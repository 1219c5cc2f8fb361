"""What runs an embedding model: the converted graph on a CPU, PyTorch on a GPU or when conversion fails."""

import logging
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.batch_vectors import BatchVectors, Precision, PrecisionChoice
from ingest.device import DeviceChoice, has_gpu
from ingest.model_files import ModelFiles
from ingest.openvino_graph import ConversionFailed, fastest_precision, load_openvino_graph

logger = logging.getLogger(__name__)


class EmbeddingGraph(Protocol):
    """Token ids to unit vectors; safe to run from several threads.

    It is fastest with batches of about `batch_tokens` tokens, from `n_parallel` threads at once.
    """

    precision: Precision
    dimension: int
    batch_tokens: int
    n_parallel: int

    def run(self, token_ids: NDArray[np.int64], mask: NDArray[np.int64]) -> BatchVectors:
        """Unit vectors of token ids (b, t); `mask` (b, t) is 1 where there is a token."""
        ...


def load_graph(files: ModelFiles, cache_folder: Path, choice: PrecisionChoice, device: DeviceChoice) -> EmbeddingGraph:
    """The fastest graph for this machine; see `load_embedder` for the arguments."""
    if choice != "int8" and device != "cpu" and has_gpu():
        from ingest.torch_graph import TorchGraph  # imports torch, which a CPU process never needs

        return TorchGraph(files, device="cuda", precision="f32" if choice == "f32" else "bf16")
    try:
        return load_openvino_graph(files, cache_folder, fastest_precision() if choice == "auto" else choice)
    except ConversionFailed as failure:
        logger.warning("Could not convert %s for the CPU, so it runs slowly in PyTorch: %s", files.name, failure)
    from ingest.torch_graph import TorchGraph  # imports torch: only for models that cannot be converted

    return TorchGraph(files, device="cpu", precision="f32")
