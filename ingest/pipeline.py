"""One version from original to searchable: parse → chunk → embed → publish, in that order and all or nothing."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ingest.chunk import PassageSpan, split_passages
from ingest.database import Database, lock_changes, record_change, utc_now
from ingest.documents import delete_passages
from ingest.embed import Embedder, EncodedPassage, embedding_text, text_hash
from ingest.errors import FileRejected
from ingest.jobs import ClaimedJob, finish, report_progress
from ingest.parse import ParsedDocument
from ingest.sandbox import Sandbox
from ingest.storage import Originals
from ingest.tables import Document, Embedding, Page, Passage, Version

PASSAGE_TOKENS = 220
PROGRESS_SECONDS = 0.5


@dataclass(frozen=True)
class Ingestion:
    """The parts that turn versions into passages."""

    database: Database
    originals: Originals
    sandbox: Sandbox
    embedder: Embedder


@dataclass(frozen=True)
class _DraftPassage:
    """A passage before it has an id."""

    span: PassageSpan
    text: str
    embedding_hash: str


def ingest_version(parts: Ingestion, job: ClaimedJob) -> int:
    """Do a claimed job to its end; returns the number of passages. Commits.

    Raises:
        FileRejected: the file cannot become passages.
        LeaseLost: another attempt owns the job now; nothing was published.
    """
    with parts.database.read() as session:
        version = session.get_one(Version, job.version_id)
        document = session.get_one(Document, version.document_id)
    parsed = parts.sandbox.parse(parts.originals.path(version.sha256), version.filename)
    title = _title(document, version, parsed)
    text = "".join(page.text for page in parsed.pages)
    spans = split_passages(parsed, min(PASSAGE_TOKENS, parts.embedder.max_tokens), parts.embedder.count_tokens)
    if not spans:
        raise FileRejected("empty", f"{version.filename}: no text was found in it; upload a version that has text.")
    passage_texts = [text[span.start : span.end] for span in spans]
    embedded_texts = [
        embedding_text(title, span.heading, passage) for span, passage in zip(spans, passage_texts, strict=True)
    ]
    hashes = [text_hash(embedded) for embedded in embedded_texts]
    drafts = [_DraftPassage(*draft) for draft in zip(spans, passage_texts, hashes, strict=True)]
    texts_by_hash = dict(zip(hashes, embedded_texts, strict=True))
    while True:
        embedded = _embed_missing(parts, job, texts_by_hash)
        with parts.database.write() as session:
            lock_changes(session)
            _write_embeddings(session, parts.embedder.model_id, embedded)
            known = _known_hashes(session, parts.embedder.model_id, list(texts_by_hash))
            if len(known) < len(texts_by_hash):
                continue  # a document that shared a vector was removed meanwhile
            finish(session, job)
            _publish(session, job.version_id, title, parsed, drafts)
            return len(drafts)


def _title(document: Document, version: Version, parsed: ParsedDocument) -> str:
    """The title that a person gave, else the document's own, else its file name."""
    if document.title_by_hand:
        return document.title
    return (parsed.title or version.filename.rsplit("/", 1)[-1].rsplit(".", 1)[0])[:500]


def _embed_missing(parts: Ingestion, job: ClaimedJob, texts_by_hash: dict[str, str]) -> dict[str, EncodedPassage]:
    """Embed the texts that have no vector under this model yet; what the model made of them, by hash."""
    with parts.database.read() as session:
        known = _known_hashes(session, parts.embedder.model_id, list(texts_by_hash))
    missing = [text for text in texts_by_hash if text not in known]
    progress = _ProgressReport(parts.database, job, total=len(missing))
    encoded = parts.embedder.encode_passages([texts_by_hash[h] for h in missing], on_progress=progress)
    return dict(zip(missing, encoded, strict=True))


def _known_hashes(session: Session, model_id: str, hashes: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for first in range(0, len(hashes), 500):
        part = hashes[first : first + 500]
        known.update(
            session.scalars(
                select(Embedding.text_hash).where(Embedding.model_id == model_id, Embedding.text_hash.in_(part))
            )
        )
    return known


class _ProgressReport:
    """Writes «n of m passages embedded» to the job's row, at most twice a second."""

    def __init__(self, database: Database, job: ClaimedJob, *, total: int) -> None:
        self._database, self._job, self._total = database, job, total
        self._next = utc_now() + dt.timedelta(seconds=PROGRESS_SECONDS)

    def __call__(self, n_done: int) -> None:
        if utc_now() < self._next:
            return
        self._next = utc_now() + dt.timedelta(seconds=PROGRESS_SECONDS)
        with self._database.write() as session:
            report_progress(session, self._job, stage="embedding", done=n_done, total=self._total)


def _write_embeddings(session: Session, model_id: str, passages: dict[str, EncodedPassage]) -> None:
    """Insert what was embedded; what another document brought in the meantime is kept."""
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


def _publish(
    session: Session, version_id: str, title: str, parsed: ParsedDocument, drafts: Sequence[_DraftPassage]
) -> None:
    """Write pages and passages and make the version current, unless a newer one already is."""
    version = session.get_one(Version, version_id)
    document = session.get_one(Document, version.document_id, with_for_update=True)
    _write_pages(session, version_id, parsed)
    version.media_type, version.language = parsed.media_type, parsed.language
    version.n_pages, version.n_passages, version.published_at = len(parsed.pages), len(drafts), utc_now()
    current = session.get(Version, document.current_version_id) if document.current_version_id else None
    if current is not None and current.number > version.number:
        version.status = "superseded"
        return
    session.execute(
        insert(Passage),
        [
            {
                "version_id": version_id,
                "ordinal": ordinal,
                "page": draft.span.page,
                "start": draft.span.start,
                "end": draft.span.end,
                "heading": draft.span.heading,
                "text": draft.text,
                "embedding_hash": draft.embedding_hash,
            }
            for ordinal, draft in enumerate(drafts)
        ],
    )
    if current is not None:
        current.status = "superseded"
        delete_passages(session, [current.id])
    version.status = "searchable"
    document.title, document.details = title, dict(parsed.details)
    document.filename, document.current_version_id, document.updated_at = version.filename, version.id, utc_now()
    session.flush()
    record_change(session, "publish", document.id)


def _write_pages(session: Session, version_id: str, parsed: ParsedDocument) -> None:
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


def version_text(session: Session, version_id: str) -> str:
    """The whole text of a version; passages, citations and quotes are spans of it."""
    return "".join(session.scalars(select(Page.text).where(Page.version_id == version_id).order_by(Page.number)))
