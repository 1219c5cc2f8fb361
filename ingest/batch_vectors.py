"""What an embedding model gives for a batch of token ids, and in which precision, whatever runs it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Precision = Literal["int8", "bf16", "f32"]
PrecisionChoice = Literal["auto", "int8", "bf16", "f32"]


@dataclass(frozen=True)
class BatchVectors:
    """Unit vectors of the texts (b, d) and of their tokens (b, t, d), float32."""

    texts: NDArray[np.float32]
    tokens: NDArray[np.float32]
