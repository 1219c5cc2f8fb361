"""The gate before a claim is shown: its quotes must stand in the stored, immutable version, readable now."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from generation.display import display_text
from generation.events import CitationView, Verdict
from generation.pieces import Quote
from ingest.tables import Document, Page, Version
from retrieval.permissions import readable_by


def check_quote(session: Session, quote: Quote, principals: frozenset[str]) -> CitationView | None:
    """The citation for a quote as stored; None unless the version's text there is, character for character, the
    passage's text, the version is the one that was found, and one of `principals` may read the document now.
    """
    hit = quote.hit
    row = session.execute(
        select(Page.start, Page.text)
        .join(Version, Version.id == Page.version_id)
        .join(Document, Document.id == Version.document_id)
        .where(
            Page.version_id == hit.version_id,
            Page.number == hit.page,
            Version.sha256 == hit.version_sha256,
            Document.id == hit.document_id,
            readable_by(principals),
        )
    ).one_or_none()
    if row is None or not hit.start <= quote.start < quote.end <= hit.end:
        return None
    page_start, page_text = row
    stored = page_text[quote.start - page_start : quote.end - page_start] if quote.start >= page_start else ""
    if stored != hit.text[quote.start - hit.start : quote.end - hit.start]:
        return None
    return CitationView(
        document_id=hit.document_id,
        version_id=hit.version_id,
        version_sha256=hit.version_sha256,
        title=hit.title,
        filename=hit.filename,
        page=hit.page,
        start=quote.start,
        end=quote.end,
        quote=stored,
        score=quote.score,
    )


def judge(text: str, citations: tuple[CitationView, ...], support: Verdict | None) -> Verdict:
    """The verdict on a sentence.

    Args:
        text: The sentence as shown.
        citations: Its citations, all of which passed `check_quote`.
        support: What the support check found; None where there was none.

    Returns:
        uncited without citations, whatever else was found; supported when it is, as shown, one of its checked quotes;
        else what the support check found; else partly.
    """
    if not citations:
        return "uncited"
    if any(display_text(citation.quote) == text for citation in citations):
        return "supported"
    return support or "partly"


def all_readable(session: Session, document_ids: Collection[str], principals: frozenset[str]) -> bool:
    """Whether one of `principals` may read each of these documents now."""
    statement = select(func.count()).select_from(Document).where(Document.id.in_(document_ids), readable_by(principals))
    return session.scalar(statement) == len(set(document_ids))
