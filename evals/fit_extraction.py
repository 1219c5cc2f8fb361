"""Fit the weights of sentence choice and abstention: `python -m evals.fit_extraction --data FOLDER`.

Sentence choice is a softmax over the sentences found for a question; abstention is a logistic model whose weights may
only have the sign that their meaning gives them. Both are tested on groups (articles) they were not fitted on.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from evals.answer_sets import AnswerPassage, AnswerQuestion, read_clapnq, read_squad
from evals.weights_file import WEIGHTS_PATH, write_model
from generation.abstain import ANSWERABLE_FEATURES, answerable_features
from generation.candidates import Sentence, read_sentences
from generation.evidence import MAX_EMBEDDED, MAX_PASSAGES, MAX_SENTENCES
from generation.sentence_features import FEATURES, lexical_features, most_likely, vector_features
from ingest.embed import Embedder, embedding_text, load_embedder
from ingest.keyword_index import KeywordEntry, KeywordIndex, KeywordReader
from retrieval.fusion import weighted_mean
from retrieval.hit import Hit
from retrieval.search import CANDIDATES, VECTOR_WEIGHT

COVERAGE = 0.93
N_CLAPNQ_FOLDS = 4
RIDGE = 2.0
FAR_SHARE = 3  # every third question is also asked without its own article
CASE_WEIGHTS = {"squad+": 1.0, "squad-": 0.1, "clapnq+": 5.0, "clapnq-": 2.5, "far": 1.0}


@dataclass(frozen=True)
class Case:
    """A question with the likely sentences found for it: features (n, d), and which of them hold the answer (n,)."""

    question: AnswerQuestion
    kind: str
    fold: str
    hits: tuple[Hit, ...]
    sentences: tuple[Sentence, ...]
    features: NDArray[np.float32]
    holds_answer: NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """Weights (d,) of unscaled features and an intercept."""

    weights: NDArray[np.float64]
    intercept: float

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-odds (n,) of rows (n, d)."""
        scores: NDArray[np.float64] = features @ self.weights + self.intercept
        return scores


class PassageSearch:
    """Hybrid search over the sets' passages, fused as in the product."""

    def __init__(self, passages: Sequence[AnswerPassage], embedder: Embedder, folder: Path) -> None:
        self._passages = passages
        self._embedder = embedder
        self._vectors = embedder.embed_passages([embedding_text(p.title, "", p.text) for p in passages])
        index = KeywordIndex(folder)
        entries = (KeywordEntry(i, str(i), p.source, _ALL, p.title, "", "", p.text) for i, p in enumerate(passages))
        index.add(entries)
        index.commit()
        self._keywords: KeywordReader = index.reader()

    def search(self, question: str, k: int, without_group: str | None = None) -> list[Hit]:
        """The `k` best passages, best first, those of one group left out."""
        allowed = np.array([passage.group != without_group for passage in self._passages])
        cosines = np.where(allowed, self._vectors @ self._embedder.embed_query(question), -np.inf)
        nearest = np.argsort(-cosines)[: min(CANDIDATES, int(allowed.sum()))]
        by_vector = {int(i): float(cosines[i]) for i in nearest}
        found = zip(*self._keywords.search(question, CANDIDATES, readers=_ALL), strict=True)
        by_keyword = {int(i): float(score) for i, score in found if allowed[int(i)]}
        fused = weighted_mean(by_vector, by_keyword, VECTOR_WEIGHT)
        ranking = sorted(fused, key=lambda i: (-fused[i], i))[:k]
        return [self.hit(i, fused[i], rank, float(cosines[i])) for rank, i in enumerate(ranking, start=1)]

    def hit(self, i: int, score: float, rank: int, cosine: float | None = None) -> Hit:
        """A passage as a hit."""
        passage = self._passages[i]
        return Hit(
            passage_id=i,
            document_id=str(i),
            version_id=str(i),
            version_sha256="",
            title=passage.title,
            filename="",
            collection=passage.source,
            page=1,
            start=0,
            end=len(passage.text),
            heading="",
            text=passage.text,
            score=score,
            rank=rank,
            vector_score=cosine,
            keyword_score=None,
        )


_ALL = frozenset({"everyone"})


