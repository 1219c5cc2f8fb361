"""Whether two passages say the same: the same words but for a few, and no number, name or negation that differs."""

import re
from dataclasses import dataclass

MIN_LIKENESS = 0.8
SHINGLE_WORDS = 3
_WORD = re.compile(r"\w+")
_NEGATIONS = frozenset("no not never none without nor cannot except unless kein keine nicht nie ohne sin nunca".split())


@dataclass(frozen=True)
class Wording:
    """A text as far as it matters for likeness: runs of three words, and the words in which no difference is small."""

    shingles: frozenset[tuple[str, ...]]
    telling: frozenset[str]


NO_WORDING = Wording(frozenset(), frozenset())


def wording_of(text: str, heading: str = "") -> Wording:
    """The wording of a passage; case, punctuation, line breaks and its own headings at the start do not count."""
    first, _, rest = text.partition("\n")
    while rest and heading and first.strip() in (*heading.split(" > "), ""):
        text = rest
        first, _, rest = text.partition("\n")
    words = _WORD.findall(text)
    plain = [word.casefold() for word in words]
    runs = zip(*(plain[i:] for i in range(min(SHINGLE_WORDS, len(plain)))), strict=False)
    telling = (low for word, low in zip(words, plain, strict=True) if _is_telling(word, low))
    return Wording(frozenset(runs), frozenset(telling))


def say_the_same(one: Wording, other: Wording) -> bool:
    """Whether the texts share `MIN_LIKENESS` of their runs of words, and all words that tell facts apart.

    likeness = |A ∩ B| / |A ∪ B|. Source: Broder, On the Resemblance and Containment of Documents, 1997,
    https://doi.org/10.1109/SEQUEN.1997.666900
    """
    if not one.shingles or one.telling != other.telling:
        return False
    shared = len(one.shingles & other.shingles)
    return shared >= MIN_LIKENESS * (len(one.shingles) + len(other.shingles) - shared)


def _is_telling(word: str, low: str) -> bool:
    return word != low or any(character.isdigit() for character in word) or low in _NEGATIONS
