"""How well scores tell supported sentences from made-up ones: AUROC of sentences and answers, best F1."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_auc_score  # type: ignore[import-untyped]

from evals.grounding_sets import Labelled


def sentence_auroc(rows: Sequence[Labelled], scores: NDArray[np.float64]) -> float:
    """The chance that a supported sentence scores higher than one that is not."""
    return float(roc_auc_score([row.supported for row in rows], scores))


def answer_auroc(rows: Sequence[Labelled], probabilities: NDArray[np.float64]) -> float:
    """Of whole answers: right when every sentence is supported, scored by the product of the sentences' scores."""
    right: dict[str, bool] = {}
    score: dict[str, float] = {}
    for row, probability in zip(rows, probabilities, strict=True):
        right[row.answer] = right.get(row.answer, True) and row.supported
        score[row.answer] = score.get(row.answer, 0.0) + float(np.log(max(probability, 1e-9)))
    return float(roc_auc_score(list(right.values()), list(score.values())))


def f1_of_unsupported(rows: Sequence[Labelled], scores: NDArray[np.float64], threshold: float) -> float:
    """The F1 of finding sentences that are not supported among those that score below a threshold."""
    wrong = np.array([not row.supported for row in rows])
    found = scores < threshold
    return float(2 * (wrong & found).sum() / max(1, wrong.sum() + found.sum()))


def best_threshold(rows: Sequence[Labelled], scores: NDArray[np.float64]) -> float:
    """The threshold below which `f1_of_unsupported` is highest on these rows."""
    precision, recall, thresholds = precision_recall_curve([not row.supported for row in rows], -scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(np.nextafter(-thresholds[int(np.argmax(f1[:-1]))], np.inf))
