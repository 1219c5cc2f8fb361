"""Token vectors in a few bytes each: product quantization with a codebook trained once for a model.

A vector of d numbers is cut into d / 4 pieces of 4; each piece is kept as the number (4 bits) of the nearest of 16
centroids, so 384 numbers become 48 bytes. Source: Jégou et al., Product Quantization for Nearest Neighbor Search,
PAMI 2011, https://doi.org/10.1109/TPAMI.2010.57
"""

from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

PIECE_DIMENSIONS = 4
CENTROID_BITS = 4


@dataclass(frozen=True)
class TokenVectors:
    """The tokens of one text: ids (t,) and unit vectors (t, d) float32."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]


class TokenCodec:
    """Packs token vectors, and compares packed ones with others; `codebook` is (d / 4, 16, 4) float32."""

    def __init__(self, codebook: NDArray[np.float32]) -> None:
        self.codebook = codebook
        self.code_bytes = len(codebook) // 2
        self._quantizer = _quantizer(len(codebook) * PIECE_DIMENSIONS)
        faiss.copy_array_to_vector(np.ascontiguousarray(codebook, dtype=np.float32).ravel(), self._quantizer.centroids)
        self._offsets = np.arange(self.code_bytes, dtype=np.int32) * 256

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Pack vectors (t, d); returns codes (t, code_bytes)."""
        codes: NDArray[np.uint8] = self._quantizer.compute_codes(np.ascontiguousarray(vectors, dtype=np.float32))
        return codes

    def similarities(self, codes: NDArray[np.uint8], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Dot products (t, q) of packed vectors (t, code_bytes) with vectors (q, d).

        A byte stands for 8 numbers, so its share of the dot product is looked up in a table of 256 values a place;
        the sum over places is a product with a sparse matrix of ones.
        """
        byte = np.arange(256)
        halves = self.codebook.reshape(self.code_bytes, 2, -1, PIECE_DIMENSIONS)
        values = np.concatenate([halves[:, 0, byte & 15], halves[:, 1, byte >> 4]], axis=2)
        pieces = vectors.reshape(len(vectors), self.code_bytes, 2 * PIECE_DIMENSIONS)
        table = np.einsum("sbd,qsd->sbq", values, pieces, optimize=True).reshape(-1, len(vectors))
        columns = (codes + self._offsets).ravel()
        rows = np.arange(0, len(columns) + 1, self.code_bytes, dtype=np.int32)
        selection = csr_array((np.ones(len(columns), np.float32), columns, rows), shape=(len(codes), len(table)))
        products: NDArray[np.float32] = selection @ table.astype(np.float32)
        return products


def train_codec(vectors: NDArray[np.float32]) -> TokenCodec:
    """A codec for vectors like these (n, d), d a multiple of 8; the same vectors always give the same codec."""
    quantizer = _quantizer(vectors.shape[1])
    quantizer.train(np.ascontiguousarray(vectors, dtype=np.float32))
    codebook = faiss.vector_to_array(quantizer.centroids).reshape(quantizer.M, -1, PIECE_DIMENSIONS)
    return TokenCodec(codebook.astype(np.float32))


def _quantizer(dimension: int) -> faiss.ProductQuantizer:
    return faiss.ProductQuantizer(dimension, dimension // PIECE_DIMENSIONS, CENTROID_BITS)
