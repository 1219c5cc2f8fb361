"""Words of questions and sentences, cut to stems, for counting what two texts share."""

import itertools
import re
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"\w+(?:['’]\w+)*(?:[.,]\d+)*")
_ENDINGS = (
    ("ational", "ate"),
    ("ization", "ize"),
    ("isation", "ize"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("iveness", "ive"),
    ("ements", ""),
    ("ement", ""),
    ("ments", ""),
    ("ment", ""),
    ("ations", "at"),
    ("ation", "at"),
    ("ities", ""),
    ("ity", ""),
    ("ings", ""),
    ("ing", ""),
    ("ions", ""),
    ("ion", ""),
    ("ies", "y"),
    ("ied", "y"),
    ("ers", ""),
    ("er", ""),
    ("ors", ""),
    ("or", ""),
    ("ed", ""),
    ("es", ""),
    ("ly", ""),
    ("al", ""),
    ("s", ""),
    ("e", ""),
)
STOP_WORDS = frozenset(
    "a about after all also am an and another any are as at be became because been before being between both but "
    "by came can come could did do does done each either else etc for from get give given go goes got had has "
    "have having he her here him his how i if in into is it its just know let like made make many may me might "
    "more most much must my no nor not of off on one only or other our out over own please same say says see "
    "shall she should show so some such take tell than that the their them then there these they this those "
    "through to too under until up upon us use used very want was way we were what when where whether which while "
    "who whom whose why will with within would you your yours list describe explain name kind type".split()
)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A lower-case word without its commonest English endings; words of up to three letters stay as they are."""
    if len(word) <= 3 or not word.isalpha():
        return word
    word = word.removesuffix("'s").removesuffix("’s")
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word[-1] == "y" else word


def words(text: str) -> list[str]:
    """The words and numbers of a text, in order and as written."""
    return _WORD.findall(text)


def stems(text: str) -> list[str]:
    """The stems of all words of a text, in order, stop words included."""
    return [stem(word) for word in words(text.lower())]


def content_stems(text: str) -> list[str]:
    """The stems of the words of a text that carry meaning, in order."""
    return [stem(word) for word in words(text.lower()) if word not in STOP_WORDS]


def pairs(stemmed: Iterable[str]) -> set[tuple[str, str]]:
    """Neighbouring stems."""
    return set(itertools.pairwise(stemmed))
