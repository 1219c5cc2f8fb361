"""What a sentence may not get wrong, compared exactly: numbers with their units, dates, names, addresses, negations."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from generation.words import STOP_WORDS, content_stems, stem, words

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH_OF = {name[:n]: month for month in _MONTHS for name in (month,) for n in (3, len(month))} | {"sept": "september"}
_DOUBTFUL = frozenset(("may", "mar", "march", "dec", "jan", "jun", "sept"))
_WEEKDAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_DATE_NAMES = _WEEKDAYS | frozenset(_MONTHS)
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_WORD_VALUE = {word: value for value, word in enumerate(_SMALL)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_UNITS = {
    form: unit
    for unit, forms in {
        "second": "s sec secs second seconds",
        "minute": "min mins minute minutes",
        "hour": "h hr hrs hour hours hourly",
        "day": "day days daily",
        "week": "week weeks weekly",
        "month": "month months monthly",
        "quarter": "quarter quarters quarterly",
        "year": "year years yr yrs yearly annually",
        "percent": "percent percentage % per-cent",
        "dollar": "$ usd dollar dollars",
        "euro": "€ eur euro euros",
        "pound": "£ gbp pound pounds lb lbs",
        "meter": "m metre metres meter meters",
        "kilometer": "km kilometre kilometres kilometer kilometers",
        "mile": "mile miles mi",
        "foot": "foot feet ft",
        "inch": "inch inches",
        "centimeter": "cm centimetre centimetres centimeter centimeters",
        "millimeter": "mm millimetre millimetres millimeter millimeters",
        "gram": "g gram grams",
        "kilogram": "kg kilogram kilograms kilo kilos",
        "milligram": "mg milligram milligrams",
        "tonne": "t tonne tonnes ton tons",
        "liter": "l litre litres liter liters",
        "degree": "° degree degrees",
        "byte": "byte bytes",
        "kilobyte": "kb",
        "megabyte": "mb megabyte megabytes",
        "gigabyte": "gb gigabyte gigabytes",
        "person": "people persons person employees employee",
    }.items()
    for form in forms.split()
}
MAX_WORDS_TO_UNIT = 3
RELEVANT_SHARE = 0.75
_NOT_SAID = re.compile(
    r"^\s*(?:[-*•]\s*)?\d{1,3}[.)]\s+|\b(?:passages?|documents?|sources?)\s+\d+(?:\s*(?:,|and)\s*\d+)*", re.IGNORECASE
)  # the number of a list item, and what a model calls a passage
_CLAUSE_END = re.compile(r"[,;:.!?\n](?=\s|$)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*|[A-Za-z]+(?:-[A-Za-z]+)*|[%€$£°]")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|cannot|without|except|unless|n't|nicht|kein\w*|nie|ne|pas|"
    r"jamais|aucune?|ohne|sin|sans|nunca)\b|n[’']t\b",
    re.IGNORECASE,
)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"'«»]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][\w’'.&-]*")
_NAME_ENDS = re.compile(r"(?:['’]s|['’.])+$")


@dataclass(frozen=True)
class Facts:
    """The facts of a text.

    `numbers` are values in a common form, `units` the units each value stands with, `names` lower-case words that are
    written with a capital inside a sentence, months and weekdays, `addresses` URLs and e-mail addresses.
    `in_order` are the numbers as they come, each as often as it stands there.
    """

    numbers: frozenset[str]
    units: frozenset[tuple[str, str]]
    names: frozenset[str]
    addresses: frozenset[str]
    n_negations: int
    in_order: tuple[str, ...] = ()

    @property
    def dates(self) -> frozenset[str]:
        """The months and weekdays among the names."""
        return self.names & _DATE_NAMES

    @property
    def proper_names(self) -> frozenset[str]:
        """The names that are no months or weekdays."""
        return self.names - _DATE_NAMES


@dataclass(frozen=True)
class Differences:
    """What a claim says and the passages do not.

    `misplaced` are numbers and dates that stand in a passage but not, or not as often, in the quote; `negated` is set
    when only one of claim and quote denies something.
    """

    numbers: frozenset[str]
    misplaced: frozenset[str]
    names: frozenset[str]
    addresses: frozenset[str]
    negated: bool

    @property
    def any(self) -> bool:
        """Whether there is a difference at all."""
        return bool(self.numbers or self.misplaced or self.names or self.addresses or self.negated)

    def described(self) -> list[str]:
        """Each kind of difference in words, in the order of their weight."""
        kinds = (
            (self.numbers, "no cited passage has the number"),
            (self.addresses, "no cited passage has the address"),
            (self.names, "no cited passage has the name"),
            (self.misplaced, "the passage says something else about the number or date"),
        )
        told = [f"{text} {', '.join(sorted(values))}" for values, text in kinds if values]
        return [*told, "only one of sentence and passage says «not»"] if self.negated else told


@lru_cache(maxsize=2048)
def read_facts(text: str) -> Facts:
    """The facts of a text of one or more sentences; those of texts read lately are remembered."""
    text = _ISO_DATE.sub(lambda m: f"{m[1]} {_MONTHS[(int(m[2]) - 1) % 12].capitalize()} {int(m[3])}", text)
    addresses = frozenset(address.rstrip(".,;:!?").lower() for address in _URL.findall(text))
    text = _URL.sub(" ", text)
    in_order, units = _read_numbers(text)
    names, n_negations = _read_names(text), len(_NEGATION.findall(text))
    return Facts(frozenset(in_order), units, names, addresses, n_negations, in_order)


def compare(claim: str, quote: str, passages: Sequence[str], headings: Sequence[str] = ()) -> Differences:
    """What the claim says that no passage or heading says; negations are compared with the quote alone."""
    claim = without_references(claim)
    said, quoted = read_facts(claim), read_facts(quote)
    texts = [*headings, *passages]
    held = [read_facts(text) for text in texts]
    known = [_known_words(text) for text in texts]
    numbers = said.numbers.difference(*(facts.numbers for facts in held))
    for value, unit in said.units.difference(*(facts.units for facts in held)):
        if any(value == other for facts in held for other, _ in facts.units):
            numbers |= {f"{value} {unit}"}
    names = {name for name in said.names if not _is_known(name, known)}
    names |= _swapped_first_word(claim, quote, passages, known)
    denied = said.n_negations > 0 and quoted.n_negations == 0
    negated = denied or (said.n_negations == 0 and quoted.n_negations > 0 and _denies(quote, claim))
    addresses = said.addresses.difference(*(facts.addresses for facts in held))
    misplaced = (said.numbers - quoted.numbers) | _displaced(said, quoted)
    return Differences(numbers, misplaced - numbers - names, frozenset(names), addresses, negated)


def _displaced(said: Facts, quoted: Facts) -> frozenset[str]:
    """Numbers, months and weekdays in the place of others of the quote: the claim has them more often than it."""
    said_each, quoted_each = Counter(said.in_order), Counter(quoted.in_order)
    numbers = frozenset(said_each - quoted_each) & quoted.numbers if quoted_each - said_each else frozenset()
    return numbers | (said.dates - quoted.dates if quoted.dates - said.dates else frozenset())


def without_references(claim: str) -> str:
    """A claim without the number of a list item, and without what a model calls a passage, such as «passage 2»."""
    return _NOT_SAID.sub(" ", claim)


@lru_cache(maxsize=2048)
def _known_words(text: str) -> frozenset[str]:
    """The words of a text in lower case, their stems, and its names."""
    found = words(text.lower())
    return frozenset(found).union(map(stem, found), read_facts(text).names)


def _denies(quote: str, claim: str) -> bool:
    """Whether the quote denies something that the claim says, rather than something else beside it."""
    said = set(content_stems(claim))
    for clause in _CLAUSE_END.split(quote):
        for match in _NEGATION.finditer(clause):
            denied = content_stems(clause[match.end() :])[:3]
            whole = content_stems(clause)
            n_known = sum(word in said for word in whole)
            if (len(denied) > 1 and said.issuperset(denied)) or (whole and n_known >= RELEVANT_SHARE * len(whole)):
                return True
    return False


def words_beside_facts(text: str) -> frozenset[str]:
    """The stems of a text's words that carry meaning and are no number, month, weekday or negation."""
    found = (word for word in words(text.lower()) if word.isalpha() and word not in STOP_WORDS)
    return frozenset(
        stem(word)
        for word in found
        if _amount(word) is None and word not in _SCALES and word not in _DATE_NAMES and not _NEGATION.fullmatch(word)
    )


