"""HTML."""

from pathlib import Path

from ingest.parsed import ParsedDocument
from ingest.parsers.text import parse_text


def parse_html(path: Path) -> ParsedDocument:
    return parse_text(path)
