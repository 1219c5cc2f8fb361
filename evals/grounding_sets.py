"""Sentences with their passages, and whether people found that these support them: RAGTruth, WiCE and BEGIN."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.sentences import split_sentences
from retrieval.hit import Hit

MIN_WORDS = 4
HELD_BACK_DIGITS = "6789"
WICE_PASSAGE_SENTENCES = 8
BEGIN_PARTS = ("wow", "tc", "cmu")


@dataclass(frozen=True)
class Labelled:
    """A sentence of an answer, its passages, whether people found it supported, and whether it is held back.

    What is held back is never fitted on; no source is on both sides.
    """

    answer: str
    source: str
    text: str
    hits: tuple[Hit, ...]
    supported: bool
    held_back: bool


def read_ragtruth(data: Path, n_sources: int | None = None) -> Iterator[Labelled]:
    """The sentences of the answers to RAGTruth's questions, all answers to a source together.

    A sentence in which annotators marked something as made up is not supported. Sources whose number ends with 6 to 9
    are held back.

    Source: Niu et al., RAGTruth, ACL 2024, https://aclanthology.org/2024.acl-long.585/
    """
    folder = data / "ragtruth-qa"
    answers: dict[str, list[str]] = {}
    for line in (folder / "response_train.jsonl").read_text(encoding="utf-8").splitlines():
        answers.setdefault(json.loads(line)["source_id"], []).append(line)
    passages = {}
    for line in (folder / "source_info.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        passages[row["source_id"]] = row["source_info"]["passages"]
    for source, lines in list(answers.items())[:n_sources]:
        parts = [part.strip() for part in passages[source].split("\n\n") if part.strip()]
        hits = tuple(passage_hit(source, rank, text) for rank, text in enumerate(parts, start=1))
        for line in lines:
            yield from _ragtruth_sentences(json.loads(line), hits)


def read_wice(data: Path) -> Iterator[Labelled]:
    """Claims of Wikipedia with the page that each cites, cut every eight sentences; only what is wholly supported is.

    Source: Kamoi et al., WiCE, EMNLP 2023, https://aclanthology.org/2023.emnlp-main.470/
    """
    for line in (data / "wice" / "claim_dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        source, sentences = row["meta"]["id"], [sentence for sentence in row["evidence"] if sentence.strip()]
        hits = tuple(
            passage_hit(source, rank, "\n".join(sentences[begin : begin + WICE_PASSAGE_SENTENCES]))
            for rank, begin in enumerate(range(0, len(sentences), WICE_PASSAGE_SENTENCES), start=1)
        )
        yield Labelled(source, source, row["claim"], hits, row["label"] == "supported", held_back=True)


def read_begin(data: Path) -> Iterator[Labelled]:
    """Turns of dialogues with the knowledge that each was written from; only what is fully attributable is supported.

    Source: Dziri et al., BEGIN, TACL 2022, https://doi.org/10.1162/tacl_a_00506
    """
    for part in BEGIN_PARTS:
        with (data / "begin" / f"begin_dev_{part}.tsv").open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file, delimiter="\t")):
                source = f"{part}-{number}"
                supported = row["begin_label"] == "Fully attributable"
                hit = passage_hit(source, 1, row["knowledge"])
                yield Labelled(source, source, row["response"], (hit,), supported, held_back=True)


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


def _ragtruth_sentences(row: dict[str, object], hits: tuple[Hit, ...]) -> Iterator[Labelled]:
    source, response = str(row["source_id"]), str(row["response"])
    marked = [(label["start"], label["end"]) for label in row["labels"]]  # type: ignore[attr-defined]
    for start, end in split_sentences(response):
        text = response[start:end]
        if len(text.split()) >= MIN_WORDS:
            supported = not any(start < other_end and other_start < end for other_start, other_end in marked)
            yield Labelled(str(row["id"]), source, text, hits, supported, source[-1] in HELD_BACK_DIGITS)
