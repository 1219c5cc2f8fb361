"""`footnote documents`: list, show, readers, versions, progress, retry, cancel, remove and erase."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.commands.console import JsonOption, command, messages, out, print_json
from api.erasing import erase_document
from ingest.attachments import count_attachments
from ingest.documents import cancel, cancel_unfinished, delete_unreferenced_originals, remove, retry, set_readers
from ingest.errors import InvalidInput, NotFound
from ingest.progress import read_progress
from ingest.tables import AclEntry, Document, Job, Version

DOCUMENTS_PER_QUERY = 500
CANCELLED_AT_ONCE = 200  # others want to write, too

documents = typer.Typer(no_args_is_help=True, help="Look at documents, change who may read them, remove them.")
DocumentArgument = Annotated[str, typer.Argument(help="A document's id, or its file name where only one has it.")]


@documents.command("list")
def list_documents(
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Only this collection.")] = None,
    status: Annotated[str | None, typer.Option(help="Only queued, running, searchable, failed or cancelled.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List every document with the state of its newest version."""
    with command() as parts, parts.database.read() as session:
        statement = select(Document).order_by(Document.collection, Document.filename)
        if collection is not None:
            statement = statement.where(Document.collection == collection)
        rows = _describe(session, session.scalars(statement).all())
        rows = [row for row in rows if status in (None, row["status"])]
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = Table(box=None, header_style="bold")
    for column in ("id", "collection", "file", "status", "passages", "readers"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            row["id"],
            row["collection"],
            row["filename"],
            row["status"],
            str(row["passages"]),
            ", ".join(row["readers"]),
        )
    out.print(table)
    messages.print(f"{len(rows)} documents")


@documents.command()
def show(document: DocumentArgument, as_json: JsonOption = False) -> None:
    """Show one document: its state, and why it failed if it did."""
    with command() as parts, parts.database.read() as session:
        (row,) = _describe(session, [find_document(session, document)])
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        if value not in (None, ""):
            out.print(f"[bold]{name:12}[/bold] {', '.join(value) if isinstance(value, list) else value}")


@documents.command()
def versions(document: DocumentArgument, as_json: JsonOption = False) -> None:
    """List the versions of a document, newest first."""
    with command() as parts, parts.database.read() as session:
        found = find_document(session, document)
        rows = session.scalars(
            select(Version).where(Version.document_id == found.id).order_by(Version.number.desc())
        ).all()
    for version in rows:
        current = version.id == found.current_version_id
        if as_json:
            names = ("id", "number", "status", "sha256", "size_bytes", "n_pages", "n_passages", "created_at")
            print_json({**{name: getattr(version, name) for name in names}, "current": current})
        else:
            mark = " (current)" if current else ""
            out.print(
                f"{version.number}  {version.created_at:%Y-%m-%d %H:%M}  {version.status}{mark}  {version.sha256}"
            )


