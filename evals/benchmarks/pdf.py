"""How fast PDFs become text, beside pypdf and beside PDFium alone: `footnote bench pdf`.

Ours is the whole parser: words in reading order, rows and columns, hidden text left out, headings, running lines and
titles. pypdf's side is its `extract_text`. PDFium alone, which only loads pages and their characters, is what cannot
be saved. Processor seconds of one core, both sides in turn in one run, the median of the rounds.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pypdf
import pypdfium2 as pdfium

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from ingest.parsers.pdf import find_boxes, parse_pdf

GOAL_RATIO = 15.0
SETS = {"SEC 10-Q": "kg-rag-sec-10-q/pdfs", "Contoso HR": "contoso-hr-pdf/pdfs"}


def main(given: list[str] | None = None) -> None:
    """Print pages a second of both sides for each set, and how long the boxes of a page take."""
    options = benchmark_options(__doc__).parse_args(given)
    pypdf.apply_configuration(array_maximum_element_count=2_000_000)
    rows: list[BenchmarkRow] = []
    for name, folder in SETS.items():
        paths = sorted((options.data / folder).glob("*.pdf"))
        rows += measure(name, paths[:: 6 if options.quick else 2], 3 if options.quick else 5)
    print_benchmark("pdf", rows, as_json=options.json)


def measure(name: str, paths: Sequence[Path], rounds: int) -> list[BenchmarkRow]:
    """Time both sides in turn, `rounds` times each, and compare the medians."""
    sides: dict[str, Callable[[Path], object]] = {"ours": parse_pdf, "pypdf": _read_with_pypdf, "pdfium": _load_pages}
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for read in sides.values():  # what is loaded once
        read(paths[0])
    for side in list(sides) * rounds:
        started = time.process_time()
        for path in paths:
            sides[side](path)
        seconds[side].append(time.process_time() - started)
    n_pages = sum(len(pypdf.PdfReader(path).pages) for path in paths)
    rate = {side: n_pages / statistics.median(taken) for side, taken in seconds.items()}
    ratio, bound = rate["ours"] / rate["pypdf"], rate["pdfium"] / rate["pypdf"]
    return [
        BenchmarkRow(
            f"{name}: pages/s a core, {n_pages} pages",
            rate["ours"], rate["pypdf"], "pypdf", ratio, GOAL_RATIO, ratio >= GOAL_RATIO,
        ),
        BenchmarkRow(f"{name}: PDFium alone, loading only", rate["pdfium"], rate["pypdf"], "pypdf", bound),
        BenchmarkRow(f"{name}: ms for the boxes of a page on request", _box_milliseconds(paths)),
    ]  # fmt: skip


def _read_with_pypdf(path: Path) -> None:
    for page in pypdf.PdfReader(path).pages:
        page.extract_text()


def _load_pages(path: Path) -> None:
    document = pdfium.PdfDocument(path)
    for index in range(len(document)):
        page = document[index]
        page.get_textpage().close()
        page.close()
    document.close()


def _box_milliseconds(paths: Sequence[Path]) -> float:
    """The median time for the boxes of a file's second page, the file opened for it."""
    taken = []
    for path in paths:
        started = time.process_time()
        find_boxes(path, 2)
        taken.append(1_000 * (time.process_time() - started))
    return statistics.median(taken)


if __name__ == "__main__":
    main()
