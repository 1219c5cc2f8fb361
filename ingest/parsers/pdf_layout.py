"""What a PDF's print tells about its structure: running headers and footers, headings by font."""

import re
from collections import Counter
from collections.abc import Sequence

from ingest.parsed import Heading
from ingest.parsers.pdf_characters import PageText
from ingest.parsers.pdf_lines import Line

_EDGE_LINES = 3
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|página|p\.?)?\s*[-–—]?\s*#\s*[-–—]?(?:\s*(?:of|/|von|de)\s*#)?", re.IGNORECASE
)
_CONTENTS_ENTRY = re.compile(r"(?:\s\|\s|[.…·_]{3}\s?|\s[.…·]\s[.…·]\s)(\d{1,4})$")
_ENTRY_END = 12  # characters that hold the number of a page, and what leads to it
_LEAST_ENTRIES, _UNNUMBERED = 5, 30
_NUMBERING = re.compile(
    r"(?:(?:part|item|note|chapter|section|article|appendix|annex)\s+[\divxlc]+|\d+(?:\.\d+)*)[.:)]?\s", re.I
)
_DIVISION = re.compile(r"(?:part|chapter|article|title)\s+(?:[ivxlc]+|\d+)\b", re.I)
_LETTER = re.compile(r"[^\W\d_]")
_MAX_HEADING_CHARS = 140
_MAX_LEVEL = 6


def find_running_lines(pages: Sequence[PageText]) -> list[tuple[tuple[int, int], ...]]:
    """For each page the spans of its running header and footer lines, page numbers included.

    A line at the top or bottom runs when it, digits aside, stands there on at least 40 % of three or more pages.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for page in pages:
        seen.update({(edge, _pattern(page, line)) for edge in ("top", "bottom") for line in _edge(page, edge)})
    needed = max(3, 0.4 * sum(bool(page.lines) for page in pages))
    return [tuple(sorted({*_running_spans(page, seen, needed), *_contents_spans(page, len(pages))})) for page in pages]


def _contents_spans(page: PageText, n_pages: int) -> list[tuple[int, int]]:
    """The lines of a table of contents: each ends with the number of a page, and the numbers never fall."""
    spans: list[tuple[int, int]] = []
    highest = 0
    for line in page.lines:
        if not page.text[line.end - 1].isdigit() or not page.text[line.start].isalnum():
            continue
        entry = _CONTENTS_ENTRY.search(page.text, max(line.start, line.end - _ENTRY_END), line.end)
        number = int(entry.group(1)) if entry else 0
        if highest <= number <= n_pages + _UNNUMBERED and number > 0:
            spans.append((line.start, line.end))
            highest = number
    return spans if len(spans) >= _LEAST_ENTRIES and highest > 2 else []


def _running_spans(page: PageText, seen: Counter[tuple[str, str]], needed: float) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for edge in ("top", "bottom"):
        for line in _edge(page, edge):
            pattern = _pattern(page, line)
            if seen[edge, pattern] < needed and not (_PAGE_NUMBER.fullmatch(pattern) and len(seen) > 1):
                break
            spans.append((line.start, line.end))
    return tuple(sorted(set(spans)))


def _edge(page: PageText, edge: str) -> list[Line]:
    """The outermost lines of a page, from the edge inwards, in its top or bottom eighth."""
    if edge == "top":
        return [line for line in page.lines[:_EDGE_LINES] if line.baseline < 0.125 * page.height]
    # The last text of a page may end well above its foot, so only the order counts there.
    return list(reversed(page.lines[-_EDGE_LINES:])) if len(page.lines) > _EDGE_LINES else []


def _pattern(page: PageText, line: Line) -> str:
    return _DIGITS.sub("#", page.text[line.start : line.end]).strip().lower()


def body_size(pages: Sequence[PageText]) -> float:
    """The font size in points in which most characters are printed, to half a point; 0 without text."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(2 * line.size) / 2] += line.end - line.start
    return sizes.most_common(1)[0][0] if sizes else 0.0


def guess_headings(
    pages: Sequence[PageText], skips: Sequence[tuple[tuple[int, int], ...]], starts: Sequence[int]
) -> list[Heading]:
    """Headings by font: short lines printed larger than the body, or bold lines that open a paragraph.

    Args:
        pages: the document's pages.
        skips: the running lines of each page, which are no headings.
        starts: each page's offset in the version's text.
    """
    body = body_size(pages)
    found: list[tuple[int, float, str]] = []
    for page, skip, start in zip(pages, skips, starts, strict=True):
        skipped = {first for first, _ in skip}
        lines = [line for line in page.lines if line.start not in skipped]
        found += [(start + first, rank, text) for first, rank, text in _page_headings(page, lines, body)]
    # Print that is larger on the first page only is a cover's: it stands above nothing.
    inner = {rank for start, rank, _ in found if len(pages) < 3 or start >= starts[1]}
    levels = {rank: min(position + 1, _MAX_LEVEL) for position, rank in enumerate(sorted(inner, reverse=True))}
    return [Heading(start, levels.get(rank, 1), text) for start, rank, text in found]


def _page_headings(page: PageText, lines: list[Line], body: float) -> list[tuple[int, float, str]]:
    """(start, rank, text) of a page's headings; a higher rank is a higher heading."""
    margin = min((line.left for line in lines), default=0.0)
    found: list[tuple[int, float, str]] = []
    continues = False  # the line before belongs to the last heading found
    for position, line in enumerate(lines):
        after = lines[position + 1] if position + 1 < len(lines) else None
        rank = _rank(page, line, after, body, margin)
        opens = position == 0 or page.text[lines[position - 1].end : line.start] == "\n\n"
        text = page.text[line.start : line.end]
        if rank and opens:
            found.append((line.start, rank, text))
        elif rank and continues and found[-1][1] == rank and len(found[-1][2]) + len(text) < _MAX_HEADING_CHARS:
            found[-1] = (found[-1][0], rank, f"{found[-1][2]} {text}")
        else:
            continues = False
            continue
        continues = True
    return found


def _rank(page: PageText, line: Line, after: Line | None, body: float, margin: float) -> float:
    """The rank of a line as a heading, 0 for none."""
    n_chars = line.end - line.start
    larger = line.size >= 1.15 * body
    if n_chars > _MAX_HEADING_CHARS or n_chars < 3 or not (larger or (line.bold and line.size >= 0.95 * body)):
        return 0.0
    text = page.text[line.start : line.end]
    if " | " in text:
        return 0.0
    solid = len("".join(text.split()))
    letters = len(_LETTER.findall(text))
    if letters < 3 or letters < 0.55 * solid or not text[0].isalnum():
        return 0.0
    if text[0].islower() or text[-1] in ",;" or (text[-1] == "." and not _NUMBERING.match(text)):
        return 0.0
    if larger:
        return round(2 * line.size) / 2
    if after is None or text[-1] == ":":
        return 0.0
    at_margin = line.left - margin < 0.06 * page.width
    if _DIVISION.match(text):
        return body + 0.1
    return body if at_margin or text.isupper() else 0.0
