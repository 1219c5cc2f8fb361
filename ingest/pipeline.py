"""One version from original to searchable: parse → chunk → embed → publish, in that order and all or nothing."""

import datetime as dt
import threading
from collections.abc import Collection
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.attachments import publish_attachments
from ingest.chunk import split_passages
from ingest.database import Database, lock_changes, utc_now
from ingest.embed import Embedder, EncodedPassage, embedding_text, text_hash
from ingest.embedding_models import EmbeddingModels, models_in_use
from ingest.errors import FileRejected
from ingest.jobs import ClaimedJob, finish, heartbeat, report_progress
from ingest.parse import ParsedDocument
from ingest.passage_queue import PassageQueue
from ingest.publish import (
    Draft,
    DraftPassage,
    complete,
    delete_unused_embeddings,
    known_hashes,
    publish,
    show_words,
    write_embeddings,
)
from ingest.reading import Reading, read_version
from ingest.sandbox import Sandbox
from ingest.storage import Originals
from ingest.tables import Document, Page, Version

PASSAGE_TOKENS = 220
PROGRESS_SECONDS = 0.5
SHOW_WORDS_PASSAGES = 8  # fewer are embedded before anybody could search


@dataclass(frozen=True)
class Ingestion:
    """The parts that turn versions into passages."""

    database: Database
    originals: Originals
    sandbox: Sandbox
    models: EmbeddingModels

    @cached_property
    def queue(self) -> PassageQueue:
        """Where the documents at work meet to be embedded."""
        return PassageQueue()


def ingest_version(parts: Ingestion, job: ClaimedJob, stop: threading.Event | None = None) -> int:
    """Do a claimed job to its end; returns the number of passages. Commits.

    `stop` is set by whoever learns that the job was cancelled or taken over; the work ends soon after.

    Raises:
        FileRejected: the file cannot become passages.
        LeaseLost: another attempt owns the job now, or nobody; nothing was published.
    """
    stop = stop or threading.Event()
    with ExitStack() as on_disk:
        with parts.queue.urgent() if job.is_interactive else nullcontext():
            reading = on_disk.enter_context(_read(parts, job, stop))
            draft, texts = _draft(parts, reading)
            words_shown = _show_words_first(parts, job, draft, texts)
        return _finish(parts, job, reading, draft, texts, words_shown=words_shown, stop=stop)


def _finish(
    parts: Ingestion,
    job: ClaimedJob,
    reading: Reading,
    draft: Draft,
    texts: dict[str, str],
    *,
    words_shown: bool,
    stop: threading.Event,
) -> int:
    """Embed for every model in use, and publish; returns the number of passages. Commits."""
    while True:
        embedded = {
            embedder.model_id: _embed_missing(parts, job, embedder, texts, stop) for embedder in parts.models.in_use()
        }
        with parts.database.write() as session:
            lock_changes(session)
            for model_id, passages in embedded.items():
                write_embeddings(session, model_id, passages)
            if not _is_embedded(session, texts, embedded.keys()):
                continue  # a document that shared a vector was removed meanwhile, or the model was switched
            finish(session, job)
            if words_shown:
                complete(session, job.version_id)
            else:
                publish(session, job.version_id, draft)
            delete_unused_embeddings(session, list(texts))  # of a version that a newer one has overtaken
            publish_attachments(session, parts.originals, job.version_id, reading.attachments.files)
            return len(draft.passages)


def _read(parts: Ingestion, job: ClaimedJob, stop: threading.Event) -> AbstractContextManager[Reading]:
    """Read the version of a job, see `ingest.reading`."""
    with parts.database.read() as session:
        version = session.get_one(Version, job.version_id)
        document = session.get_one(Document, version.document_id)
    progress = _ProgressReport(parts.database, job, stage="recognising")
    return read_version(parts.sandbox, parts.originals, document, version, on_page=progress, stop=stop)