def build_cases(questions: Sequence[AnswerQuestion], embedder: Embedder, folder: Path) -> list[Case]:
    """Search for each question, and for some of them also among the other groups only."""
    passages = list(dict.fromkeys(question.passage for question in questions))
    search = PassageSearch(passages, embedder, folder)
    texts = sorted(
        {s.text for p in range(len(passages)) for s in read_sentences([search.hit(p, 0.0, 1)], max_sentences=1)}
    )
    vectors = dict(zip(texts, embedder.embed_passages(texts), strict=True))
    cases: list[Case] = []
    for number, question in enumerate(questions):
        sign = "+" if question.answerable else "-"
        cases.append(
            _case(question, question.source + sign, search.search(question.text, MAX_PASSAGES), embedder, vectors)
        )
        if number % FAR_SHARE == 0:
            far = search.search(question.text, MAX_PASSAGES, without_group=question.group)
            cases.append(_case(question, "far", far, embedder, vectors))
    return cases


def _case(
    question: AnswerQuestion, kind: str, hits: list[Hit], embedder: Embedder, vectors: dict[str, NDArray[np.float32]]
) -> Case:
    found = read_sentences(hits, max_sentences=MAX_SENTENCES)
    lexical = lexical_features(question.text, found)
    rows = most_likely(lexical, found, MAX_EMBEDDED)
    sentences = tuple(found[i] for i in rows)
    embedded = np.array([vectors[sentence.text] for sentence in sentences])
    near = vector_features(embedder.embed_query(question.text), sentences, embedded)
    own = [sentence.hit.text == question.passage.text and _holds(sentence.text, question) for sentence in sentences]
    fold = question.group
    if question.source == "clapnq":
        fold = f"clapnq {int(hashlib.sha256(question.group.encode()).hexdigest(), 16) % N_CLAPNQ_FOLDS}"
    return Case(
        question, kind, fold, tuple(hits), sentences, np.hstack([lexical[rows], near]), np.array(own, dtype=bool)
    )


def _holds(sentence: str, question: AnswerQuestion) -> bool:
    if question.source == "squad":
        return any(answer in sentence for answer in question.answers)
    return sentence in question.answers


def fit_sentence_model(cases: Sequence[Case]) -> Fitted:
    """Weights under which the sentences that hold the answer get the largest share of exp(score)."""
    usable = [case for case in cases if case.holds_answer.any()]
    rows = np.concatenate([case.features for case in usable]).astype(np.float64)
    target = np.concatenate([case.holds_answer / case.holds_answer.sum() for case in usable])
    lengths = np.array([len(case.holds_answer) for case in usable])
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled = (rows - mean) / scale * (rows.std(axis=0) > 1e-4)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = scaled @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, begins), lengths)
        totals = np.add.reduceat(np.exp(scores), begins)
        shares = np.exp(scores) / np.repeat(totals, lengths)
        value = float(np.log(totals).sum() - target @ scores + RIDGE * weights @ weights)
        return value, scaled.T @ (shares - target) + 2 * RIDGE * weights

    weights = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x / scale
    return Fitted(weights, float(-mean @ weights))


