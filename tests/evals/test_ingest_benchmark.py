"""The benchmark of ingestion: ratios beside peers, and PDFs that each have a word of their own."""

from pathlib import Path

import pypdfium2
from fpdf import FPDF

from evals.benchmarks.ingest import PDF_PAGES, Ingested, _throughput_rows, pdf_with


def test_ratio_is_the_peers_time_over_ours_and_unchanged_files_have_their_own():
    ours = [Ingested(seconds, 0.5, n_passages=20, n_pages=10) for seconds in (2.0, 4.0, 9.0)]
    rows = list(_throughput_rows(ours, {"Peer": {"seconds": 40.0, "passages": 30}}, 8))
    beside = [(row.what, row.ours, row.peer, row.ratio, row.met) for row in rows if row.peer is not None]

    assert beside == [
        ("documents/s, 30 passages of theirs", 2.0, 0.2, 10.0, True),
        ("documents/s of unchanged files", 16.0, 0.2, 80.0, False),
    ]


def test_uploaded_pdf_has_its_word_and_fifty_pages(tmp_path: Path):
    template = FPDF()
    template.add_page()
    template.output(str(tmp_path / "template.pdf"))
    made = pypdfium2.PdfDocument(pdf_with(tmp_path / "template.pdf", "quokka1x"))
    pages, text = len(made), made[0].get_textpage().get_text_range()
    made.close()

    assert (pages, "quokka1x" in text) == (PDF_PAGES, True)