@documents.command()
def readers(
    document: DocumentArgument,
    principals: Annotated[
        list[str] | None, typer.Argument(help="The new readers; without any, the present ones are shown.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show or replace who may read a document; a change is in force for the next request."""
    with command() as parts:
        if principals:
            with parts.database.write() as session:
                set_readers(session, find_document(session, document).id, principals)
        with parts.database.read() as session:
            found = find_document(session, document)
            entries = session.scalars(
                select(AclEntry).where(AclEntry.document_id == found.id).order_by(AclEntry.principal)
            ).all()
    if as_json:
        print_json({"document_id": found.id, "readers": [entry.principal for entry in entries]})
        return
    for entry in entries:
        out.print(f"{entry.principal}  since {entry.created_at:%Y-%m-%d %H:%M} UTC")


@documents.command("retry")
def retry_document(document: DocumentArgument, as_json: JsonOption = False) -> None:
    """Queue a failed or cancelled document again; a worker must be running (`footnote serve` or `footnote worker`)."""
    with command() as parts, parts.database.write() as session:
        found = find_document(session, document)
        version = _newest_version(session, found)
        retry(session, version.id)
    if as_json:
        print_json({"document_id": found.id, "version_id": version.id, "status": "queued"})
    else:
        out.print(f"{found.filename} is queued again.")


@documents.command("cancel")
def cancel_document(
    document: Annotated[str | None, typer.Argument(help="A document's id or file name.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait or are being read.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Stop the reading of a document that waits or is being read; `documents retry` takes it up again."""
    if (document is None) != everything:
        messages.print("[red]error:[/red] Name a document, or give --all.")
        raise typer.Exit(2)
    version_ids: list[str] = []
    with command() as parts:
        if document is not None:
            with parts.database.write() as session:
                version_ids.append(_newest_version(session, find_document(session, document)).id)
                cancel(session, version_ids[0])
        while everything:
            with parts.database.write() as session:
                found = cancel_unfinished(session, limit=CANCELLED_AT_ONCE)
            if not found:
                break
            version_ids += found
    if as_json:
        print_json({"cancelled": len(version_ids), "version_ids": version_ids})
    else:
        out.print(f"{len(version_ids)} cancelled.")


@documents.command("remove")
def remove_document(
    document: DocumentArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove a document for good, with its versions and its original."""
    with command() as parts:
        with parts.database.read() as session:
            found = find_document(session, document)
        if not yes and not as_json:
            typer.confirm(f"Remove {found.filename} from {found.collection} for good?", abort=True)
        with parts.database.write() as session:
            remove(session, found.id)
        delete_unreferenced_originals(parts.database, parts.originals)
    if as_json:
        print_json({"document_id": found.id, "removed": True})
    else:
        out.print(f"{found.filename} is removed.")


@documents.command("erase")
def erase_for_good(
    document: DocumentArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove a document and let nothing of it stay in any row, file or index; says what was erased.

    Waits up to a minute for a running server to rebuild its indexes. Backups are not touched: delete those yourself.
    """
    with command() as parts:
        with parts.database.read() as session:
            found = find_document(session, document)
        if not yes and not as_json:
            typer.confirm(f"Erase {found.filename} from {found.collection}, with every trace?", abort=True)
        report = erase_document(parts.database, parts.folder, parts.originals, found.id)
    if as_json:
        print_json({**asdict(report), "complete": report.complete})
    else:
        for name, value in asdict(report).items():
            out.print(f"[bold]{name.replace('_', ' '):18}[/bold] {value}")
        out.print(f"{found.filename} is erased." if report.complete else "[yellow]Not complete yet.[/yellow]")
    if not report.complete:
        messages.print(
            "A running process still holds files with it: it rebuilds its indexes on its own, or stop it; a long "
            "reader may keep the database's log. Run `footnote index rebuild` and look again."
        )
        raise typer.Exit(1)


@documents.command()
def progress(
    batch: Annotated[str | None, typer.Option(help="Only uploads with this name in their field `batch`.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far uploads are: counts, files per second, and the time that is left."""
    with command() as parts, parts.database.read() as session:
        found = read_progress(session, batch)
    if as_json:
        print_json(asdict(found))
        return
    counts = [(found.done, "done"), (found.running, "being read"), (found.queued, "waiting")]
    counts += [(found.failed, "failed"), (found.cancelled, "cancelled")]
    words = [", ".join(f"{n} {word}" for n, word in counts if n) or "no files"]
    words += [f"{found.files_per_second} files/s"] if found.files_per_second else []
    words += [f"about {found.seconds_left:.0f} s left"] if found.seconds_left is not None else []
    out.print("; ".join(words))


def find_document(session: Session, name: str) -> Document:
    """The document with this id or, when only one has it, this file name.

    Raises:
        NotFound: none has it.
        InvalidInput: several documents have the file name.
    """
    document = session.get(Document, name)
    if document is not None:
        return document
    named = session.scalars(select(Document).where(Document.filename == name).limit(2)).all()
    if not named:
        raise NotFound(f"There is no document {name!r}; `footnote documents list` shows ids and names.")
    if len(named) > 1:
        raise InvalidInput(f"Several documents are named {name!r}; give the id from `footnote documents list`.")
    return named[0]


def _newest_version(session: Session, document: Document) -> Version:
    return session.scalars(
        select(Version).where(Version.document_id == document.id).order_by(Version.number.desc()).limit(1)
    ).one()


def _describe(session: Session, found: Sequence[Document]) -> list[dict[str, Any]]:
    """Documents with the state of their newest version, for printing, in the order given."""
    rows: list[dict[str, Any]] = []
    for first in range(0, len(found), DOCUMENTS_PER_QUERY):
        part = found[first : first + DOCUMENTS_PER_QUERY]
        ids = [document.id for document in part]
        newest = {
            version.document_id: (version, job)
            for version, job in session.execute(
                select(Version, Job)
                .outerjoin(Job, Job.version_id == Version.id)
                .where(Version.document_id.in_(ids))
                .order_by(Version.number)
            )
        }
        readers: defaultdict[str, list[str]] = defaultdict(list)
        for entry in session.scalars(
            select(AclEntry).where(AclEntry.document_id.in_(ids)).order_by(AclEntry.principal)
        ):
            readers[entry.document_id].append(entry.principal)
        attachments = count_attachments(session, ids)
        parent_ids = {document.parent_id for document in part}
        parents = dict(session.execute(select(Document.id, Document.filename).where(Document.id.in_(parent_ids))).all())
        for document in part:
            row = _row(document, *newest[document.id], readers[document.id])
            counts = attachments.get(document.id)
            row["parent"] = parents.get(document.parent_id or "")
            row["attachments"] = None if counts is None else str(counts)
            rows.append(row)
    return rows


def _row(document: Document, version: Version, job: Job | None, readers: list[str]) -> dict[str, Any]:
    running = job is not None and job.state == "running" and job.total > 0
    return {
        "id": document.id,
        "collection": document.collection,
        "filename": document.filename,
        "title": document.title,
        "status": version.status,
        "error_class": version.error_class,
        "message": version.message,
        "progress": f"{job.stage} {job.done}/{job.total}" if job is not None and running else None,
        "version": version.number,
        "pages": version.n_pages,
        "passages": version.n_passages,
        "readers": readers,
        "updated_at": document.updated_at.astimezone(dt.UTC).isoformat(),
    }