def _draft(parts: Ingestion, reading: Reading) -> tuple[Draft, dict[str, str]]:
    """What the version becomes, and the texts to embed by their hash. Raises FileRejected when there is no text."""
    document, version, parsed = reading.document, reading.version, reading.parsed
    title = _title(document, version, parsed)
    text = "".join(page.text for page in parsed.pages)
    embedder = parts.models.active()
    spans = split_passages(parsed, min(PASSAGE_TOKENS, embedder.max_tokens), embedder.count_tokens)
    if not spans and not reading.attachments.files:
        raise FileRejected("empty", f"{version.filename}: no text was found in it; upload a version that has text.")
    texts: dict[str, str] = {}
    passages = []
    for span in spans:
        passage = text[span.start : span.end]
        embedded = embedding_text(title, span.heading, passage)
        passages.append(DraftPassage(span, passage, text_hash(embedded)))
        texts[passages[-1].embedding_hash] = embedded
    return Draft(title, parsed, tuple(passages)), texts


def _title(document: Document, version: Version, parsed: ParsedDocument) -> str:
    """The title that a person gave, else the document's own, else its file name."""
    if document.title_by_hand:
        return document.title
    return (parsed.title or version.filename.rsplit("/", 1)[-1].rsplit(".", 1)[0])[:500]


def _show_words_first(parts: Ingestion, job: ClaimedJob, draft: Draft, texts: dict[str, str]) -> bool:
    """Let a new document that somebody waits for be found by its words, if embedding it takes a while."""
    if not job.is_interactive or len(texts) < SHOW_WORDS_PASSAGES:
        return False
    with parts.database.write() as session:
        lock_changes(session)
        version = session.get_one(Version, job.version_id)
        if session.get_one(Document, version.document_id).current_version_id is not None:
            return False  # its old version stays whole until the new one is
        heartbeat(session, job)
        show_words(session, job.version_id, draft)
    return True


def _embed_missing(
    parts: Ingestion, job: ClaimedJob, embedder: Embedder, texts: dict[str, str], stop: threading.Event
) -> dict[str, EncodedPassage]:
    """Embed the texts that have no vector under a model yet; what the model made of them, by hash."""
    with parts.database.read() as session:
        known = known_hashes(session, embedder.model_id, list(texts))
    missing = [text for text in texts if text not in known]
    progress = _ProgressReport(parts.database, job, stage="embedding")
    encoded = parts.queue.encode(
        embedder,
        [texts[text] for text in missing],
        priority=job.priority,
        on_progress=lambda n_done: progress(n_done, len(missing)),
        stop=stop,
    )
    return dict(zip(missing, encoded, strict=True))


def _is_embedded(session: Session, texts: Collection[str], embedded: Collection[str]) -> bool:
    """Whether texts (by their hash) have a vector of every model that searches use, or can go back to.

    A model that this machine could not load, so that it is not among the `embedded`, can be gone back to only after
    `footnote reembed` has embedded what it lacks.
    """
    for row in models_in_use(session):
        if row.state == "preparing" or len(known_hashes(session, row.model_id, list(texts))) == len(texts):
            continue
        if row.state == "active" or row.model_id in embedded:
            return False
        row.state = "preparing"
    return True


class _ProgressReport:
    """Writes «n of m pages recognised» or «… passages embedded» to the job's row, at most twice a second."""

    def __init__(self, database: Database, job: ClaimedJob, *, stage: str) -> None:
        self._database, self._job, self._stage = database, job, stage
        self._next = utc_now() + dt.timedelta(seconds=PROGRESS_SECONDS)

    def __call__(self, n_done: int, total: int) -> None:
        if utc_now() < self._next:
            return
        self._next = utc_now() + dt.timedelta(seconds=PROGRESS_SECONDS)
        with self._database.write() as session:
            report_progress(session, self._job, stage=self._stage, done=n_done, total=total)


def version_text(session: Session, version_id: str) -> str:
    """The whole text of a version; passages, citations and quotes are spans of it."""
    return "".join(session.scalars(select(Page.text).where(Page.version_id == version_id).order_by(Page.number)))
