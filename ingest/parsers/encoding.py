"""Bytes to text: byte order marks, declared encodings, a guess, and no character that a database refuses."""

import codecs
import re
from pathlib import Path

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WESTERN = frozenset(
    "‘’“”–—…•€£§©®°·«»¡¿áàâäãåæçéèêëíìîïñóòôöõøœúùûüýÿßÁÀÂÄÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝ½¼¾²³¹±×÷µ¶™†‡ºª\xa0"
)
# Control characters but tab and newline, the byte order mark, non-characters, lone surrogates. What else nobody sees
# is counted and removed when a file has been parsed (`ingest.invisible`).
_DROPPED = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufff0-\uffff\ud800-\udfff]")
_NEWLINES = re.compile("\r\n|[\r\x0c\x85\u2028\u2029]")


def read_text(path: Path, declared: str | None = None) -> str:
    """The text of a file in any encoding: byte order mark, then `declared`, then UTF-8, then a guess."""
    return decode(path.read_bytes(), declared)


def decode(data: bytes, declared: str | None = None) -> str:
    """Decode and clean; never fails, because the last guess accepts any byte."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return clean(data[len(mark) :].decode(encoding, errors="replace"))
    for encoding in filter(None, ("utf-8", declared)):
        try:
            return clean(data.decode(encoding))
        except (UnicodeDecodeError, LookupError):
            continue
    return clean(data.decode(guess_encoding(data), errors="replace"))


def clean(text: str) -> str:
    """Newlines as \\n; control characters and non-characters are dropped."""
    return _DROPPED.sub("", _NEWLINES.sub("\n", text))


def guess_encoding(data: bytes) -> str:
    """An encoding for bytes without a mark that are not UTF-8."""
    sample = data[:65536]
    utf16 = utf16_without_mark(sample)
    if utf16:
        return utf16
    western = sample.decode("cp1252", errors="replace")
    high = [character for character in western if character > "\x7f"]
    if high and sum(character in _WESTERN for character in high) >= 0.9 * len(high) and len(high) < 0.2 * len(western):
        return "cp1252"
    from charset_normalizer import from_bytes  # loaded for the few files that need it

    best = from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"


def utf16_without_mark(sample: bytes) -> str | None:
    """UTF-16's byte order when every other byte is mostly zero, as in Western text; else None."""
    even, odd = sample[0::2], sample[1::2]
    if len(odd) < 2:
        return None
    if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None
