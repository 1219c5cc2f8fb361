"""The fitted weights of sentence choice, abstention and the support check, read from `weights.json`.

`python -m evals.fit_extraction` and `python -m evals.fit_support` fit them again and write the file.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

WEIGHTS_FILE = "weights.json"


@dataclass(frozen=True)
class LinearModel:
    """A logistic model over named features; `weights` has shape (n_features,)."""

    features: tuple[str, ...]
    weights: NDArray[np.float32]
    intercept: float

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The log-odds (n,) of feature rows (n, n_features)."""
        return rows @ self.weights + np.float32(self.intercept)


@cache
def load_model(name: str, features: tuple[str, ...]) -> LinearModel:
    """The fitted model `name`, with its features checked against those that the code computes."""
    stored = json.loads(files("generation").joinpath(WEIGHTS_FILE).read_text(encoding="utf-8"))[name]
    if tuple(stored["weights"]) != features:
        raise ValueError(f"{WEIGHTS_FILE}: the features of {name!r} are not those of the code; fit the weights again.")
    return LinearModel(features, np.array(list(stored["weights"].values()), np.float32), stored["intercept"])
