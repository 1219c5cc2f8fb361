"""The language of a document, from a sample of its text."""

from ingest.parsed import ParsedDocument

_SAMPLE_CHARS = 4_000
_MIN_CHARS = 40


def detect_language(parsed: ParsedDocument) -> str | None:
    """The ISO 639-1 code of the language of most of the text; None when there is too little to tell."""
    sample = " ".join(parsed.text[: 5 * _SAMPLE_CHARS].split())[:_SAMPLE_CHARS]
    if sum(character.isalpha() for character in sample) < _MIN_CHARS:
        return None
    import py3langid  # loads its model at the first use; only the sandbox's processes need it

    language, _ = py3langid.classify(sample)
    return str(language)
