"""Which language a text is in: a document by a sample of its text, a query as far as a few words tell."""

import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from ingest.parsed import ParsedDocument

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_SAMPLE_CHARS = 4_000
_MIN_CHARS = 40
_MIN_SHARE = 0.5
_SAME_SCRIPT_AND_READERS = {"yue": "zh", "wuu": "zh", "nn": "no", "nb": "no"}

# Scripts that only one language writes; Han is Japanese where kana stand beside it, else Chinese.
_KANA = re.compile("[\u3040-\u30ff]")
_OWN_SCRIPTS = (
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e01-\u0e3a\u0e40-\u0e4e]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
)
_OWN_SCRIPT_SHARE = 0.2  # a character says more than a Latin letter, and terms in Latin stand among them

_loading = threading.Lock()


def detect_language(parsed: ParsedDocument) -> str | None:
    """The ISO 639-1 code of the language of most of the text; None when there is too little to tell."""
    sample = " ".join(parsed.text[: 5 * _SAMPLE_CHARS].split())[:_SAMPLE_CHARS]
    if sum(character.isalpha() for character in sample) < _MIN_CHARS:
        return None
    odds = language_odds(sample)
    likeliest = max(odds, key=lambda code: odds[code])
    return likeliest if odds[likeliest] >= _MIN_SHARE else None


def language_odds(text: str) -> Mapping[str, float]:
    """How likely a text is in each language (ISO 639-1), adding up to 1; empty where the text has no letters."""
    n_letters = sum(character.isalpha() for character in text)
    if not n_letters:
        return {}
    for code, script in _OWN_SCRIPTS:
        if len(script.findall(text)) >= _OWN_SCRIPT_SHARE * n_letters:
            return {"ja" if code == "zh" and _KANA.search(text) else code: 1.0}
    odds: dict[str, float] = {}
    for label, share in _identifier().rank(text):
        code = _SAME_SCRIPT_AND_READERS.get(label, label)
        if len(code) == 2:
            odds[code] = odds.get(code, 0.0) + share
    total = sum(odds.values())
    return {code: share / total for code, share in odds.items()}


def _identifier() -> "LanguageIdentifier":
    with _loading:
        return _load_identifier()


@cache
def _load_identifier() -> "LanguageIdentifier":
    from py3langid import langid  # takes most of a second and 80 MB; not every command needs it

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
