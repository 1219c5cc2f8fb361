"""Extractive answers on real questions, beside the nearest sentences: `footnote bench extract`.

Of the questions whose answer stands in one of the first five passages, the share whose answer holds it. The peer is the
same number of sentences with the highest cosine to the question. The wait is from the hits to the first words.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from evals.answer_sets import AnswerQuestion, read_clapnq, read_squad
from evals.asker import Asked, Asker, add_files, add_passages, figure, sample
from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import KnowledgeBase, load_own_embedder, temporary_knowledge_base
from evals.labelled_sets import read_contoso
from ingest.embed import Embedder
from ingest.sentences import split_sentences
from ingest.settings import IngestSettings

QUICK, WHOLE = 60, 600
SETS = ("squad", "clapnq", "contoso")
GOAL_CONTAINED, GOAL_GOLD_PAGE, GOAL_ANSWERED = 0.75, 0.37, 0.9
GOAL_FIRST_WORDS_MS = 100
MAX_SENTENCES = 3


def main(given: list[str] | None = None) -> None:
    """Print the table, or with --json one object."""
    parser = benchmark_options(__doc__)
    parser.add_argument("--only", choices=SETS, help="one set instead of all")
    options = parser.parse_args(given)
    embedder = load_own_embedder(IngestSettings())
    with temporary_knowledge_base(embedder) as base:
        rows = list(measure(base, embedder, options.data, options.only, QUICK if options.quick else WHOLE))
    print_benchmark("extract", rows, as_json=options.json)


def measure(base: KnowledgeBase, embedder: Embedder, data: Path, only: str | None, n: int) -> Iterator[BenchmarkRow]:
    """Measure each set with at most `n` questions."""
    asker = Asker(base, embedder)
    if only in (None, "squad"):
        yield from _contained(base, asker, read_squad(next((data / "squad-v2-dev-half").glob("*.json"))), n)
    if only in (None, "clapnq"):
        yield from _contained(base, asker, read_clapnq(data / "clapnq-dev"), n)
    if only in (None, "contoso"):
        yield from _contoso(base, asker, data, n)


def _contained(
    base: KnowledgeBase, asker: Asker, questions: Sequence[AnswerQuestion], n: int
) -> Iterator[BenchmarkRow]:
    """Containment in answers of at most three sentences; only SQuAD's short answers have a goal."""
    name = questions[0].source
    add_passages(base, questions, name)
    answerable = sample([question for question in questions if question.answerable], n)
    asked = [asker.ask(question.text, name) for question in answerable]
    in_reach = [(q, a) for q, a in zip(answerable, asked, strict=True) if _in_first_five(q, a)]
    ours = [len(a.answer.claims) <= MAX_SENTENCES and _holds(a.answer.text, q) for q, a in in_reach]
    peers = [_holds(_nearest_sentences(asker.embedder, a), q) for q, a in in_reach]
    goal = GOAL_CONTAINED if name == "squad" else None
    yield figure(f"{name}: answer in the first five passages", len(in_reach) / len(asked), None, None)
    yield figure(f"{name}: answer contained, of those", _mean(ours), _mean(peers), goal, "cosine sentences")
    yield figure(f"{name}: sentences in an answer", _mean([len(a.answer.claims) for _, a in in_reach]), None, None)
    yield from _answered(name, asked)


def _contoso(base: KnowledgeBase, asker: Asker, data: Path, n: int) -> Iterator[BenchmarkRow]:
    """Questions about the HR files of a made-up company, with the pages that hold the answer."""
    add_files(base, read_contoso(data))
    lines = (data / "contoso-hr-pdf" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines][:n]
    asked = [asker.ask(entry["question"], "contoso") for entry in entries]
    right = []
    for entry, one in zip(entries, asked, strict=True):
        pages = set(re.findall(r"\[([^\]#]+)#page=(\d+)\]", entry["truth"]))
        cited = {(c.filename, str(c.page)) for claim in one.answer.claims for c in claim.citations}
        right.append(bool(pages & cited))
    yield figure("contoso: a gold page is cited", _mean(right), None, GOAL_GOLD_PAGE, "published sample, LLM")
    yield from _answered("contoso", asked)


def _answered(name: str, asked: Sequence[Asked]) -> Iterator[BenchmarkRow]:
    waits = float(np.median([one.first_words_ms for one in asked if one.first_words_ms]))
    yield figure(f"{name}: questions answered", _mean([not one.answer.abstained for one in asked]), None, GOAL_ANSWERED)
    what = f"{name}: ms from hits to first words, median"
    yield figure(what, waits, None, GOAL_FIRST_WORDS_MS, least=False)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _holds(text: str, question: AnswerQuestion) -> bool:
    return any(_plain(answer) in _plain(text) for answer in question.answers)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _in_first_five(question: AnswerQuestion, asked: Asked) -> bool:
    """Whether a sentence of the question's passage that holds the answer stands in one of the first five hits."""
    passage = question.passage.text
    holding = [passage[start:end] for start, end in split_sentences(passage) if _holds(passage[start:end], question)]
    found = [_plain(hit.text) for hit in asked.answer.hits[:5]]
    return any(_plain(sentence) in text for sentence in holding for text in found)


def _nearest_sentences(embedder: Embedder, asked: Asked) -> str:
    """As many sentences of the hits as the answer has, at least one, by cosine to the question alone."""
    texts = [hit.text[start:end] for hit in asked.answer.hits for start, end in split_sentences(hit.text)]
    cosines = embedder.embed_passages(texts) @ embedder.embed_query(asked.question)
    return " ".join(texts[i] for i in np.argsort(-cosines)[: max(1, len(asked.answer.claims))])


if __name__ == "__main__":
    main()
