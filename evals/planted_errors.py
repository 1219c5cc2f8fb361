"""How many planted errors the support check catches: `python -m evals.planted_errors --data FOLDER`.

Sentences of SQuAD's paragraphs are cited to their own paragraph: as they are (nothing may be found), and with one
number, month, name or negation changed (which must keep them from being supported); a swapped number is one that stands
elsewhere in the paragraph. Prints the share caught of each kind.
"""

import argparse
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from evals.answer_sets import read_squad
from evals.fit_support import passage_hit
from generation.support import SupportCheck
from ingest.embed import load_embedder
from ingest.sentences import split_sentences
from retrieval.hit import Hit

MIN_WORDS, MAX_WORDS = 6, 40
MONTHS = "January February March April May June July August September October November December".split()
STRANGERS = ("Gustavsson", "Okonkwo", "Petrosyan", "Vanterpool")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b(?= \d)")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
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


CHANGES: dict[str, Change] = {
    "number": change_number,
    "swapped": swap_number,
    "month": change_month,
    "name": change_name,
    "negation": change_negation,
}


def read_sentences(path: Path, n_paragraphs: int) -> Iterator[tuple[str, Hit]]:
    """Sentences of paragraphs spread over all articles, each with its paragraph."""
    passages = list(dict.fromkeys(question.passage for question in read_squad(path)))
    step = max(1, len(passages) // n_paragraphs)
    for i, passage in enumerate(passages[::step]):
        hit = replace(passage_hit(str(i), 1, passage.text), title=passage.title)
        for start, end in split_sentences(passage.text):
            if MIN_WORDS <= len(passage.text[start:end].split()) <= MAX_WORDS:
                yield " ".join(passage.text[start:end].split()), hit


def main() -> None:
    """Print the share of sentences that are not supported: of the originals, and of each kind of change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the labelled sets")
    parser.add_argument("--paragraphs", type=int, default=150, help="how many paragraphs to read")
    parser.add_argument("--model-cache", type=Path, default=Path(tempfile.gettempdir()) / "footnote-models")
    given = parser.parse_args()
    check = SupportCheck(load_embedder("all-MiniLM-L6-v2", given.model_cache))
    (path,) = (given.data / "squad-v2-dev-half").glob("*.json")
    sentences = list(read_sentences(path, given.paragraphs))
    doubted = [text for text, hit in sentences if check.check(text, [hit]).verdict != "supported"]
    _print_share("originals", len(doubted), len(sentences))
    for name, change in CHANGES.items():
        planted = [(change(text, hit.text, i), hit) for i, (text, hit) in enumerate(sentences)]
        made = [(text, hit) for text, hit in planted if text is not None and text not in hit.text]
        _print_share(name, sum(check.check(text, [hit]).verdict != "supported" for text, hit in made), len(made))


def _print_share(name: str, n: int, of: int) -> None:
    print(f"{name:10} {n:5} of {of:5} not supported: {n / max(1, of):6.1%}", flush=True)  # noqa: T201 - a script's result


if __name__ == "__main__":
    main()
