"""Plain text, and the text formats that are read as they stand: CSV, JSON, YAML, logs, program code."""

from pathlib import Path

from ingest.parsed import ParsedDocument, ParsedPage
from ingest.parsers.encoding import read_text


def parse_text(path: Path) -> ParsedDocument:
    """One page with the text as written; there is no title and there are no headings."""
    text = read_text(path).rstrip() + "\n"
    return ParsedDocument(media_type="text/plain", title=None, pages=(ParsedPage(1, text),))
