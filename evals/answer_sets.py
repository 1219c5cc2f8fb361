"""Questions with their passages and answers, read from published sets: SQuAD 2.0 and ClapNQ."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

_DETACHED = (
    (re.compile(r"``|''"), '"'),
    (re.compile(r" ([.,;:!?)\]%])"), r"\1"),
    (re.compile(r"([(\[]) "), r"\1"),
    (re.compile(r" ('s|n't|'re|'ll|'ve|'d)\b"), r"\1"),
    (re.compile(r"(\w) - (\w)"), r"\1-\2"),
)


@dataclass(frozen=True)
class AnswerPassage:
    """A passage that questions were written for; `group` is what may not be split between fitting and testing."""

    source: str
    group: str
    title: str
    text: str


@dataclass(frozen=True)
class AnswerQuestion:
    """A question about one passage.

    `answers` are texts of which a good answer holds one: short spans (SQuAD) or whole sentences (ClapNQ). An
    unanswerable question has none, though its passage is about the same thing.
    """

    source: str
    group: str
    text: str
    passage: AnswerPassage
    answers: tuple[str, ...]

    @property
    def answerable(self) -> bool:
        """Whether the passage answers the question."""
        return bool(self.answers)


def read_squad(path: Path) -> list[AnswerQuestion]:
    """The questions of a SQuAD 2.0 file, in its order; the group is the article.

    Source: Rajpurkar et al., Know What You Don't Know, ACL 2018, https://aclanthology.org/P18-2124/
    """
    questions: list[AnswerQuestion] = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        title = article["title"].replace("_", " ")
        for paragraph in article["paragraphs"]:
            passage = AnswerPassage("squad", title, title, paragraph["context"].strip())
            for entry in paragraph["qas"]:
                answers = () if entry["is_impossible"] else tuple(dict.fromkeys(a["text"] for a in entry["answers"]))
                questions.append(AnswerQuestion("squad", title, entry["question"].strip(), passage, answers))
    return questions


def read_clapnq(folder: Path) -> list[AnswerQuestion]:
    """The questions of ClapNQ's dev set, answerable ones first; the group is the passage's title.

    Its passages are tokenized with spaces around punctuation; these are taken out.

    Source: Rosenthal et al., CLAPnq, TACL 2025, https://doi.org/10.1162/tacl_a_00729
    """
    questions: list[AnswerQuestion] = []
    for kind in ("answerable", "unanswerable"):
        for line in (folder / f"clapnq_dev_{kind}.jsonl").read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            title, text = entry["passages"][0]["title"], _attach(entry["passages"][0]["text"])
            passage = AnswerPassage("clapnq", title, title, text)
            chosen = [s for output in entry["output"] for s in output.get("selected_sentences", [])]
            answers = tuple(dict.fromkeys(_attach(s) for s in chosen)) if kind == "answerable" else ()
            questions.append(AnswerQuestion("clapnq", title, entry["input"], passage, answers))
    return questions


def _attach(tokenized: str) -> str:
    """Text with its punctuation put back to the words."""
    for pattern, instead in _DETACHED:
        tokenized = pattern.sub(instead, tokenized)
    return tokenized.strip()
