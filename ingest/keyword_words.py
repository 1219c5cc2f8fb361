"""How text becomes words of the keyword index: folded, stemmed by language, cut in pairs where no spaces stand.

Passages and queries go the same way, so that they meet. Words are lower-case and without accents. Chinese, Japanese,
Korean, Thai, Lao, Khmer and Burmese are cut into overlapping pairs of characters, which needs no dictionary.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

DEFAULT_LANGUAGE = "en"  # of documents that are too short to tell
MAX_WORD_BYTES = 250

STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nb": "norwegian", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish",
    "ja": "english", "ko": "english", "th": "english", "zh": "english",  # what stands among them in Latin letters
}  # fmt: skip
STOP_WORD_LISTS = frozenset({"da", "de", "es", "fi", "fr", "hu", "it", "nb", "nl", "nn", "no", "pt", "ru", "sv"})

# Words that carry no subject in an English question; they are kept in the index, so that phrases with them match.
ENGLISH_STOP_WORDS = (
    "a about an and any are as at be been but by can could did do does for from had has have how i if in into "
    "is it its me my no not of on or our shall should so such than that the their them then there these they "
    "this to us was we were what when where which who whom whose why will with would you your"
).split()

# What opens questions in other languages and their lists of stop words lack.
QUESTION_WORDS = {
    "de": "wer wann warum wieso viele viel gibt kann darf muss",
    "es": "qué quién quiénes cuál cuáles cuánto cuánta cuántos cuántas cuándo cómo dónde puedo puede hay debe",
    "fr": "quel quelle quels quelles combien comment quand où pourquoi puis peut est",
    "it": "quale quali quanto quanta quanti quante quando come dove perché posso può",
    "nl": "wie wat waar wanneer waarom hoe hoeveel welke kan mag moet",
    "pt": "qual quais quanto quanta quantos quantas quando como onde porque posso pode",
}

_UNSPACED_CHARACTERS = (
    "\u0e01-\u0e3a\u0e40-\u0e4f\u0e80-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff"  # kana, bopomofo, signs of repetition
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\uac00-\ud7af"  # Hangul
)
_UNSPACED = re.compile(f"[{_UNSPACED_CHARACTERS}]+")
_JOINING_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u0590-\u1dff]")  # scripts whose words contain marks
_POINTED_SCRIPTS = re.compile("[\u0370-\u06ff]")  # Greek, Cyrillic, Hebrew, Arabic
_NOT_WRITTEN_ALWAYS = re.compile("[\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")  # Hebrew, Arabic points
_SAME_LETTERS = str.maketrans("ёάέήίόύώϊϋΐΰ", "еαεηιουωιυιυ")

_JOINED = re.compile(r"\w+(?:[-./:@+&'’_#\\]+\w+)*")
_NUMBER = re.compile(
    r"\d(?<![\d.,]\d)(?:"
    r"\d{0,2}(?P<mark>[.,'’ ])\d{3}(?:(?P=mark)\d{3})*(?:(?!(?P=mark))[.,](?P<fraction>\d+))?"
    r"|\d*[.,]\d+"
    r")(?![.,]?\d)"
)


def plain_words(text: str) -> list[str]:
    """The words in order as they are written, folded; of scripts without spaces every character is a word."""
    text = _folded(text)
    return _split(_UNSPACED.sub(lambda run: f" {' '.join(run[0])} ", text))


def search_words(text: str) -> list[str]:
    """The words in order, folded and not stemmed; of scripts without spaces every pair of neighbours is a word."""
    text = _folded(text)
    return _split(_UNSPACED.sub(_pairs, text))


def telling_words(text: str, language: str | None) -> list[str]:
    """`search_words` without those that carry no subject in a language; all of them if nothing else would be left."""
    text = _UNSPACED.sub(_pairs, _folded(text))
    return _split(text, left_out=language or DEFAULT_LANGUAGE) or _split(text)


def joined_words(text: str) -> list[tuple[str, ...]]:
    """What is written without a space, each as its plain words: ERR-4012 is ("err", "4012").

    Of scripts without spaces only characters that stand alone are among them.
    """
    text = _folded(text)
    alone = [(run,) for run in _UNSPACED.findall(text) if len(run) == 1]
    return alone + [tuple(words) for run in _JOINED.findall(_UNSPACED.sub(" ", text)) if (words := _split(run))]


def stems(words: list[str], language: str | None) -> list[str]:
    """The stems (n,) of words (n,) in a language (ISO 639-1); what has no stemmer stays. None is `DEFAULT_LANGUAGE`."""
    name = STEMMERS.get(language or DEFAULT_LANGUAGE)
    return _stemmer(name).analyze(" ".join(words)) if name else words


def is_unspaced(text: str) -> bool:
    """Whether a text has characters of a script without spaces."""
    return not text.isascii() and bool(_UNSPACED.search(text))


def number_readings(text: str) -> list[tuple[str, ...]]:
    """What the numbers with separators in a text may mean, as digits with at most a point: 1,234.50 is ("1234.5",).

    1.234 is ("1234", "1.234"): which is meant depends on where it was written.
    """
    return [tuple(dict.fromkeys(_readings(match))) for match in _NUMBER.finditer(_folded(text))]


def _folded(text: str) -> str:
    """The text in composed, compatible characters, without points that are written at will."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    if _POINTED_SCRIPTS.search(text):
        text = _NOT_WRITTEN_ALWAYS.sub("", text.lower().translate(_SAME_LETTERS))
    return text


def _split(text: str, *, left_out: str = "") -> list[str]:
    return _splitter(with_marks=_JOINING_MARKS.search(text) is not None, left_out=left_out).analyze(text)


def _pairs(run: re.Match[str]) -> str:
    characters = run[0]
    pairs = [characters[i : i + 2] for i in range(len(characters) - 1)] or [characters]
    return f" {' '.join(pairs)} "


def _readings(number: re.Match[str]) -> Iterator[str]:
    mark, fraction, written = number["mark"], number["fraction"], number[0]
    if mark:
        whole = written.removesuffix(f"{written[-len(fraction) - 1]}{fraction}") if fraction else written
        yield _canonical(whole.replace(mark, ""), fraction or "")
    if not fraction and (parts := re.split("[.,]", written)) and len(parts) == 2:
        yield _canonical(*parts)


def _canonical(digits: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    return f"{digits}.{fraction}" if fraction else digits


@cache
def _splitter(*, with_marks: bool, left_out: str) -> TextAnalyzer:
    """Words split at everything but letters and digits; the fast way, or the one that keeps marks within words."""
    tokenizer = Tokenizer.regex(r"[\p{L}\p{M}\p{N}]+") if with_marks else Tokenizer.simple()
    words = TextAnalyzerBuilder(tokenizer).filter(Filter.remove_long(MAX_WORD_BYTES)).filter(Filter.lowercase())
    if left_out == "en":
        words = words.filter(Filter.custom_stopword(ENGLISH_STOP_WORDS))
    elif left_out in STOP_WORD_LISTS:
        own = QUESTION_WORDS.get(left_out, "").split()
        words = words.filter(Filter.stopword(STEMMERS[left_out])).filter(Filter.custom_stopword(own))
    return words.filter(Filter.ascii_fold()).build()


@cache
def _stemmer(name: str) -> TextAnalyzer:
    return TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.stemmer(name)).build()
