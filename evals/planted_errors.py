"""Sentences with one planted error each, and how many of them the support check catches.

Sentences of SQuAD's paragraphs are cited to their own paragraph: as they are (nothing may be found), and with one
number, date, name, unit or negation changed, or with another subject (which must keep them from being supported). A
swapped number or subject is one that stands elsewhere in the paragraph. `footnote bench verify` prints the shares.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evals.answer_sets import read_squad
from evals.grounding_sets import passage_hit
from generation.facts import read_facts
from generation.support import SupportCheck
from ingest.sentences import split_sentences
from retrieval.hit import Hit

MIN_WORDS, MAX_WORDS = 6, 40
MONTHS = "January February March April May June July August September October November December".split()
STRANGERS = ("Gustavsson", "Okonkwo", "Petrosyan", "Vanterpool")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b(?= \d)")
_YEAR = re.compile(r"\b1[5-9]\d\d\b|\b20[0-2]\d\b")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
_UNITS = (
    ("days", "weeks", "months", "years", "hours", "minutes"),
    ("kilometres", "kilometers", "km", "miles", "metres", "meters", "feet"),
    ("kg", "pounds", "tonnes", "tons"),
    ("$", "€", "£"),
    ("percent", "million", "billion"),
)
_UNIT = re.compile(rf"(?<=\d )(?:{'|'.join(unit for kind in _UNITS for unit in kind if unit.isalpha())})\b|[$€£](?=\d)")
_SUBJECT = re.compile(r"[A-Z][a-z]{3,}\b(?= (?:is|was|has|had|[a-z]+ed)\b)")
_VERB = re.compile(r"\b(?:is|are|was|were|can|will|must|should)\b(?! (?:not|no|never)\b)")
Change = Callable[[str, str, int], str | None]


def change_number(sentence: str, _passage: str, i: int) -> str | None:
    """One digit of one number is another."""
    numbers = list(_NUMBER.finditer(sentence))
    if not numbers:
        return None
    found = numbers[i % len(numbers)]
    place = found.start() + i % len(found[0].rstrip(".,"))
    place = place if sentence[place].isdigit() else found.start()
    digit = str((int(sentence[place]) + 1 + i % 8) % 10 or 1)
    changed = sentence[:place] + digit + sentence[place + 1 :]
    return changed if changed != sentence else None


def swap_number(sentence: str, passage: str, i: int) -> str | None:
    """One number is another one of the paragraph."""
    own = list(_NUMBER.finditer(sentence))
    others = sorted({match[0] for match in _NUMBER.finditer(passage)} - {match[0] for match in own})
    if not own or not others:
        return None
    found = own[i % len(own)]
    return sentence[: found.start()] + others[i % len(others)] + sentence[found.end() :]


def change_month(sentence: str, _passage: str, i: int) -> str | None:
    """One month is another."""
    found = _MONTH.search(sentence)
    if found is None:
        return None
    other = MONTHS[(MONTHS.index(found[0]) + 1 + i % 11) % 12]
    return sentence[: found.start()] + other + sentence[found.end() :]


def change_date(sentence: str, _passage: str, i: int) -> str | None:
    """One month, or else one year, is another."""
    changed = change_month(sentence, _passage, i)
    found = _YEAR.search(sentence)
    if changed is not None or found is None:
        return changed
    return sentence[: found.start()] + str(int(found[0]) + 1 + i % 9) + sentence[found.end() :]


def change_name(sentence: str, _passage: str, i: int) -> str | None:
    """One name is that of a stranger."""
    names = list(_NAME.finditer(sentence))
    if not names:
        return None
    found = names[i % len(names)]
    return sentence[: found.start()] + STRANGERS[i % len(STRANGERS)] + sentence[found.end() :]


def change_negation(sentence: str, _passage: str, _i: int) -> str | None:
    """A sentence that denied nothing denies."""
    found = _VERB.search(sentence)
    if found is None or re.search(r"\b(?:no|not|never|without|nor|none|neither|unless|except)\b|n['’]t", sentence):
        return None
    return sentence[: found.end()] + " not" + sentence[found.end() :]


def change_unit(sentence: str, _passage: str, i: int) -> str | None:
    """One unit is another of its kind."""
    found = _UNIT.search(sentence)
    if found is None:
        return None
    own = read_facts(f"5 {found[0]}").units
    others = [unit for kind in _UNITS if found[0] in kind for unit in kind if read_facts(f"5 {unit}").units != own]
    return sentence[: found.start()] + others[i % len(others)] + sentence[found.end() :]


def swap_subject(sentence: str, passage: str, i: int) -> str | None:
    """The name that a sentence begins with is another of the paragraph."""
    found = _SUBJECT.match(sentence)
    others = sorted({match[0] for match in _NAME.finditer(passage)} - set(sentence.split()))
    if found is None or not others or f" {found[0]}" not in passage.replace(sentence, ""):
        return None
    return others[i % len(others)] + sentence[found.end() :]


CHANGES: dict[str, Change] = {
    "numbers changed": change_number,
    "dates changed": change_date,
    "names changed": change_name,
    "units changed": change_unit,
    "negations added": change_negation,
    "numbers swapped": swap_number,
    "subjects swapped": swap_subject,
}


@dataclass(frozen=True)
class Caught:
    """How many of `n` sentences were not found to be supported."""

    kind: str
    n_caught: int
    n: int

    @property
    def share(self) -> float:
        """The share in 0..1; 0 of none."""
        return self.n_caught / max(1, self.n)


def catch_planted_errors(check: SupportCheck, sentences: Sequence[tuple[str, Hit]]) -> Iterator[Caught]:
    """The share of sentences that are doubted: `originals` first, then of each kind of change."""
    yield _doubted(check, "originals", sentences)
    for kind, change in CHANGES.items():
        planted = [(change(text, hit.text, i), hit) for i, (text, hit) in enumerate(sentences)]
        yield _doubted(check, kind, [(text, hit) for text, hit in planted if text is not None and text not in hit.text])


def read_sentences(path: Path, n_paragraphs: int) -> Iterator[tuple[str, Hit]]:
    """Sentences of paragraphs spread over all articles, each with its paragraph."""
    passages = list(dict.fromkeys(question.passage for question in read_squad(path)))
    step = max(1, len(passages) // n_paragraphs)
    for i, passage in enumerate(passages[::step]):
        hit = replace(passage_hit(str(i), 1, passage.text), title=passage.title)
        for start, end in split_sentences(passage.text):
            if MIN_WORDS <= len(passage.text[start:end].split()) <= MAX_WORDS:
                yield " ".join(passage.text[start:end].split()), hit


def _doubted(check: SupportCheck, kind: str, sentences: Sequence[tuple[str, Hit]]) -> Caught:
    verdicts = [check.check(text, [hit]).verdict for text, hit in sentences]
    return Caught(kind, sum(verdict != "supported" for verdict in verdicts), len(verdicts))
