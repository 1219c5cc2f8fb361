"""What a parser hands back: pages of exact text, headings with offsets, a few details."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ParsedPage:
    """One page; `text` ends with a newline.

    `width` and `height` are in points as displayed, for pages that can be drawn.
    `skip` holds (start, end) offsets in `text` of lines that repeat on most pages (running headers, page
    numbers): they stay in the text and do not become passages. `boxes` are the packed character boxes (see
    `ingest.boxes`) of text that was recognised in a picture; those of other text are found in the original.
    """

    number: int
    text: str
    label: str | None = None
    width: float | None = None
    height: float | None = None
    skip: tuple[tuple[int, int], ...] = ()
    boxes: bytes | None = None


@dataclass(frozen=True)
class Heading:
    """A heading at character `start` of the version's text; `level` 1 is the highest."""

    start: int
    level: int
    text: str


@dataclass(frozen=True)
class Attachment:
    """A file in a file, by its name there; its bytes are `size` from `start` of those that the parser wrote out."""

    name: str
    start: int
    size: int


@dataclass(frozen=True)
class ParsedDocument:
    """A parsed file; the version's text is the pages' texts put together, headings are in text order.

    `details["left_out"]` says in sentences what of the file was not read.
    """

    media_type: str
    title: str | None
    pages: tuple[ParsedPage, ...]
    headings: tuple[Heading, ...] = ()
    details: dict[str, str] = field(default_factory=dict)
    language: str | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def text(self) -> str:
        """The version's text."""
        return "".join(page.text for page in self.pages)
