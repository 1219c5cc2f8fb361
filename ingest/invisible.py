"""Characters that nobody sees: they are no part of a text; those that can smuggle words in are counted."""

import bisect
import re
from dataclasses import replace
from itertools import accumulate

from ingest.parsed import ParsedDocument, ParsedPage

# Unicode tags and the supplementary variation selectors: each can carry a hidden alphabet.
SMUGGLING = frozenset([*range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0)])
# Zero-width and invisible operators, marks of direction, a byte order mark within the text. The joiners U+200C and
# U+200D stay: Persian, the scripts of India and emoji are written with them.
INVISIBLE = SMUGGLING | frozenset(
    [
        0x200B,
        *range(0x200E, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        0x180E,
        0xFEFF,
        0xFFF9,
        0xFFFA,
        0xFFFB,
    ]
)
_NAMED_PAGES = 20
_CLASS = "".join(re.escape(chr(code)) for code in sorted(INVISIBLE))
# A joiner between two characters of plain English joins nothing.
_FOUND = re.compile(f"[{_CLASS}]|(?<=[\\x00-\\x7f])[\u200c\u200d]+(?=[\\x00-\\x7f])")


def remove_invisible(parsed: ParsedDocument) -> ParsedDocument:
    """A document without invisible characters, with all offsets moved."""
    found = [[match.span() for match in _FOUND.finditer(page.text)] for page in parsed.pages]
    if not any(found):
        return parsed
    starts = list(accumulate((len(page.text) for page in parsed.pages), initial=0))
    gone = [
        start + place for start, spans in zip(starts, found, strict=False) for span in spans for place in range(*span)
    ]
    smuggled = {page.number: sum(ord(character) in SMUGGLING for character in page.text) for page in parsed.pages}
    headings = tuple(
        replace(heading, start=heading.start - bisect.bisect_left(gone, heading.start), text=visible(heading.text))
        for heading in parsed.headings
    )
    return replace(
        parsed,
        title=visible(parsed.title) if parsed.title is not None else None,
        pages=tuple(_visible_page(page, spans) for page, spans in zip(parsed.pages, found, strict=True)),
        headings=tuple(heading for heading in headings if heading.text.strip()),
        details=tell_hidden(parsed.details, {page: n for page, n in smuggled.items() if n}),
    )


def visible(text: str) -> str:
    """A text without invisible characters."""
    return _FOUND.sub("", text)


def tell_hidden(details: dict[str, str], counts: dict[int, int]) -> dict[str, str]:
    """A document's details with a sentence in `left_out` about its hidden characters, counted by page."""
    n = sum(counts.values())
    if n == 0:
        return details
    pages = ", ".join(str(page) for page in sorted(counts)[:_NAMED_PAGES])
    more = f" and {len(counts) - _NAMED_PAGES} more" if len(counts) > _NAMED_PAGES else ""
    sentence = (
        f"Hidden text was left out: {n:,} character{'s' if n > 1 else ''} "
        f"on page{'s' if len(counts) > 1 else ''} {pages}{more}."
    )
    return {**details, "left_out": " ".join([*filter(None, [details.get("left_out")]), sentence])}


def _visible_page(page: ParsedPage, spans: list[tuple[int, int]]) -> ParsedPage:
    gone = [place for span in spans for place in range(*span)]
    skip = tuple((a - bisect.bisect_left(gone, a), b - bisect.bisect_left(gone, b)) for a, b in page.skip)
    return replace(page, text=visible(page.text), skip=tuple(span for span in skip if span[0] < span[1]))
