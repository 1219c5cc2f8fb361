"""The tables of ingestion: documents, who may read them, versions, pages, passages, vectors and jobs."""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ingest.database import Base, UtcDateTime, utc_now


def new_id() -> str:
    """A random 128-bit id as 32 hexadecimal characters."""
    return secrets.token_hex(16)


BigId = BigInteger().with_variant(Integer, "sqlite")


class Document(Base):
    """A file that people know by name; its content is its current version.

    `source` tells whether two uploads are the same document: the absolute path for files read from a
    folder, the file name for uploads. It is unique within a collection. `details` is what the file says about itself,
    `dated_at` the date that search filters by: when its author last changed it, as far as the file says so, else
    when its current version was uploaded; it is empty before the first version is published.
    `parent_id` names the document in which this one came, such as the mail that it was attached to (see
    `ingest.attachments`); its source is the parent's id and its name there, and its readers are the parent's.
    """

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("collection", "source"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    collection: Mapped[str] = mapped_column(String(200), index=True)
    source: Mapped[str] = mapped_column(String(5000))
    filename: Mapped[str] = mapped_column(String(5000))
    title: Mapped[str] = mapped_column(Text)
    title_by_hand: Mapped[bool] = mapped_column(default=False)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    dated_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, index=True)
    current_version_id: Mapped[str | None] = mapped_column(String(32), index=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"), index=True)
    source_stamp: Mapped[str | None] = mapped_column(String(1000))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)


class AclEntry(Base):
    """One principal who may read one document; `created_at` says since when."""

    __tablename__ = "acl_entry"

    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    principal: Mapped[str] = mapped_column(String(400), primary_key=True, index=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)


class MetadataEntry(Base):
    """One thing that people say of a document, such as team=sales; it is given out with the document, and search
    filters by it."""

    __tablename__ = "metadata_entry"
    __table_args__ = (Index("ix_metadata_entry_value", "key", "value"),)

    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(500))


class Version(Base):
    """One immutable content of a document.

    `status` is queued (waiting for a worker), running, searchable (published, and current while
    `Document.current_version_id` names it), superseded, cancelled, or failed (`error_class` and `message` say why).
    A new document that somebody waits for is found by its words while it is still running (see `ingest.publish`).
    """

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("document_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    filename: Mapped[str] = mapped_column(String(5000))
    media_type: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[str] = mapped_column(String(16), default="queued", index=True)
    error_class: Mapped[str | None] = mapped_column(String(16))
    message: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(8))
    n_pages: Mapped[int] = mapped_column(default=0)
    n_passages: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)
    published_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class Page(Base):
    """One page of a version's text.

    The version's text is its pages' texts put together in order; `start` is the page's offset in it.
    Formats without pages have one. `boxes` are the character boxes (see `ingest.boxes`) of text that was
    recognised in a picture; those of other text are found in the original when they are asked for.
    """

    __tablename__ = "page"

    version_id: Mapped[str] = mapped_column(ForeignKey("version.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str | None] = mapped_column(String(100))
    start: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    width: Mapped[float | None] = mapped_column(Float)
    height: Mapped[float | None] = mapped_column(Float)
    boxes: Mapped[bytes | None] = mapped_column(LargeBinary)


class Passage(Base):
    """A stretch of a version that is found and cited as a whole.

    `text` equals the version's text from `start` to `end` (characters). `embedding_hash` names the row of
    `Embedding` that holds its vector: the SHA-256 of the text that was embedded, headings included.
    """

    __tablename__ = "passage"
    __table_args__ = (
        UniqueConstraint("version_id", "ordinal"),
        Index("ix_passage_embedding_hash", "embedding_hash"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("version.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    page: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    heading: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text)
    embedding_hash: Mapped[str] = mapped_column(String(64))


class Embedding(Base):
    """What a model makes of a text, kept once however often the text occurs.

    `vector` is its unit vector (float16, little-endian), `token_ids` (uint32, little-endian) and `token_codes` its
    tokens, packed with the model's `TokenCodebook`.
    """

    __tablename__ = "embedding"

    model_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    text_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    token_ids: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    token_codes: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class EmbeddingModel(Base):
    """A model that the passages of this database are embedded with; `name` and `precision` are what loads it.

    `state`: preparing (some passages have no vector of it yet) → active (searches use it; there is one) → kept (every
    passage still has a vector of it, so that searches can go back) → dropped (its vectors are being deleted).
    """

    __tablename__ = "embedding_model"

    model_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    name: Mapped[str] = mapped_column(String(1000))
    precision: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)


class TokenCodebook(Base):
    """The codebook (d / 4, 16, 4), float32 little-endian, that token codes of a model are made and read with."""

    __tablename__ = "token_codebook"

    model_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    codebook: Mapped[bytes] = mapped_column(LargeBinary)


class Job(Base):
    """The work of turning one version into passages.

    `state`: queued → running → done | dead | cancelled. A running job belongs to the attempt that claimed it: `attempt`
    only ever grows and is the fencing number, `worker` names the process. A job whose `lease_until` has passed may be
    claimed again. `failures` counts attempts that ended with an error, `losses` those whose worker vanished. `batch` is
    a name that its uploader gave to several.
    """

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_claim", "state", "priority", "enqueued_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    version_id: Mapped[str] = mapped_column(ForeignKey("version.id", ondelete="CASCADE"), unique=True)
    priority: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    losses: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(String(200), default="")
    enqueued_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)
    available_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)
    lease_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    stage: Mapped[str] = mapped_column(String(32), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    batch: Mapped[str | None] = mapped_column(String(100), index=True)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, index=True)
