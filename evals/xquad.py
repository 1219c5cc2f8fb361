"""How well questions in other languages find their paragraph: XQuAD, each language on its own paragraphs.

Source: Artetxe et al., On the Cross-lingual Transferability of Monolingual Representations, ACL 2020,
https://doi.org/10.18653/v1/2020.acl-main.421
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.benchmark_rows import BenchmarkRow
from evals.knowledge_base import EVERYONE, KnowledgeBase, temporary_knowledge_base
from evals.retrieval_metrics import hit_at
from ingest.embed import Embedder
from retrieval.options import SearchMode, SearchOptions

LANGUAGES = ("en", "de", "es")
MODES: tuple[SearchMode, ...] = ("keyword", "vector", "hybrid")
PASSAGE_POOL = 25  # a paragraph may be several passages
K = 5


@dataclass(frozen=True)
class Paragraph:
    """A paragraph under a file name, and the questions that it answers."""

    filename: str
    text: str
    questions: tuple[str, ...]


def read_paragraphs(file: Path) -> list[Paragraph]:
    """The paragraphs of a file in SQuAD's form."""
    return [
        Paragraph(
            f"{article.get('title', n_article)}-{n}.txt",
            paragraph["context"],
            tuple(q["question"] for q in paragraph["qas"]),
        )
        for n_article, article in enumerate(json.loads(file.read_text(encoding="utf-8"))["data"])
        for n, paragraph in enumerate(article["paragraphs"])
    ]


def measure_languages(embedder: Embedder, data: Path, *, max_questions: int | None) -> Iterator[BenchmarkRow]:
    """hit@5 of each mode in each language, and in what share of searches the message about the language came."""
    for language in LANGUAGES:
        paragraphs = read_paragraphs(data / "xquad" / f"xquad.{language}.dev.json")
        asked = [(question, own.filename) for own in paragraphs for question in own.questions][:max_questions]
        with temporary_knowledge_base(embedder) as base:
            for paragraph in paragraphs:
                base.add(paragraph.text.encode(), paragraph.filename)
            base.work()
            for mode in MODES:
                hits = [hit_at(_found(base, question, mode), frozenset({gold}), K) for question, gold in asked]
                yield BenchmarkRow(f"XQuAD {language} paragraph hit@{K}, {mode}", sum(hits) / len(hits))
            told = [bool(base.searcher.degraded(question, EVERYONE)) for question, _ in asked]
            share, known = sum(told) / len(told), embedder.languages.knows(language)
            met = share <= 0.01 if known else share >= 0.99
            what = f"XQuAD {language} searches that say the model lacks the language"
            yield BenchmarkRow(what, share, goal=0.0 if known else 1.0, met=met)


def _found(base: KnowledgeBase, question: str, mode: SearchMode) -> list[str]:
    """The file names of the best paragraphs, best first."""
    with base.database.read() as session:
        options = SearchOptions(mode=mode)
        hits = base.searcher.search(session, question, EVERYONE, PASSAGE_POOL, options=options)
    return list(dict.fromkeys(hit.filename for hit in hits))
