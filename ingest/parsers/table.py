"""CSV and TSV: the delimiter is found by trying, each row becomes a line with its column names."""

import contextlib
import csv
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument, ParsedPage
from ingest.parsers.encoding import read_text
from ingest.parsers.page_writer import PageWriter
from ingest.parsers.rows import MAX_CELLS, MAX_FILE_CHARS, RowWriter, cell_text, left_out_sentence

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARS = 65_536


def parse_table(path: Path) -> ParsedDocument:
    """One page with a line for each row; text that is no table stays as it is. Raises FileRejected: too_large."""
    text = read_text(path)
    declared = _declared_delimiter(text)
    if declared:
        text = text.partition("\n")[2]
    delimiter = declared or find_delimiter(text[:_SAMPLE_CHARS])
    if delimiter is not None:
        # An odd number of quotes: one is never closed, and would swallow the rows after it.
        quoting = csv.QUOTE_NONE if text.count('"') % 2 else csv.QUOTE_MINIMAL
        with contextlib.suppress(csv.Error):  # a field past the csv module's limit
            return _read_rows(text, delimiter, quoting)
    return ParsedDocument("text/csv", None, (ParsedPage(1, text.rstrip() + "\n"),))


def _declared_delimiter(text: str) -> str | None:
    """The delimiter of a first line such as "sep=;" that spreadsheet programs write."""
    first = text.partition("\n")[0].strip().lower()
    return first[4] if first.startswith("sep=") and len(first) == 5 else None


def find_delimiter(sample: str) -> str | None:
    """The delimiter that cuts most lines into the same number of fields; None when none cuts."""
    lines = sample.split("\n")
    sample = "\n".join(lines[:-1] if len(lines) > 2 else lines)
    best, best_score = None, (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(StringIO(sample), delimiter=delimiter) if row]
        except csv.Error:
            widths = [line.count(delimiter) + 1 for line in lines if line]
        usual, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        score = (round(count / max(len(widths), 1), 1), usual)
        if usual > 1 and score > best_score:
            best, best_score = delimiter, score
    return best if best_score[0] >= 0.5 else None


def _read_rows(text: str, delimiter: str, quoting: int) -> ParsedDocument:
    """All rows as lines. Raises csv.Error for a field past the csv module's limit."""
    writer = PageWriter()
    rows = RowWriter(writer, max_chars=MAX_FILE_CHARS, assume_header=True)
    n_cells = 0
    for fields in _fields(text, delimiter, quoting):
        row = {column: cell_text(field) for column, field in enumerate(fields) if field and not field.isspace()}
        n_cells += len(row)
        if n_cells > MAX_CELLS:
            raise FileRejected("too_large", f"the table has more than {MAX_CELLS:,} cells; split the file.")
        if row:
            rows.add(row)
    rows.end_block()
    left_out = left_out_sentence("The table", rows)
    return writer.document("text/csv", None, {"left_out": left_out} if left_out else {})


def _fields(text: str, delimiter: str, quoting: int) -> Iterator[list[str]]:
    return iter(csv.reader(StringIO(text), delimiter=delimiter, quoting=quoting, skipinitialspace=True))  # type: ignore[arg-type]
