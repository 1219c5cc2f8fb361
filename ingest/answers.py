"""Check what a sandboxed child answered before any of it is believed."""

import base64
import binascii
import itertools
from typing import Any

from ingest.parsed import Attachment, Heading, ParsedDocument, ParsedPage

_MAX_LEVEL = 9


class AnswerInvalid(ValueError):
    """A child's answer does not have the form it must have."""


def read_document(value: object, *, attached_bytes: int = 0) -> ParsedDocument:
    """A document from JSON values; `attached_bytes` were written out beside it.

    Raises AnswerInvalid for a missing, mistyped or inconsistent field.
    """
    fields = _object(value)
    pages = tuple(_page(page, number) for number, page in enumerate(_list(fields.get("pages")), start=1))
    n_chars = sum(len(page.text) for page in pages)
    headings = tuple(_heading(heading, n_chars) for heading in _list(fields.get("headings")))
    if any(later.start < earlier.start for earlier, later in itertools.pairwise(headings)):
        raise AnswerInvalid("headings are out of order")
    details = {read_text(key): read_text(text) for key, text in _object(fields.get("details")).items()}
    return ParsedDocument(
        media_type=read_text(fields.get("media_type")),
        title=_optional_text(fields.get("title")),
        pages=pages,
        headings=headings,
        details=details,
        language=_optional_text(fields.get("language")),
        attachments=tuple(_attachment(entry, attached_bytes) for entry in _list(fields.get("attachments"))),
    )


def read_text(value: object) -> str:
    """A string that every database takes. Raises AnswerInvalid."""
    if not isinstance(value, str) or "\x00" in value:
        raise AnswerInvalid("a text is missing or holds NUL")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise AnswerInvalid("a text holds half a character") from error
    return value


def read_boxes(value: object, n_chars: int) -> bytes:
    """Packed boxes of `n_chars` characters from base64. Raises AnswerInvalid."""
    try:
        packed = base64.b64decode(read_text(value), validate=True)
    except binascii.Error as error:
        raise AnswerInvalid("boxes are no base64") from error
    if int.from_bytes(packed[:4], "little") != n_chars:
        raise AnswerInvalid("boxes do not match the text")
    return packed


def _page(value: object, number: int) -> ParsedPage:
    fields = _object(value)
    text = read_text(fields.get("text"))
    if fields.get("number") != number or not text.endswith("\n"):
        raise AnswerInvalid(f"page {number} is out of order or has no last newline")
    return ParsedPage(
        number=number,
        text=text,
        label=_optional_text(fields.get("label")),
        width=_optional_number(fields.get("width")),
        height=_optional_number(fields.get("height")),
        skip=tuple(_span(span, len(text)) for span in _list(fields.get("skip"))),
    )


def _heading(value: object, n_chars: int) -> Heading:
    fields = _object(value)
    start, level = _integer(fields.get("start")), _integer(fields.get("level"))
    if not 0 <= start < n_chars or not 1 <= level <= _MAX_LEVEL:
        raise AnswerInvalid("a heading lies outside the text")
    return Heading(start, level, read_text(fields.get("text")))


def _attachment(value: object, n_bytes: int) -> Attachment:
    fields = _object(value)
    start, size = _integer(fields.get("start")), _integer(fields.get("size"))
    if start < 0 or size < 1 or start + size > n_bytes:
        raise AnswerInvalid("an attachment lies outside what was written")
    return Attachment(read_text(fields.get("name")), start, size)


def _span(value: object, n_chars: int) -> tuple[int, int]:
    bounds = _list(value)
    if len(bounds) != 2:
        raise AnswerInvalid("a span has no two ends")
    start, end = _integer(bounds[0]), _integer(bounds[1])
    if not 0 <= start <= end <= n_chars:
        raise AnswerInvalid("a span lies outside the text")
    return start, end


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AnswerInvalid("an object is missing")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise AnswerInvalid("a list is missing")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise AnswerInvalid("a number is missing")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else read_text(value)


def _optional_number(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e7:
        raise AnswerInvalid("a measure is no number")
    return float(value)
