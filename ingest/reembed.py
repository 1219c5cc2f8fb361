"""Switching the embedding model while everything runs: embed what is there beside the old vectors, switch, clean up.

Searches use the old model until one transaction makes the new one active, in which no passage lacks a vector of it.
The old vectors stay, and new passages get them too, until they are dropped: so one can go back at once.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from ingest.database import Database, lock_changes, utc_now
from ingest.embed import Embedder, embedding_text, text_hash
from ingest.embedding_models import models_in_use
from ingest.errors import InvalidInput
from ingest.jobs import INTERACTIVE
from ingest.publish import write_embeddings
from ingest.tables import Document, Embedding, EmbeddingModel, Job, Passage, Version

BATCH_TEXTS = 64  # a process that is killed loses the work on as many
GIVE_WAY_SECONDS = 2.0  # longest that a batch stands back for files that somebody waits for
GIVE_WAY_POLL_SECONDS = 0.1
DELETE_ROWS = 2000

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class ModelStatus:
    """How far a model is: `n_embedded` of the `n_texts` different texts of all passages have a vector of it."""

    model_id: str
    name: str
    precision: str
    state: str
    n_embedded: int
    n_texts: int


def begin(session: Session, embedder: Embedder) -> None:
    """Have new passages embedded with this model too, from the commit on; does nothing where they are already."""
    lock_changes(session)
    row = session.get(EmbeddingModel, embedder.model_id)
    if row is None:
        row = EmbeddingModel(model_id=embedder.model_id, name=embedder.name, precision=embedder.precision)
        row.state = "preparing"
        session.add(row)
    elif row.state == "dropped":
        row.state, row.since = "preparing", utc_now()


def embed_missing(database: Database, embedder: Embedder, on_progress: OnProgress) -> int:
    """Embed the texts of all passages that have no vector of this model, and store each batch; returns how many.

    What is stored is not embedded again, however often this is stopped and called. Files that somebody waits for go
    first. `on_progress` is told how many texts are done, and how many there are. Commits.

    Raises:
        InvalidInput: the model was dropped meanwhile.
    """
    n_embedded, after = 0, ""
    n_before = _n_embedded(database, embedder.model_id)
    while True:
        with database.read() as session:
            texts = _missing_texts(session, embedder.model_id, after)
            n_texts = _n_texts(session)
        on_progress(min(n_before + n_embedded, n_texts), n_texts)
        if not texts and not after:
            return n_embedded
        if not texts:
            after = ""  # once more from the start: passages may have come meanwhile
            continue
        _give_way(database)
        encoded = embedder.encode_passages(list(texts.values()))
        with database.write() as session:
            lock_changes(session)
            _require_in_use(session, embedder.model_id)
            still_there = _in_use(session, list(texts))
            write_embeddings(
                session,
                embedder.model_id,
                {key: passage for key, passage in zip(texts, encoded, strict=True) if key in still_there},
            )
        n_embedded += len(texts)
        after = max(texts)


def switch(session: Session, model_id: str) -> bool:
    """Make a model the one that searches use, in every process, with the commit; the one before is kept.

    Others are dropped. Returns whether that is done: not while a passage has no vector of the model, so that no
    search after the switch misses one.

    Raises:
        InvalidInput: the model was dropped meanwhile.
    """
    lock_changes(session)
    _require_in_use(session, model_id)
    if session.scalar(select(Passage.id).where(_lacks_vector(model_id)).limit(1)) is not None:
        return False
    for row in models_in_use(session):
        if row.model_id != model_id:
            row.state, row.since = "kept" if row.state == "active" else "dropped", utc_now()
        elif row.state != "active":
            row.state, row.since = "active", utc_now()
    return True


def model_before(session: Session) -> EmbeddingModel:
    """The model to which one can go back.

    Raises:
        InvalidInput: there is none.
    """
    kept = session.scalars(
        select(EmbeddingModel)
        .where(EmbeddingModel.state.in_(("kept", "preparing")))
        .order_by(EmbeddingModel.state, EmbeddingModel.since.desc())
    ).first()
    if kept is None:
        raise InvalidInput(
            "There is no model to go back to: none was used before, or its vectors were dropped. Name one with --model."
        )
    return kept


def drop_all_but_active(session: Session) -> list[str]:
    """Give up every model but the active one: new passages get no vectors of them any more; returns their ids.

    `delete_dropped` frees the space.
    """
    lock_changes(session)
    session.execute(update(EmbeddingModel).where(EmbeddingModel.state != "active").values(state="dropped"))
    return list(session.scalars(select(EmbeddingModel.model_id).where(EmbeddingModel.state == "dropped")))


def delete_dropped(database: Database) -> int:
    """Delete the vectors of dropped models, a few at a time; returns how many. Commits.

    Codebooks stay: a process may still have one in memory, and uses it when the model comes back.
    """
    n_deleted = 0
    while True:
        with database.write() as session:
            lock_changes(session)
            model_id = session.scalar(select(EmbeddingModel.model_id).where(EmbeddingModel.state == "dropped").limit(1))
            if model_id is None:
                return n_deleted
            first = select(Embedding.text_hash).where(Embedding.model_id == model_id).limit(DELETE_ROWS)
            deleted = session.scalars(
                delete(Embedding)
                .where(Embedding.model_id == model_id, Embedding.text_hash.in_(first.scalar_subquery()))
                .returning(Embedding.text_hash)
                .execution_options(synchronize_session=False)
            ).all()
            n_deleted += len(deleted)
            if not deleted:
                session.execute(delete(EmbeddingModel).where(EmbeddingModel.model_id == model_id))


def model_statuses(session: Session) -> list[ModelStatus]:
    """Every model of the database, the active one first, those that are being deleted last."""
    n_texts = _n_texts(session)
    dropped = session.scalars(select(EmbeddingModel).where(EmbeddingModel.state == "dropped")).all()
    return [
        ModelStatus(row.model_id, row.name, row.precision, row.state, _n_rows(session, row.model_id), n_texts)
        for row in [*models_in_use(session), *dropped]
    ]


def _lacks_vector(model_id: str) -> ColumnElement[bool]:
    """The condition on `Passage` that its text has no vector of a model."""
    return ~exists().where(Embedding.model_id == model_id, Embedding.text_hash == Passage.embedding_hash)


def _missing_texts(session: Session, model_id: str, after: str) -> dict[str, str]:
    """The next texts by hash, ascending, that lack a vector.

    A document's title may have been changed since its passages were first embedded; then they are embedded under the
    new one, because nobody knows the old one any more.
    """
    hashes = session.scalars(
        select(Passage.embedding_hash)
        .where(Passage.embedding_hash > after, _lacks_vector(model_id))
        .distinct()
        .order_by(Passage.embedding_hash)
        .limit(BATCH_TEXTS)
    ).all()
    rows = session.execute(
        select(Passage.embedding_hash, Document.title, Passage.heading, Passage.text)
        .join(Version, Version.id == Passage.version_id)
        .join(Document, Document.id == Version.document_id)
        .where(Passage.embedding_hash.in_(hashes))
        .order_by(Passage.embedding_hash, Passage.id)
    )
    texts: dict[str, str] = {}
    for key, title, heading, passage in rows:
        text = embedding_text(title, heading, passage)
        if key not in texts or text_hash(text) == key:
            texts[key] = text
    return texts


def _in_use(session: Session, hashes: Sequence[str]) -> set[str]:
    return set(session.scalars(select(Passage.embedding_hash).where(Passage.embedding_hash.in_(hashes))))


def _require_in_use(session: Session, model_id: str) -> None:
    row = session.get(EmbeddingModel, model_id)
    if row is None or row.state == "dropped":
        raise InvalidInput(f"{model_id} was dropped meanwhile, so it is not prepared any further.")


def _give_way(database: Database) -> None:
    """Let files go first that somebody waits for, but for no longer than `GIVE_WAY_SECONDS`."""
    until = time.monotonic() + GIVE_WAY_SECONDS
    waiting = select(Job.id).where(Job.state.in_(("queued", "running")), Job.priority <= INTERACTIVE).limit(1)
    while time.monotonic() < until:
        with database.read() as session:
            if session.scalar(waiting) is None:
                return
        time.sleep(GIVE_WAY_POLL_SECONDS)


def _n_texts(session: Session) -> int:
    return session.scalar(select(func.count(Passage.embedding_hash.distinct()))) or 0


def _n_rows(session: Session, model_id: str) -> int:
    return session.scalar(select(func.count()).select_from(Embedding).where(Embedding.model_id == model_id)) or 0


def _n_embedded(database: Database, model_id: str) -> int:
    with database.read() as session:
        return _n_rows(session, model_id)
