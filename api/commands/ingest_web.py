"""Web pages as documents: fetched where an operator allows it, and again only when they changed."""

from pathlib import Path

from sqlalchemy import select

from api.commands.ingest_run import IngestedFile, Run
from api.parts import Parts
from ingest.documents import add_version
from ingest.errors import FileRejected, FootnoteError, InvalidInput
from ingest.folder import FolderRule
from ingest.jobs import BACKFILL
from ingest.sync import settle_rule
from ingest.tables import Document
from ingest.web import Fetched, fetch, parse_address


def is_address(text: str) -> bool:
    """Whether an argument is meant as a web address."""
    return "://" in text


def read_addresses(path: Path) -> list[str]:
    """The addresses in a file, one on each line; empty lines and those that begin with # are left out.

    Raises:
        InvalidInput: the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as text; check the path.") from error
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def ingest_addresses(parts: Parts, urls: list[str], rule: FolderRule, *, as_json: bool) -> list[IngestedFile]:
    """Fetch pages and work until each has ended; one that may not or cannot be fetched ends as failed."""
    with Run(parts, len(urls), as_json=as_json) as run:
        for url in urls:
            run.add(_record_page(parts, url, rule))
        run.finish()
    return run.ended


def _record_page(parts: Parts, url: str, rule: FolderRule) -> IngestedFile:
    ingested = IngestedFile(url, from_folder=False)
    try:
        source = str(parse_address(url))
        with parts.database.read() as session:
            stamp = session.scalar(
                select(Document.source_stamp).where(Document.collection == rule.collection, Document.source == source)
            )
        with fetch(source, parts.ingest_settings.web_policy, stamp=stamp) as fetched:
            if fetched.content is None:
                ingested.status = "unchanged"
            else:
                _record_content(parts, source, fetched, ingested, rule)
    except FileRejected as rejected:
        ingested.status, ingested.error_class, ingested.message = "failed", rejected.error_class, str(rejected)
    except FootnoteError as error:
        ingested.status, ingested.error_class, ingested.message = "failed", "unsupported", str(error)
    return ingested


def _record_content(parts: Parts, source: str, fetched: Fetched, ingested: IngestedFile, rule: FolderRule) -> None:
    assert fetched.content is not None
    staged = parts.originals.stage(fetched.content, fetched.filename)
    try:
        with parts.database.write() as session:
            added = add_version(
                session,
                parts.originals,
                staged,
                filename=fetched.filename,
                collection=rule.collection,
                source=source,
                readers=rule.readers,
                priority=BACKFILL,
            )
            added.document.source_stamp = fetched.stamp
            settle_rule(session, added.document.id, rule)
    finally:
        parts.originals.discard(staged)
    ingested.document_id, ingested.version_id = added.document.id, added.version.id
    if added.unchanged and added.version.status == "searchable":
        ingested.status, ingested.passages = "unchanged", added.version.n_passages
