"""Questions with what is relevant to them, and the files: SciFact, 18F, Contoso, PrivacyQA, SQuAD, ClapNQ."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evals.answer_sets import AnswerQuestion, read_clapnq, read_squad
from evals.retrieval_metrics import Span

EVERY_NTH_SQUAD = 4


@dataclass(frozen=True)
class LabelledSet:
    """Files by name, questions, and what is relevant to each: gains by document or page, or spans of files."""

    name: str
    title: str
    unit: Literal["document", "page", "span"]
    files: dict[str, bytes]
    questions: list[str]
    gains: list[dict[str, int]] = field(default_factory=list)
    spans: list[list[Span]] = field(default_factory=list)


def read_scifact(data: Path) -> LabelledSet:
    """Scientific claims and the abstracts that bear on them; the train queries.

    Source: Wadden et al., Fact or Fiction: Verifying Scientific Claims, EMNLP 2020, https://aclanthology.org/2020.emnlp-main.609/
    """
    folder = data / "scifact"
    files = {
        f"{item['_id']}.md": f"# {item['title']}\n\n{item['text']}\n".encode()
        for item in map(json.loads, (folder / "corpus.jsonl").open(encoding="utf-8"))
    }
    queries = {item["_id"]: item["text"] for item in map(json.loads, (folder / "queries.jsonl").open(encoding="utf-8"))}
    judged: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels" / "train.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query_id, document_id, gain = line.split("\t")
        judged.setdefault(query_id, {})[f"{document_id}.md"] = int(gain)
    questions = [queries[query_id] for query_id in judged]
    return LabelledSet("scifact", "SciFact train", "document", files, questions, list(judged.values()))


def read_18f(data: Path) -> LabelledSet:
    """A company's handbook, and questions that were its headings; these are blanked in the documents."""
    folder = data / "kb-18f-handbook"
    corpus = map(json.loads, (folder / "docs_question_headings_blanked.jsonl").open(encoding="utf-8"))
    asked = [json.loads(line) for line in (folder / "faq_from_headings.jsonl").open(encoding="utf-8")]
    files = {item["_id"]: item["text"].encode() for item in corpus}
    questions, gains = [item["question"] for item in asked], [{item["doc"]: 1} for item in asked]
    return LabelledSet("18f", "18F handbook", "document", files, questions, gains)


def read_contoso(data: Path) -> LabelledSet:
    """PDFs about benefits and jobs, with questions whose answers name pages; those that name none are left out."""
    folder = data / "contoso-hr-pdf"
    files = {path.name: path.read_bytes() for path in sorted((folder / "pdfs").iterdir())}
    asked = [json.loads(line) for line in (folder / "questions.jsonl").open(encoding="utf-8")]
    pages = [dict.fromkeys(re.findall(r"\[([^\[\]]+\.pdf#page=\d+)\]", item["truth"]), 1) for item in asked]
    kept = [(item["question"], own) for item, own in zip(asked, pages, strict=True) if own]
    questions, gains = [question for question, _ in kept], [own for _, own in kept]
    return LabelledSet("contoso", "Contoso PDFs", "page", files, questions, gains)


def read_privacyqa(data: Path) -> LabelledSet:
    """Privacy policies, with questions and the spans of characters that experts marked.

    Source: Pipitone and Houir Alami, LegalBench-RAG, 2024, https://arxiv.org/abs/2408.10343
    """
    folder = data / "legalbench-rag"
    files = {f"privacy_qa/{path.name}": path.read_bytes() for path in sorted((folder / "corpus/privacy_qa").iterdir())}
    tests = json.loads((folder / "benchmarks/privacy_qa.json").read_text(encoding="utf-8"))["tests"]
    spans = [[Span(snippet["file_path"], *snippet["span"]) for snippet in test["snippets"]] for test in tests]
    return LabelledSet("privacyqa", "PrivacyQA", "span", files, [test["query"] for test in tests], [], spans)


def read_squad_paragraphs(data: Path) -> LabelledSet:
    """Paragraphs of eight Wikipedia articles, a file each, and every fourth of their answerable questions."""
    asked = read_squad(data / "squad-v2-dev-half" / "dev-8-articles.json")
    return _of_passages("squad", "SQuAD paragraphs", asked, EVERY_NTH_SQUAD)


def read_clapnq_passages(data: Path) -> LabelledSet:
    """Passages of Wikipedia, a file each, and the questions that they answer."""
    return _of_passages("clapnq", "ClapNQ passages", read_clapnq(data / "clapnq-dev"), 1)


def _of_passages(name: str, title: str, asked: list[AnswerQuestion], every_nth: int) -> LabelledSet:
    filenames = {passage: f"{number}.txt" for number, passage in enumerate(dict.fromkeys(q.passage for q in asked))}
    files = {filename: passage.text.encode() for passage, filename in filenames.items()}
    kept = [question for question in asked if question.answerable][::every_nth]
    gains = [{filenames[question.passage]: 1} for question in kept]
    return LabelledSet(name, title, "document", files, [question.text for question in kept], gains)


SETS: dict[str, Callable[[Path], LabelledSet]] = {
    "scifact": read_scifact,
    "privacyqa": read_privacyqa,
    "18f": read_18f,
    "contoso": read_contoso,
    "squad": read_squad_paragraphs,
    "clapnq": read_clapnq_passages,
}
