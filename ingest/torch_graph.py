"""The embedding model in PyTorch: on a GPU, and for models that cannot be converted for the CPU."""

import threading

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from ingest.batch_vectors import BatchVectors, Precision
from ingest.model_files import ModelFiles

BATCH_TOKENS = 2048
GPU_BATCH_TOKENS = 65_536  # enough rows to keep a large GPU at work; token vectors of a batch take 100 MB


class TorchGraph:
    """A sentence-transformers model run on token ids, on a PyTorch device, in bf16 or f32."""

    def __init__(self, files: ModelFiles, *, device: str, precision: Precision) -> None:
        self._model = SentenceTransformer(str(files.folder), device=device, local_files_only=True).eval()
        self._device = device
        self._lock = threading.Lock()
        self.precision = precision
        self.batch_tokens = BATCH_TOKENS if device == "cpu" else GPU_BATCH_TOKENS
        self.n_parallel = 1
        if precision == "bf16":
            self._model = self._model.to(torch.bfloat16)
        self.dimension = int(self._model.get_embedding_dimension() or 0)

    def run(self, token_ids: NDArray[np.int64], mask: NDArray[np.int64]) -> BatchVectors:
        """Unit vectors of token ids (b, t); `mask` (b, t) is 1 where there is a token."""
        features = {
            "input_ids": torch.from_numpy(token_ids).to(self._device),
            "attention_mask": torch.from_numpy(mask).to(self._device),
        }
        with self._lock, torch.inference_mode():
            output = self._model(features)
            return BatchVectors(_unit(output["sentence_embedding"]), _unit(output["token_embeddings"]))


def _unit(vectors: torch.Tensor) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = torch.nn.functional.normalize(vectors.float(), p=2.0, dim=-1).cpu().numpy()
    return unit
