"""How exactly a citation's boxes mark its words: what stands under them, read anew from the PDF, against the quote.

Run as `footnote bench boxes`, or `python -m evals.benchmarks.boxes PDF… [--quotes 1000]` on files of your own.
"""

import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from ingest.boxes import Box, merge_boxes, unpack_boxes
from ingest.chunk import split_passages
from ingest.parsed import ParsedPage
from ingest.parsers.pdf import find_boxes, parse_pdf
from ingest.sentences import split_sentences

GOAL = 0.99
PDF_FOLDERS = ("contoso-hr-pdf/pdfs", "kg-rag-sec-10-q/pdfs")
_INSET_POINTS = 0.4
_MIN_CHARS = 20
_PASSAGE_WORDS = 160
_NOT_COMPARED = re.compile(r"\s+")
_LINE_END_HYPHEN = re.compile("[\x02\ufffe]")  # PDFium's mark; the page shows a hyphen


@dataclass(frozen=True)
class BoxCheck:
    """One quote, and what an independent reading finds under its boxes."""

    filename: str
    page: int
    quote: str
    found: str

    @property
    def exact(self) -> bool:
        """Whether both are the same characters, whitespace and the marks between cells aside."""
        found = _LINE_END_HYPHEN.sub("-", self.found).replace(" | ", " ")
        return _NOT_COMPARED.sub("", self.quote.replace(" | ", " ")) == _NOT_COMPARED.sub("", found)


def check_boxes(paths: Sequence[Path], *, n_quotes: int, seed: int, unit: str = "sentence") -> list[BoxCheck]:
    """Draw `n_quotes` sentences or passages (`unit`) from PDFs at random and read each anew under its boxes.

    Raises AssertionError when a page reads differently the second time.
    """
    quotes = [(path, *quote) for path in paths for quote in _quotes(path, unit)]
    drawn = random.Random(seed).sample(quotes, min(n_quotes, len(quotes)))  # noqa: S311 - a sample, no secret
    checks = []
    for path in paths:
        document = pdfium.PdfDocument(path)
        for drawn_from, page, start, end in drawn:
            if drawn_from == path:
                text, packed = find_boxes(path, page.number)
                assert text == page.text, f"{path.name}: page {page.number} reads differently the second time."
                boxes = merge_boxes(unpack_boxes(packed), text, start, end)
                found = read_under_boxes(document, page.number, boxes)
                checks.append(BoxCheck(path.name, page.number, text[start:end], found))
        document.close()
    return checks


def _quotes(path: Path, unit: str) -> Iterator[tuple[ParsedPage, int, int]]:
    """(page, start, end) for every sentence or passage of a PDF that is not too short to tell anything."""
    parsed = parse_pdf(path)
    passages = split_passages(parsed, _PASSAGE_WORDS, lambda text: len(text.split())) if unit == "passage" else []
    page_start = 0
    for page in parsed.pages:
        spans = [(p.start - page_start, p.end - page_start) for p in passages if p.page == page.number]
        for start, end in spans if unit == "passage" else split_sentences(page.text):
            if end - start >= _MIN_CHARS:
                yield page, start, end
        page_start += len(page.text)


def read_under_boxes(document: pdfium.PdfDocument, page_number: int, boxes: Sequence[Box]) -> str:
    """The text that PDFium finds in the boxes, one after the other; every box a little smaller, for touching glyphs."""
    page = document[page_number - 1]
    text_page = page.get_textpage()
    found = " ".join(text_page.get_text_bounded(*_user_space(page, box)) for box in boxes)
    text_page.close()
    page.close()
    return found


def _user_space(page: pdfium.PdfPage, box: Box) -> tuple[float, float, float, float]:
    """(left, bottom, right, top) of a box in PDF user space, by PDFium's own conversion."""
    width, height = 100_000, 100_000
    corners = []
    for x, y in ((box.left, box.top), (box.right, box.bottom)):
        page_x, page_y = pdfium_c.c_double(), pdfium_c.c_double()
        pdfium_c.FPDF_DeviceToPage(
            page.raw, 0, 0, width, height, 0, round(x * width), round(y * height), page_x, page_y
        )
        corners.append((page_x.value, page_y.value))
    (x0, y0), (x1, y1) = corners
    inset_x = min(_INSET_POINTS, abs(x1 - x0) / 4)
    inset_y = min(_INSET_POINTS, abs(y1 - y0) / 4)
    return min(x0, x1) + inset_x, min(y0, y1) + inset_y, max(x0, x1) - inset_x, max(y0, y1) - inset_y


def main(given: Sequence[str] | None = None) -> None:
    """Print the shares of exact quotes, and the first misses on standard error."""
    parser = benchmark_options(__doc__)
    parser.add_argument("pdfs", nargs="*", type=Path, help="PDF files; those of the labelled sets where none is given")
    parser.add_argument("--quotes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--misses", type=int, default=5)
    options = parser.parse_args(given)
    paths = options.pdfs or sorted(path for folder in PDF_FOLDERS for path in (options.data / folder).glob("*.pdf"))
    n_quotes = 100 if options.quick else options.quotes
    rows = []
    for unit in ("sentence", "passage"):
        checks = check_boxes(paths, n_quotes=n_quotes, seed=options.seed, unit=unit)
        misses = [check for check in checks if not check.exact]
        share = 1 - len(misses) / len(checks) if checks else 0.0
        what = f"{len(checks)} {unit}s, seed {options.seed}: exact under their boxes"
        rows.append(BenchmarkRow(what, share, goal=GOAL, met=share >= GOAL))
        for miss in misses[: options.misses]:
            sys.stderr.write(f"{miss.filename} page {miss.page}\n  quote {miss.quote!r}\n  found {miss.found!r}\n")
    print_benchmark("boxes", rows, as_json=options.json)


if __name__ == "__main__":
    main()
