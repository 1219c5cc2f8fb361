"""What runs an embedding model: the converted graph on a CPU, PyTorch on a GPU or when conversion fails."""

import logging
import shutil
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.model_files import ModelFiles
from ingest.openvino_graph import BatchVectors, ConversionFailed, load_openvino_graph

logger = logging.getLogger(__name__)

Precision = Literal["int8", "bf16", "f32"]


class EmbeddingGraph(Protocol):
    """Token ids to unit vectors; safe to run from several threads."""

    precision: str
    dimension: int

    def run(self, token_ids: NDArray[np.int64], mask: NDArray[np.int64]) -> BatchVectors:
        """Unit vectors of token ids (b, t); `mask` (b, t) is 1 where there is a token."""
        ...


def load_graph(files: ModelFiles, cache_folder: Path, precision: Precision) -> EmbeddingGraph:
    """The fastest graph for this machine; see `load_embedder` for the arguments."""
    if _has_gpu():
        from ingest.torch_graph import TorchGraph  # imports torch, which a CPU process never needs

        return TorchGraph(files, device="cuda")
    try:
        return load_openvino_graph(files, cache_folder, precision)
    except ConversionFailed as failure:
        logger.warning("Could not convert %s for the CPU, so it runs slowly in PyTorch: %s", files.name, failure)
    from ingest.torch_graph import TorchGraph  # imports torch: only for models that cannot be converted

    return TorchGraph(files, device="cpu")


def _has_gpu() -> bool:
    """Whether there is an NVIDIA GPU that PyTorch can use; torch is imported only if a driver is there."""
    if shutil.which("nvidia-smi") is None and not Path("/proc/driver/nvidia/version").exists():
        return False
    import torch  # heavy, and useless without a driver

    return torch.cuda.is_available()