def remove_addresses(text: str, addresses: frozenset[str], instead: str) -> str:
    """The text with `instead` in the place of each of these URLs and e-mail addresses."""

    def replaced(match: re.Match[str]) -> str:
        address = match[0].rstrip(".,;:!?")
        return instead + match[0][len(address) :] if address.lower() in addresses else match[0]

    return _URL.sub(replaced, text)


def _read_numbers(text: str) -> tuple[tuple[str, ...], frozenset[tuple[str, str]]]:
    """Values in order and (value, unit) pairs of digits and number words; a lone "one" is no number."""
    tokens = _NUMBER.findall(text)
    values: list[str] = []
    units: set[tuple[str, str]] = set()
    i = 0
    while i < len(tokens):
        value, n_used = _value_at(tokens, i)
        if value is None:
            i += 1
            continue
        unit = _unit_at(tokens, i, i + n_used)
        if unit is not None or tokens[i].lower() != "one" or n_used > 1:
            values.append(value)
        if unit is not None:
            units.add((value, unit))
        i += n_used
    return tuple(values), frozenset(units)


def _value_at(tokens: list[str], i: int) -> tuple[str | None, int]:
    """The value that begins at a token, and how many tokens it takes."""
    total, n_used = _amount(tokens[i]), 1
    if total is None:
        return None, 0
    while i + n_used < len(tokens) and tokens[i + n_used].lower() in _SCALES:
        total *= _SCALES[tokens[i + n_used].lower()]
        n_used += 1
    return f"{total:.10g}" if abs(total) < 1e10 else str(int(total)), n_used


