"""Whether two passages say the same: the same words but for a few, and no number, name or negation that differs."""

import re
from dataclasses import dataclass
from functools import cached_property

MIN_LIKENESS = 0.8
SHINGLE_WORDS = 3
_WORD = re.compile(r"\w+")
_NEGATIONS = frozenset("no not never none without nor cannot except unless kein keine nicht nie ohne sin nunca".split())


@dataclass(frozen=True)
class Wording:
    """The words of a text as they are written, as far as they matter for likeness."""

    words: tuple[str, ...]

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        """Every run of three words, in lower case."""
        plain = [word.casefold() for word in self.words]
        return frozenset(zip(*(plain[i:] for i in range(min(SHINGLE_WORDS, len(plain)))), strict=False))

    @cached_property
    def telling(self) -> frozenset[str]:
        """The words in which no difference is small, in lower case: numbers, names, negations."""
        return frozenset(word.casefold() for word in self.words if _is_telling(word))


NO_WORDING = Wording(())


def wording_of(text: str, heading: str = "") -> Wording:
    """The wording of a passage; case, punctuation, line breaks and its own headings at the start do not count."""
    first, _, rest = text.partition("\n")
    while rest and heading and first.strip() in (*heading.split(" > "), ""):
        text = rest
        first, _, rest = text.partition("\n")
    return Wording(tuple(_WORD.findall(text)))


def say_the_same(one: Wording, other: Wording) -> bool:
    """Whether the texts share `MIN_LIKENESS` of their runs of words, and all words that tell facts apart.

    likeness = |A ∩ B| / |A ∪ B|. Source: Broder, On the Resemblance and Containment of Documents, 1997,
    https://doi.org/10.1109/SEQUEN.1997.666900
    """
    if not one.words or not other.words or one.telling != other.telling:
        return False
    shared = len(one.shingles & other.shingles)
    return shared >= MIN_LIKENESS * (len(one.shingles) + len(other.shingles) - shared)


def _is_telling(word: str) -> bool:
    return not word.isalpha() or not word.islower() or word in _NEGATIONS
