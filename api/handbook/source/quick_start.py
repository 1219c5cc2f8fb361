"""Set the quick start guide: `quick_start.txt` becomes `quick-start-guide.pdf`, the same bytes every time.

The text has `#` and `##` headings, indented commands, numbered steps, `|` tables and paragraphs.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from fpdf import FPDF, FontFace, TextStyle
from fpdf.enums import Align, XPos, YPos
from fpdf.outline import OutlineSection

HERE = Path(__file__).parent
TITLE = "Footnote: quick start guide"
SUBTITLE = "From an empty machine to the first verified answer"
DATE = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
INK, ACCENT, MUTED, SHADE = (32, 36, 42), (11, 94, 96), (110, 118, 128), (240, 244, 244)
MARGIN_MM, LINE_MM = 25, 5.6


class Guide(FPDF):
    """An A4 page with a running title and a page number; the front matter has neither."""

    def __init__(self) -> None:
        super().__init__(format="A4")
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(True, margin=MARGIN_MM)
        self.set_title(TITLE)
        self.set_subject(SUBTITLE)
        self.set_author("The Footnote project")
        self.set_lang("en")
        self.set_creator("quick_start.py")
        self.set_producer("fpdf2")
        self.set_creation_date(DATE)
        self.set_compression(False)  # the same bytes whatever the zlib
        self.set_section_title_styles(
            TextStyle("Helvetica", "B", 19, ACCENT, t_margin=0, b_margin=5),
            TextStyle("Helvetica", "B", 13, INK, t_margin=5, b_margin=2),
        )

    def header(self) -> None:
        """The running title, on the pages of the body."""
        if self.page_no() > 2:
            self.set_font("Helvetica", "", 8.5)
            self.set_text_color(*MUTED)
            self.set_y(13)
            self.cell(text=TITLE)
            self.set_y(MARGIN_MM)

    def footer(self) -> None:
        """The page's label, on the pages of the body."""
        if self.page_no() > 2:
            self.set_y(-16)
            self.set_font("Helvetica", "", 8.5)
            self.set_text_color(*MUTED)
            self.cell(w=self.epw, text=self.get_page_label(), align=Align.C)


def make_guide(source: str) -> bytes:
    """The whole guide as a PDF: title page, contents, then one page or more a chapter."""
    guide = Guide()
    _title_page(guide)
    guide.add_page()
    guide.insert_toc_placeholder(_contents)
    guide.set_page_label(label_style="D", label_start=1)
    for n, (kind, lines) in enumerate(blocks(source)):
        if kind == "chapter" and n > 0:
            guide.add_page()
        guide.set_font("Helvetica", "", 10.5)
        guide.set_text_color(*INK)
        _SETTERS[kind](guide, lines)
    return bytes(guide.output())


def blocks(source: str) -> Iterator[tuple[str, list[str]]]:
    """The text's blocks in order: (kind, its lines without their marks)."""
    for kind, lines in itertools.groupby(source.splitlines(), key=_kind):
        if kind != "blank":
            yield kind, [line.strip().lstrip("#").strip() for line in lines]


def _kind(line: str) -> str:
    if not line.strip():
        return "blank"
    if line.startswith("#"):
        return "section" if line.startswith("##") else "chapter"
    if line.startswith("    "):
        return "commands"
    if line.startswith("|"):
        return "table"
    return "steps" if line[0].isdigit() else "paragraph"


def _title_page(guide: Guide) -> None:
    guide.add_page(label_style="r")
    guide.set_fill_color(*ACCENT)
    guide.rect(0, 0, 12, guide.h, style="F")
    guide.set_y(95)
    guide.set_font("Helvetica", "B", 30)
    guide.set_text_color(*ACCENT)
    guide.multi_cell(w=guide.epw, h=13, text="Footnote", align=Align.L, new_x=XPos.LMARGIN)
    guide.set_font("Helvetica", "", 20)
    guide.set_text_color(*INK)
    guide.multi_cell(w=guide.epw, h=11, text="Quick start guide", align=Align.L, new_x=XPos.LMARGIN)
    guide.ln(4)
    guide.set_font("Helvetica", "", 12)
    guide.set_text_color(*MUTED)
    guide.multi_cell(w=guide.epw, h=7, text=f"{SUBTITLE}.", align=Align.L, new_x=XPos.LMARGIN)


def _contents(guide: FPDF, outline: list[OutlineSection]) -> None:
    guide.set_font("Helvetica", "B", 19)
    guide.set_text_color(*ACCENT)
    guide.set_x(MARGIN_MM)
    guide.cell(h=12, text="Contents", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    guide.ln(3)
    for section in outline:
        guide.set_font("Helvetica", "" if section.level else "B", 10.5)
        guide.set_text_color(*INK)
        if section.level == 0:
            guide.ln(2)
        link = guide.add_link(page=section.page_number)
        guide.set_x(MARGIN_MM + 6 * section.level)
        guide.cell(w=guide.epw - 14 - 6 * section.level, h=7, text=section.name, link=link)
        guide.cell(
            w=14,
            h=7,
            text=str(section.page_number - 2),
            align=Align.R,
            link=link,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )


def _chapter(guide: Guide, lines: list[str]) -> None:
    guide.start_section(lines[0], level=0)


def _section(guide: Guide, lines: list[str]) -> None:
    guide.start_section(lines[0], level=1)


def _paragraph(guide: Guide, lines: list[str]) -> None:
    guide.multi_cell(w=guide.epw, h=LINE_MM, text=" ".join(lines), align=Align.L, new_x=XPos.LMARGIN)
    guide.ln(2.5)


def _steps(guide: Guide, lines: list[str]) -> None:
    for line in lines:
        number, text = line.split(" ", 1)
        guide.cell(w=7, h=LINE_MM, text=number)
        guide.multi_cell(w=guide.epw - 7, h=LINE_MM, text=text, align=Align.L, new_x=XPos.LMARGIN)
        guide.ln(1)
    guide.ln(2.5)


def _commands(guide: Guide, lines: list[str]) -> None:
    guide.set_font("Courier", "", 9.5)
    guide.set_fill_color(*SHADE)
    guide.multi_cell(w=guide.epw, h=5.2, text="\n".join(lines), align=Align.L, fill=True, padding=3, new_x=XPos.LMARGIN)
    guide.ln(3.5)


def _table(guide: Guide, lines: list[str]) -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    guide.set_draw_color(*MUTED)
    guide.set_line_width(0.2)
    with guide.table(
        col_widths=(28, 72),
        borders_layout="HORIZONTAL_LINES",
        cell_fill_mode="NONE",
        headings_style=FontFace(emphasis="BOLD", color=ACCENT),
        line_height=LINE_MM,
        padding=1.2,
        text_align="LEFT",
    ) as table:
        for row in rows:
            table.row(row)
    guide.ln(4)


_SETTERS: dict[str, Callable[[Guide, list[str]], None]] = {
    "chapter": _chapter,
    "section": _section,
    "paragraph": _paragraph,
    "steps": _steps,
    "commands": _commands,
    "table": _table,
}


if __name__ == "__main__":
    (HERE.parent / "quick-start-guide.pdf").write_bytes(make_guide((HERE / "quick_start.txt").read_text("utf-8")))
