"""How well the check of sentences against their passages tells true from made up, beside word overlap and ragas.

AUROC and F1 of finding what is not supported, on the held-back sources of RAGTruth's question answering part and on two
sets that nothing was fitted on: WiCE dev and BEGIN dev. Thresholds of F1 are the best ones on other sources of the set:
RAGTruth's that are not held back, and each half of the others for the other half. Then planted errors, and the time:
every source's passages are read anew, once for all answers to it.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.grounding_scores import answer_auroc, best_threshold, f1_of_unsupported, sentence_auroc
from evals.grounding_sets import Labelled, read_begin, read_ragtruth, read_wice
from evals.planted_errors import catch_planted_errors, read_sentences
from generation.support import SupportCheck
from generation.words import content_stems

QUICK_SOURCES, QUICK_PARAGRAPHS = 300, 100
PARAGRAPHS = 450
GOAL_SENTENCES, GOAL_ANSWERS = 0.87, 0.80
GOAL_PER_SECOND, GOAL_MS = 500, 20
GOAL_CAUGHT, GOAL_FALSE_ALARMS = 0.98, 0.05
GOALS_OF_KINDS = {"numbers changed", "dates changed", "names changed"}
Scores = NDArray[np.float64]


def main(given: list[str] | None = None) -> None:
    """Print the table, or with --json one object."""
    options = benchmark_options(__doc__).parse_args(given)
    check = SupportCheck()
    rows = [*_labelled(check, options.data, QUICK_SOURCES if options.quick else None)]
    rows += _planted(check, options.data, QUICK_PARAGRAPHS if options.quick else PARAGRAPHS)
    print_benchmark("verify", rows, as_json=options.json)


def _labelled(check: SupportCheck, data: Path, n_sources: int | None) -> Iterator[BenchmarkRow]:
    ragtruth = list(read_ragtruth(data, n_sources))
    began = time.perf_counter()
    scores, milliseconds = _support(check, ragtruth)
    seconds = time.perf_counter() - began
    held_back = np.array([row.held_back for row in ragtruth])
    fitted, tested = [r for r in ragtruth if not r.held_back], [r for r in ragtruth if r.held_back]
    others = {"WiCE dev": list(read_wice(data)), "BEGIN dev": list(read_begin(data))}
    found = {name: _support(check, rows)[0] for name, rows in others.items()}
    for name, score in _peers().items():
        peer = np.array([score(row) for row in ragtruth])
        ours, theirs = (_f1(tested, s[held_back], fitted, s[~held_back]) for s in (scores, peer))
        yield from _beside("RAGTruth, held back", tested, scores[held_back], peer[held_back], name)
        yield _row("RAGTruth, held back: F1 of what is not supported", ours, theirs, name, None)
        for title, rows in others.items():
            peer = np.array([score(row) for row in rows])
            yield from _beside(title, rows, found[title], peer, name)
            ours, theirs = _f1_of_halves(rows, found[title]), _f1_of_halves(rows, peer)
            yield _row(f"{title}: F1 of what is not supported", ours, theirs, name, None)
    yield _least("sentences checked a second, one thread, passages read anew", len(ragtruth) / seconds, GOAL_PER_SECOND)
    slow = float(np.quantile(milliseconds, 0.99))
    yield BenchmarkRow("milliseconds a sentence, 99th percentile", slow, goal=GOAL_MS, met=slow <= GOAL_MS)


def _support(check: SupportCheck, rows: Sequence[Labelled]) -> tuple[Scores, Scores]:
    """The probability that each sentence is supported, and how many milliseconds that took."""
    scores, milliseconds = np.zeros(len(rows)), np.zeros(len(rows))
    for i, row in enumerate(rows):
        began = time.perf_counter()
        scores[i] = check.check(row.text, row.hits).probability
        milliseconds[i] = 1000 * (time.perf_counter() - began)
    return scores, milliseconds


def _beside(title: str, rows: Sequence[Labelled], own: Scores, peer: Scores, name: str) -> Iterator[BenchmarkRow]:
    """AUROC of both; of answers too, where the set has answers of several sentences."""
    whole = len({row.answer for row in rows}) < len(rows)
    goal = GOAL_SENTENCES if whole else None
    yield _row(f"{title}: AUROC of sentences", sentence_auroc(rows, own), sentence_auroc(rows, peer), name, goal)
    if whole:
        yield _row(f"{title}: AUROC of answers", answer_auroc(rows, own), answer_auroc(rows, peer), name, GOAL_ANSWERS)


def _f1(tested: Sequence[Labelled], scores: Scores, fitted: Sequence[Labelled], fitted_scores: Scores) -> float:
    """The F1 on rows with the threshold that is best on others."""
    return f1_of_unsupported(tested, scores, best_threshold(fitted, fitted_scores))


def _f1_of_halves(rows: Sequence[Labelled], scores: Scores) -> float:
    """The mean F1 of the rows at even and at odd places, each with the threshold of the other half."""
    halves = [(rows[first::2], scores[first::2]) for first in (0, 1)]
    return float(np.mean([_f1(*halves[i], *halves[1 - i]) for i in (0, 1)]))


def _planted(check: SupportCheck, data: Path, n_paragraphs: int) -> Iterator[BenchmarkRow]:
    (path,) = (data / "squad-v2-dev-half").glob("*.json")
    for caught in catch_planted_errors(check, list(read_sentences(path, n_paragraphs))):
        what = f"planted: {caught.kind}, share of {caught.n} doubted"
        if caught.kind == "originals":
            yield BenchmarkRow(what, caught.share, goal=GOAL_FALSE_ALARMS, met=caught.share <= GOAL_FALSE_ALARMS)
        elif caught.kind in GOALS_OF_KINDS:
            yield _least(what, caught.share, GOAL_CAUGHT)
        else:
            yield BenchmarkRow(what, caught.share)


def _peers() -> dict[str, Callable[[Labelled], float]]:
    """What gives a sentence a score without a language model."""
    peers: dict[str, Callable[[Labelled], float]] = {"word overlap": _word_overlap}
    if find_spec("ragas") is None:
        sys.stderr.write("ragas is not installed (pip install ragas rapidfuzz); its row is left out\n")
    else:
        peers["ragas string similarity"] = _ragas_similarity()
    return peers


def _word_overlap(row: Labelled) -> float:
    """The share of a sentence's words that its passages hold."""
    own = set(content_stems(row.text))
    held = set(content_stems(" ".join(hit.text for hit in row.hits)))
    return len(own & held) / max(1, len(own))


def _ragas_similarity() -> Callable[[Labelled], float]:
    """Ragas' NonLLMStringSimilarity of a sentence with the passage that is most like it."""
    from ragas import SingleTurnSample  # type: ignore[import-not-found]  # heavy, and only for who installed it
    from ragas.metrics import NonLLMStringSimilarity  # type: ignore[import-not-found]

    metric = NonLLMStringSimilarity()

    def score(row: Labelled) -> float:
        samples = [SingleTurnSample(response=row.text, reference=hit.text) for hit in row.hits]
        return max(float(metric.single_turn_score(sample)) for sample in samples)

    return score


def _row(what: str, ours: float, peer: float, peer_name: str, goal: float | None) -> BenchmarkRow:
    ratio = ours / peer if peer else None
    return BenchmarkRow(what, ours, peer, peer_name, ratio, goal, None if goal is None else ours >= goal)


def _least(what: str, ours: float, goal: float) -> BenchmarkRow:
    return BenchmarkRow(what, ours, goal=goal, met=ours >= goal)


if __name__ == "__main__":
    main()
