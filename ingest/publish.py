"""Making a version what people find: its pages and passages in one transaction; and taking it back."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, delete, exists, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ingest.chunk import PassageSpan
from ingest.database import record_change, utc_now
from ingest.document_date import document_date
from ingest.embed import EncodedPassage
from ingest.parsed import ParsedDocument
from ingest.tables import Document, Embedding, Page, Passage, Version

HASHES_PER_QUERY = 500


@dataclass(frozen=True)
class DraftPassage:
    """A passage before it has an id."""

    span: PassageSpan
    text: str
    embedding_hash: str


@dataclass(frozen=True)
class Draft:
    """What a version becomes when it is published."""

    title: str
    parsed: ParsedDocument
    passages: tuple[DraftPassage, ...]


def show_words(session: Session, version_id: str, draft: Draft) -> None:
    """Let a document that has nothing published yet be found by its words, before its vectors are there.

    Whoever waits for it finds it seconds earlier. `complete` follows, or `take_back` when that fails.
    """
    _publish(session, version_id, draft)


def complete(session: Session, version_id: str) -> None:
    """Call a version searchable whose passages `show_words` wrote and whose vectors are there now."""
    version = session.get_one(Version, version_id)
    document = session.get_one(Document, version.document_id, with_for_update=True)
    if document.current_version_id != version_id:
        version.status = "superseded"
        return
    version.status, version.published_at = "searchable", utc_now()
    document.updated_at = utc_now()
    session.flush()
    record_change(session, "publish", document.id)


def publish(session: Session, version_id: str, draft: Draft) -> None:
    """Write pages and passages and make the version current and searchable, unless a newer one already is."""
    if _publish(session, version_id, draft):
        session.get_one(Version, version_id).status = "searchable"
        session.flush()


def _publish(session: Session, version_id: str, draft: Draft) -> bool:
    """Write pages and passages, in place of those an earlier attempt may have left; whether it is now current."""
    version = session.get_one(Version, version_id)
    document = session.get_one(Document, version.document_id, with_for_update=True)
    _write_pages(session, version_id, draft.parsed)
    version.media_type, version.language = draft.parsed.media_type, draft.parsed.language
    version.n_pages, version.n_passages = len(draft.parsed.pages), len(draft.passages)
    version.published_at, version.message = utc_now(), draft.parsed.details.get("left_out")
    current = session.get(Version, document.current_version_id) if document.current_version_id else None
    if current is not None and current.number > version.number:
        version.status = "superseded"
        return False
    hashes = _embedding_hashes(session, [current.id]) if current is not None else []
    if current is not None:
        session.execute(delete(Passage).where(Passage.version_id == current.id))
        if current.id != version_id:
            current.status = "superseded"
    _write_passages(session, version_id, draft.passages)
    delete_unused_embeddings(session, hashes)
    document.title, document.details = draft.title, dict(draft.parsed.details)
    document.dated_at = document_date(draft.parsed.details) or version.created_at
    document.filename, document.current_version_id, document.updated_at = version.filename, version.id, utc_now()
    session.flush()
    record_change(session, "publish", document.id)
    return True


def take_back(session: Session, version_id: str) -> None:
    """Undo `show_words` for a version that will not become searchable now; any other is left as it is."""
    version = session.get_one(Version, version_id)
    document = session.get_one(Document, version.document_id)
    if document.current_version_id != version_id or version.status == "searchable":
        return
    document.current_version_id = None
    delete_passages(session, [version_id])
    session.execute(delete(Page).where(Page.version_id == version_id))
    session.flush()
    record_change(session, "withdraw", document.id)


def write_embeddings(session: Session, model_id: str, passages: dict[str, EncodedPassage]) -> None:
    """Insert what was embedded, by hash; what another document brought in the meantime is kept."""
    if not passages:
        return
    table = Embedding.__table__
    assert isinstance(table, Table)
    dialect_insert: Callable[[Table], sqlite.Insert | postgresql.Insert] = (
        sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    )
    rows = [
        {
            "model_id": model_id,
            "text_hash": text_hash,
            "vector": passage.vector.astype("<f2").tobytes(),
            "token_ids": passage.token_ids.astype("<u4").tobytes(),
            "token_codes": passage.token_codes.tobytes(),
        }
        for text_hash, passage in sorted(passages.items())
    ]
    session.execute(dialect_insert(table).on_conflict_do_nothing(), rows)


def known_hashes(session: Session, model_id: str, hashes: Sequence[str]) -> set[str]:
    """Which of the texts, by hash, have an embedding of the model."""
    known: set[str] = set()
    for first in range(0, len(hashes), HASHES_PER_QUERY):
        part = hashes[first : first + HASHES_PER_QUERY]
        known.update(
            session.scalars(
                select(Embedding.text_hash).where(Embedding.model_id == model_id, Embedding.text_hash.in_(part))
            )
        )
    return known


def delete_passages(session: Session, version_ids: Collection[str]) -> None:
    """Delete the passages of versions, and the vectors that no other passage shares."""
    hashes = _embedding_hashes(session, version_ids)
    session.execute(delete(Passage).where(Passage.version_id.in_(version_ids)))
    delete_unused_embeddings(session, hashes)


def delete_unused_embeddings(session: Session, hashes: Sequence[str]) -> None:
    """Delete those of the embeddings, by hash and under every model, that no passage has."""
    in_use = exists().where(Passage.embedding_hash == Embedding.text_hash)
    for first in range(0, len(hashes), HASHES_PER_QUERY):
        part = hashes[first : first + HASHES_PER_QUERY]
        session.execute(delete(Embedding).where(Embedding.text_hash.in_(part), ~in_use))


def _embedding_hashes(session: Session, version_ids: Collection[str]) -> Sequence[str]:
    return session.scalars(select(Passage.embedding_hash).where(Passage.version_id.in_(version_ids)).distinct()).all()


def _write_passages(session: Session, version_id: str, passages: Sequence[DraftPassage]) -> None:
    rows = [
        {
            "version_id": version_id,
            "ordinal": ordinal,
            "page": passage.span.page,
            "start": passage.span.start,
            "end": passage.span.end,
            "heading": passage.span.heading,
            "text": passage.text,
            "embedding_hash": passage.embedding_hash,
        }
        for ordinal, passage in enumerate(passages)
    ]
    if rows:  # an archive has none, the files in it have
        session.execute(insert(Passage), rows)


def _write_pages(session: Session, version_id: str, parsed: ParsedDocument) -> None:
    """Write the pages of a version, in place of any that are there."""
    session.execute(delete(Page).where(Page.version_id == version_id))
    start = 0
    rows = []
    for page in parsed.pages:
        rows.append(
            {
                "version_id": version_id,
                "number": page.number,
                "label": page.label,
                "start": start,
                "text": page.text,
                "width": page.width,
                "height": page.height,
                "boxes": page.boxes,
            }
        )
        start += len(page.text)
    session.execute(insert(Page), rows)