def _amount(token: str) -> float | None:
    lowered = token.lower()
    if token[0].isdigit():
        plain = token.replace(",", "") if _THOUSANDS.fullmatch(token) else token.replace(",", ".")
        parts = plain.split(".")
        return float(plain) if len(parts) <= 2 else float("".join(parts))
    if lowered in _WORD_VALUE:
        return float(_WORD_VALUE[lowered])
    tens, _, ones = lowered.partition("-")
    if tens in _TENS and ones in _SMALL[1:10]:
        return float(_WORD_VALUE[tens] + _WORD_VALUE[ones])
    return None


def _unit_at(tokens: list[str], first: int, after: int) -> str | None:
    """The unit before or after a value: «5 days», «5 unused vacation days», «€5»; a letter only right after."""
    if first > 0 and tokens[first - 1] in "€$£":
        return _UNITS[tokens[first - 1]]
    for i in range(after, min(after + MAX_WORDS_TO_UNIT, len(tokens))):
        token = tokens[i].lower()
        for part in (token, token.split("-")[0]):
            if part in _UNITS and (len(part) > 2 or i == after):
                return _UNITS[part]
        if token in STOP_WORDS or _amount(token) is not None:
            return None
    return None


def _read_names(text: str) -> frozenset[str]:
    """Words with a capital inside a sentence, acronyms, months and weekdays, in lower case; months in full."""
    names: set[str] = set()
    for match in _WORD.finditer(text):
        word = _NAME_ENDS.sub("", match[0])
        lowered = word.lower()
        if lowered in _WEEKDAYS and word[:1].isupper():
            names.add(lowered)
        elif (
            lowered in _MONTH_OF
            and word[:1].isupper()
            and (lowered not in ("may", "mar", "march") or _near_digit(text, match))
        ):
            names.add(_MONTH_OF[lowered])
        elif len(word) > 1 and word[0].isupper() and lowered not in STOP_WORDS:
            before = text[: match.start()].rstrip(" \t\n\"'“‘«([*-")
            if (before and before[-1] not in ".!?:;|\n") or (word.isupper() and len(word) <= 6):
                names.add(lowered)
    return frozenset(names)


def _near_digit(text: str, match: re.Match[str]) -> bool:
    return any(char.isdigit() for char in text[max(0, match.start() - 4) : match.end() + 4])


def _is_known(name: str, known: Sequence[frozenset[str]]) -> bool:
    """Whether a name, or each part of a name with hyphens, stands in the passages in any case or number."""

    def stands(word: str) -> bool:
        return any(word in own or stem(word) in own for own in known)

    return stands(name) or all(map(stands, [part for part in re.split(r"[-’'&.]", name) if len(part) > 1] or [name]))


def _swapped_first_word(claim: str, quote: str, passages: Sequence[str], known: Sequence[frozenset[str]]) -> set[str]:
    """The claim's first word, where the passages have another before the same two words and never this one.

    An unknown word is swapped with any other; a known one only with a name of the quote that the claim leaves out.
    """
    first = words(claim)[:3]
    if len(first) < 3 or not first[0][:1].isupper() or first[0].lower() in STOP_WORDS:
        return set()
    before = re.compile(rf"\b([\w-]+)\s+{re.escape(first[1])}\W+{re.escape(first[2])}\b", re.IGNORECASE)
    if not _is_known(first[0].lower(), known):
        return {first[0].lower()} if any(before.search(text) for text in passages) else set()
    others = {other for other in before.findall(quote) if other[:1].isupper() and other.lower() not in STOP_WORDS}
    found = {other.lower() for text in passages for other in before.findall(text)}
    swapped = others and first[0].lower() not in found and not others & set(words(claim))
    return {first[0].lower()} if swapped else set()
