"""Writing fitted weights to `generation/weights.json`, one model at a time."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS_PATH = Path(__file__).parent.parent / "generation" / "weights.json"


def write_model(
    name: str,
    features: Sequence[str],
    weights: NDArray[np.float32] | NDArray[np.float64],
    intercept: float,
    path: Path = WEIGHTS_PATH,
) -> None:
    """Write a logistic model's weights (n_features,) into the file; the other models in it stay as they are."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    by_feature = {feature: round(float(weight), 5) for feature, weight in zip(features, weights, strict=True)}
    stored[name] = {"intercept": round(intercept, 5), "weights": by_feature}
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
