"""Fit the support check on RAGTruth's question answering part: `python -m evals.fit_support --data FOLDER`.

Sentences of answers in which annotators marked something as made up, against the passages that the answers were written
from. Cut by source, so that no passage is on both sides. Writes `support` in `generation/weights.json`, and prints the
weights, AUROC on the held-back part, and what the thresholds give there. `footnote bench verify` measures more.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

from evals.benchmark_rows import SHARED_DATA
from evals.grounding_scores import answer_auroc, sentence_auroc
from evals.grounding_sets import Labelled, read_ragtruth
from evals.weights_file import WEIGHTS_PATH, write_model
from generation.events import Verdict
from generation.support import SupportCheck, verdict_of
from generation.support_features import SUPPORT_FEATURES
from generation.weights import LinearModel

VERDICTS: tuple[Verdict, ...] = ("supported", "partly", "unsupported")


def main() -> None:
    """Fit, write the weights and print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the labelled sets")
    parser.add_argument("--out", type=Path, default=WEIGHTS_PATH)
    given = parser.parse_args()
    rows = list(read_ragtruth(given.data))
    check = SupportCheck()
    measured = [check.features(row.text, row.hits) for row in rows]
    features = np.stack([own for own, _ in measured])
    held_back = np.array([row.held_back for row in rows])
    model = fit([row for row in rows if not row.held_back], features[~held_back])
    write_model("support", model.features, model.weights, model.intercept, given.out)
    for name, weight in zip(model.features, model.weights, strict=True):
        _out(f"{name:22} {weight:8.3f}")
    _out(f"{'intercept':22} {model.intercept:8.3f}")
    tested = [row for row in rows if row.held_back]
    probabilities = 1 / (1 + np.exp(-model.score(features[held_back]).astype(np.float64)))
    _out(f"{len(rows)} sentences, {len(tested)} held back, {np.mean([row.supported for row in tested]):.1%} supported")
    own = sentence_auroc(tested, probabilities), answer_auroc(tested, probabilities)
    _out(f"AUROC: sentences {own[0]:.4f}, answers {own[1]:.4f}")
    differences = [found for (_, found), row in zip(measured, rows, strict=True) if row.held_back]
    verdicts = [verdict_of(float(p), found) for p, found in zip(probabilities, differences, strict=True)]
    for verdict in VERDICTS:
        right = [row.supported for row, given_one in zip(tested, verdicts, strict=True) if given_one == verdict]
        _out(f"{verdict:12} {len(right) / len(tested):6.1%} of sentences, {np.mean(right):6.1%} of them are")


def fit(rows: Sequence[Labelled], features: NDArray[np.float32]) -> LinearModel:
    """A logistic model of features (n, d); fitted on standardized ones, written for them as they are."""
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    fitted.fit(features, [row.supported for row in rows])
    scaler, logistic = fitted[0], fitted[1]
    weights = logistic.coef_[0] / scaler.scale_
    intercept = float(logistic.intercept_[0] - weights @ scaler.mean_)
    return LinearModel(SUPPORT_FEATURES, weights.astype(np.float32), intercept)


def _out(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a script's result


if __name__ == "__main__":
    main()
