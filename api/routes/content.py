"""The content of documents, for their readers: originals, page texts, page images and places on a page."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.deps import check_span, page_place, readable_version
from api.page_images import PageImages
from api.policies import PersonDep, RuntimeDep
from api.schemas import BoxView, PageBoxes, PageView
from ingest.boxes import merge_boxes, unpack_boxes
from ingest.containers import DRAWN
from ingest.errors import NotFound
from ingest.tables import Page, Passage, Version

router = APIRouter(prefix="/v1/documents/{document_id}", tags=["Content"])

WINDOW_CHARS = 20_000
MAX_OFFSET = 2**31 - 1

Number = Annotated[int, Path(ge=1, le=1_000_000)]
VersionId = Annotated[str | None, Query(alias="version", max_length=64, description="The current one by default.")]
Offset = Annotated[int | None, Query(ge=0, le=MAX_OFFSET, description="Characters in the version's text.")]


@router.get("/original", summary="Download the original", response_class=FileResponse)
def download(document_id: str, caller: PersonDep, runtime: RuntimeDep, version: VersionId = None) -> FileResponse:
    """The uploaded file, byte for byte, always as an attachment."""
    with runtime.database.read() as session:
        wanted = readable_version(session, document_id, version, caller)
    path = runtime.parts.originals.path(wanted.sha256)
    if not path.is_file():
        raise NotFound("The original is gone.")
    return FileResponse(
        path,
        media_type=wanted.media_type or "application/octet-stream",
        filename=wanted.filename.rsplit("/", 1)[-1],
        headers={"Content-Security-Policy": "default-src 'none'; sandbox", "ETag": f'"{wanted.sha256}"'},
    )


@router.get(
    "/pages/{number}.png",
    summary="See a page",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def show_image(
    document_id: str,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    caller: PersonDep,
    runtime: RuntimeDep,
    version: VersionId = None,
    scale: Annotated[float, Query(ge=0.5, le=3.0, description="1 is 72 dots an inch.")] = 1.5,
) -> Response:
    """The page as an image, where the document has pages that can be drawn."""
    with runtime.database.read() as session:
        wanted = readable_version(session, document_id, version, caller)
        page_place(session, wanted, number)
    if not has_images(wanted):
        raise NotFound("This document has no page images.")
    images = PageImages(runtime.parts.folder, runtime.parts.originals, runtime.parts.sandbox)
    return Response(images.png(wanted.sha256, number, scale), media_type="image/png")


@router.get("/pages/{number}", summary="Read a page")
def read_page(
    document_id: str,
    number: Number,
    caller: PersonDep,
    runtime: RuntimeDep,
    version: VersionId = None,
    start: Offset = None,
    end: Offset = None,
) -> PageView:
    """The text of a page, at most 20,000 characters before `start` and after `end`."""
    check_span(start, end)
    with runtime.database.read() as session:
        wanted = readable_version(session, document_id, version, caller)
        place = page_place(session, wanted, number)
        span_start = place.start if start is None else start
        span_end = span_start if end is None else end
        first = min(max(0, span_start - place.start - WINDOW_CHARS), place.n_chars)
        last = min(max(first, span_end - place.start + WINDOW_CHARS), place.n_chars)
        page = session.execute(
            select(
                Page.label, Page.width, Page.height, func.substr(Page.text, first + 1, last - first).label("text")
            ).where(Page.version_id == wanted.id, Page.number == number)
        ).one()
        return PageView(
            document_id=wanted.document_id,
            version_id=wanted.id,
            number=number,
            label=page.label,
            n_pages=wanted.n_pages,
            start=place.start,
            n_chars=place.n_chars,
            text=page.text,
            text_start=place.start + first,
            heading=_heading(session, wanted, span_start),
            has_image=has_images(wanted),
            width=page.width,
            height=page.height,
        )


@router.get("/pages/{number}/boxes", summary="Find a span on a page")
def find_boxes(
    document_id: str,
    number: Number,
    start: Annotated[int, Query(ge=0, le=MAX_OFFSET)],
    end: Annotated[int, Query(ge=0, le=MAX_OFFSET)],
    caller: PersonDep,
    runtime: RuntimeDep,
    version: VersionId = None,
) -> PageBoxes:
    """Where characters `start` to `end` of the version's text are printed on the page; no boxes where it has none."""
    check_span(start, end)
    with runtime.database.read() as session:
        wanted = readable_version(session, document_id, version, caller)
        page = session.get(Page, (wanted.id, number))
    if page is None:
        raise NotFound("There is no such page.")
    boxes = []
    if has_images(wanted):
        images = PageImages(runtime.parts.folder, runtime.parts.originals, runtime.parts.sandbox)
        packed = page.boxes or images.boxes(wanted.sha256, number, page.text)
        boxes = merge_boxes(unpack_boxes(packed), page.text, start - page.start, end - page.start)
    return PageBoxes(
        page=number, width=page.width, height=page.height, boxes=[BoxView.model_validate(box) for box in boxes]
    )


def has_images(version: Version) -> bool:
    """Whether the pages of a version can be drawn."""
    return version.media_type in DRAWN


def _heading(session: Session, version: Version, position: int) -> str:
    """The headings above a character of a version; empty where none are known."""
    heading = session.scalar(
        select(Passage.heading)
        .where(Passage.version_id == version.id, Passage.start <= position)
        .order_by(Passage.start.desc())
        .limit(1)
    )
    return heading or ""