def fit_answerable_model(
    rows: NDArray[np.float32], answered: NDArray[np.bool_], case_weights: NDArray[np.float64]
) -> Fitted:
    """A logistic model in which what is missing can only lower the probability, and all else only raise it."""
    mean, scale = rows.mean(axis=0).astype(np.float64), rows.std(axis=0).astype(np.float64) + 1e-6
    scaled = np.column_stack([(rows - mean) / scale, np.ones(len(rows))])
    bounds = [(None, 0.0) if "missing" in name else (0.0, None) for name in ANSWERABLE_FEATURES] + [(None, None)]
    signs = np.where(answered, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (scaled @ weights)
        value = float(case_weights @ np.logaddexp(0, -margins) + RIDGE * weights[:-1] @ weights[:-1])
        slope = -case_weights * signs / (1 + np.exp(margins))
        ridge = 2 * RIDGE * np.append(weights[:-1], 0.0)
        return value, scaled.T @ slope + ridge

    fitted = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = fitted[:-1] / scale
    return Fitted(weights, float(fitted[-1] - mean @ weights))


def fit_and_report(cases: Sequence[Case]) -> tuple[Fitted, Fitted]:
    """Fit on all cases; print how fits without each fold do on that fold."""
    chosen = np.zeros(len(cases), dtype=int)
    sure = np.zeros(len(cases))
    sentence_model = fit_sentence_model(cases)
    answerable_rows = _answerable_rows(cases, sentence_model)
    answered = np.array([case.kind.endswith("+") for case in cases])
    case_weights = np.array([CASE_WEIGHTS[case.kind] for case in cases])
    folds = np.array([case.fold for case in cases])
    for fold in sorted(set(folds)):
        inside = folds == fold
        model = fit_sentence_model([case for case in cases if case.fold != fold])
        rows = _answerable_rows(cases, model)
        gate = fit_answerable_model(rows[~inside], answered[~inside], case_weights[~inside])
        sure[inside] = gate.score(rows[inside])
        for i in map(int, np.flatnonzero(inside)):
            chosen[i] = _rank_of_answer(model.score(cases[i].features), cases[i].holds_answer)
    kinds = np.array([case.kind for case in cases])
    cut = float(np.mean([np.quantile(sure[kinds == kind], 1 - COVERAGE) for kind in ("squad+", "clapnq+")]))
    _report(cases, kinds, chosen, sure, cut)
    gate = fit_answerable_model(answerable_rows, answered, case_weights)
    return sentence_model, Fitted(gate.weights, gate.intercept - cut)


def _answerable_rows(cases: Sequence[Case], model: Fitted) -> NDArray[np.float32]:
    return np.array(
        [
            answerable_features(
                case.question.text,
                case.hits,
                case.sentences,
                case.features,
                model.score(case.features).astype(np.float32),
            )
            for case in cases
        ]
    )


def _rank_of_answer(scores: NDArray[np.float64], holds_answer: NDArray[np.bool_]) -> int:
    """The place, from 1, of the best sentence that holds the answer; 0 when none was found."""
    ranked = holds_answer[np.argsort(-scores)]
    return int(np.argmax(ranked)) + 1 if ranked.any() else 0


def _report(
    cases: Sequence[Case], kinds: NDArray[np.str_], ranks: NDArray[np.int_], sure: NDArray[np.float64], cut: float
) -> None:
    for kind in ("squad+", "clapnq+"):
        found = (kinds == kind) & (ranks > 0)
        within = ", ".join(f"{n}: {np.mean(ranks[found] <= n):.3f}" for n in (1, 2, 3, 4))
        print(f"{kind} {found.sum()} questions whose answer was found; answer in the first n sentences: {within}")  # noqa: T201
    nearest = np.array([case.features[:, FEATURES.index("similarity")].max() for case in cases])
    for name, values, threshold in (("fitted", sure, cut), ("fitted", sure, None), ("similarity", nearest, None)):
        for source in ("squad", "clapnq"):
            bar = threshold if threshold is not None else float(np.quantile(values[kinds == f"{source}+"], 0.1))
            shares = {kind: np.mean(values[kinds == kind] >= bar) for kind in (f"{source}+", f"{source}-", "far")}
            print(name, ", ".join(f"{kind} answered {share:.3f}" for kind, share in shares.items()))  # noqa: T201


def main() -> None:
    """Fit on SQuAD 2.0 and ClapNQ and write `generation/weights.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with squad-v2-dev-half/ and clapnq-dev/")
    parser.add_argument("--out", type=Path, default=WEIGHTS_PATH)
    arguments = parser.parse_args()
    squad = next((arguments.data / "squad-v2-dev-half").glob("*.json"))
    questions = read_squad(squad) + read_clapnq(arguments.data / "clapnq-dev")
    with tempfile.TemporaryDirectory() as folder:
        embedder = load_embedder("all-MiniLM-L6-v2", Path(folder) / "model")
        cases = build_cases(questions, embedder, Path(folder) / "keywords")
    sentence_model, gate = fit_and_report(cases)
    write_model("sentence", FEATURES, sentence_model.weights, sentence_model.intercept, arguments.out)
    write_model("answerable", ANSWERABLE_FEATURES, gate.weights, gate.intercept, arguments.out)


if __name__ == "__main__":
    main()
