"""Fit and test the support check on RAGTruth's question answering part: `python -m evals.fit_support --data FOLDER`.

Sentences of answers that annotators marked as made up, against the passages that the answers were written from. Cut by
source, so that no passage is on both sides. Prints the weights for `generation/support.py`, and on the held-back part
the AUROC of sentences beside that of plain word overlap, and what the thresholds give.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from generation.support import (
    PARTLY_FROM,
    SUPPORT_FEATURES,
    SUPPORT_INTERCEPT,
    SUPPORT_WEIGHTS,
    SUPPORTED_FROM,
    SupportCheck,
)
from generation.words import content_stems
from ingest.embed import load_embedder
from ingest.sentences import split_sentences
from retrieval.hit import Hit

MIN_WORDS = 4
EVERY_TENTH_FROM = 6  # sources whose number ends with 6 to 9 are held back


@dataclass(frozen=True)
class Labelled:
    """A sentence of an answer, its passages, whether annotators found it supported, and whether it is held back."""

    answer: str
    text: str
    hits: tuple[Hit, ...]
    supported: bool
    held_back: bool


def read_ragtruth(folder: Path, n_answers: int) -> Iterator[Labelled]:
    """The sentences of up to `n_answers` answers, one answer a source before the second of any.

    Source: Niu et al., RAGTruth, ACL 2024, https://aclanthology.org/2024.acl-long.585/
    """
    sources = {}
    for line in (folder / "source_info.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        sources[row["source_id"]] = row["source_info"]["passages"]
    rows = [json.loads(line) for line in (folder / "response_train.jsonl").read_text(encoding="utf-8").splitlines()]
    by_turn = sorted(range(len(rows)), key=lambda i: (i % 4, i))
    for i in by_turn[:n_answers]:
        row = rows[i]
        passages = [part.strip() for part in sources[row["source_id"]].split("\n\n") if part.strip()]
        hits = tuple(passage_hit(row["source_id"], rank, text) for rank, text in enumerate(passages, start=1))
        marked = [(label["start"], label["end"]) for label in row["labels"]]
        for start, end in split_sentences(row["response"]):
            text = row["response"][start:end]
            if len(text.split()) >= MIN_WORDS:
                supported = not any(start < other_end and other_start < end for other_start, other_end in marked)
                held_back = int(row["source_id"]) % 10 >= EVERY_TENTH_FROM
                yield Labelled(row["id"], text, hits, supported, held_back)


def passage_hit(source: str, rank: int, text: str) -> Hit:
    """A passage as a hit of nothing but its text."""
    text = text.split(":", 1)[-1] if text.startswith("passage ") else text
    return Hit(
        passage_id=rank,
        document_id=source,
        version_id=f"{source}-{rank}",
        version_sha256="",
        title="",
        filename="",
        collection="",
        page=1,
        start=0,
        end=len(text),
        heading="",
        text=text,
        score=1.0,
        rank=rank,
        vector_score=None,
        keyword_score=None,
    )


def word_overlap(text: str, hits: tuple[Hit, ...]) -> float:
    """The share of a sentence's words that its passages hold: what to be better than."""
    own = set(content_stems(text))
    held = set(content_stems(" ".join(hit.text for hit in hits)))
    return len(own & held) / max(1, len(own))


def main() -> None:
    """Print weights and figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the labelled sets")
    parser.add_argument("--answers", type=int, default=900, help="how many answers to read")
    parser.add_argument("--model-cache", type=Path, default=Path(tempfile.gettempdir()) / "footnote-models")
    given = parser.parse_args()
    check = SupportCheck(load_embedder("all-MiniLM-L6-v2", given.model_cache))
    rows = list(read_ragtruth(given.data / "ragtruth-qa", given.answers))
    began = time.perf_counter()
    features = np.stack([check.features(row.text, row.hits) for row in rows])
    seconds = time.perf_counter() - began
    supported = np.array([row.supported for row in rows])
    held_back = np.array([row.held_back for row in rows])
    fitted = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
    fitted.fit(features[~held_back], supported[~held_back])
    _out(f"{len(rows)} sentences, {held_back.sum()} held back, {len(rows) / seconds:.0f} a second")
    for name, weight in zip(SUPPORT_FEATURES, fitted.coef_[0], strict=True):
        _out(f"  {name:20} {weight:8.3f}")
    _out(f"  {'intercept':20} {fitted.intercept_[0]:8.3f}")
    overlap = np.array([word_overlap(row.text, row.hits) for row in rows])
    own = 1 / (1 + np.exp(-(features @ SUPPORT_WEIGHTS + SUPPORT_INTERCEPT)))
    scores = {"these weights": fitted.decision_function(features), "those in the code": own, "word overlap": overlap}
    answers = [row.answer for row in rows]
    for name, score in scores.items():
        sentence = roc_auc_score(supported[held_back], score[held_back])
        whole = _answer_auroc(answers, supported, score, held_back)
        _out(f"{name:20} AUROC, held back: sentences {sentence:.3f}, answers {whole:.3f}")
    for name, low, high in (
        ("supported", SUPPORTED_FROM, 2.0),
        ("partly", PARTLY_FROM, SUPPORTED_FROM),
        ("unsupported", -1.0, PARTLY_FROM),
    ):
        rated = held_back & (own >= low) & (own < high)
        right = supported[rated].mean() if rated.any() else 0.0
        _out(f"{name:12} {rated.sum() / held_back.sum():6.1%} of sentences, {right:6.1%} of them right")


def _answer_auroc(
    answers: list[str], supported: NDArray[np.bool_], score: NDArray[np.float64], held_back: NDArray[np.bool_]
) -> float:
    """Of whole answers: scored by their weakest sentence, right when every sentence is."""
    groups: dict[str, list[int]] = {}
    for i in np.flatnonzero(held_back):
        groups.setdefault(answers[i], []).append(int(i))
    right = [bool(supported[rows].all()) for rows in groups.values()]
    return float(roc_auc_score(right, [score[rows].min() for rows in groups.values()]))


def _out(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a script's result


if __name__ == "__main__":
    main()
