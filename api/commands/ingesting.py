"""`footnote ingest`: files and folders to searchable passages, with progress."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import select

from api.commands.console import JsonOption, command, messages, out, print_json
from api.identity import known_readers
from api.parts import Parts
from api.search_filters import metadata_pairs
from ingest.documents import DEFAULT_COLLECTION, EVERYONE, add_version, clean_readers
from ingest.errors import FileRejected, InvalidInput
from ingest.jobs import BACKFILL
from ingest.metadata import clean_metadata, set_metadata
from ingest.tables import Job, Version
from ingest.worker import run_worker

WATCH_SECONDS = 0.1
COLLECT_AT_ONCE = 500
DONE = ("searchable", "failed", "superseded")


@dataclass(frozen=True)
class FileToIngest:
    """A file, and the name it gets: its path below the folder that was given, where one was."""

    path: Path
    filename: str
    from_folder: bool


@dataclass
class IngestedFile:
    """How far one file is; `status` is unchanged, or that of its version."""

    path: Path
    from_folder: bool
    status: str = "queued"
    document_id: str | None = None
    version_id: str | None = None
    error_class: str | None = None
    message: str | None = None
    passages: int = 0
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def counts_as_failure(self) -> bool:
        """Whether the command failed for it: a folder may hold kinds of files that are not read."""
        return self.status == "failed" and not (self.from_folder and self.error_class == "unsupported")

    def to_json(self) -> dict[str, Any]:
        """The line that `--json` prints for this file."""
        names = ("document_id", "version_id", "status", "error_class", "message", "passages")
        return {"path": str(self.path), **{name: getattr(self, name) for name in names}, "seconds": self.seconds}


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; folders are read with all below them.")],
    collection: Annotated[str, typer.Option("--collection", "-c", help="Where they belong.")] = DEFAULT_COLLECTION,
    reader: Annotated[
        list[str] | None,
        typer.Option("--reader", "-r", help="Who may read: everyone, user:EMAIL or group:NAME; again for more."),
    ] = None,
    meta: Annotated[
        list[str] | None,
        typer.Option(
            "--meta", metavar="KEY=VALUE", help="For search to filter by, such as team=sales; again for more."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read files and folders and make them searchable. Unchanged files are skipped."""
    with command() as parts:
        metadata = clean_metadata(dict(metadata_pairs(meta))) if meta else None
        files = list(find_files(paths))
        _warn_of_unknown_readers(parts, reader)
        ended = ingest_files(parts, files, collection=collection, readers=reader, metadata=metadata, as_json=as_json)
        _print_summary(ended, reader, as_json=as_json)
    if any(file.counts_as_failure for file in ended):
        raise typer.Exit(1)


def find_files(paths: list[Path]) -> Iterator[FileToIngest]:
    """The files to read; hidden files and folders below a given folder are left out, as are links that leave it.

    Raises:
        InvalidInput: a path does not exist.
    """
    for given in paths:
        if not given.exists():
            raise InvalidInput(f"{given} does not exist; check the path.")
        if given.is_file():
            yield FileToIngest(given, given.name, from_folder=False)
            continue
        root = given.resolve()
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            hidden = any(part.startswith(".") for part in relative.parts)
            if path.is_file() and not hidden and path.resolve().is_relative_to(root):
                yield FileToIngest(given / relative, relative.as_posix(), from_folder=True)


def ingest_files(
    parts: Parts,
    files: list[FileToIngest],
    *,
    collection: str,
    readers: list[str] | None,
    metadata: dict[str, str] | None = None,
    as_json: bool = False,
) -> list[IngestedFile]:
    """Record the files and work until each is searchable or has failed; other workers may help."""
    ended: list[IngestedFile] = []
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    ) as progress:
        task = progress.add_task("reading files", total=len(files))
        stop, worker = threading.Event(), None
        pending: dict[str, IngestedFile] = {}

        def finished(file: IngestedFile) -> None:
            file.seconds = round(time.monotonic() - file.started, 3)
            ended.append(file)
            progress.update(task, advance=1, description=_rate(ended))
            _print_file(file, as_json=as_json)

        try:
            for file in files:
                recorded = _record(parts, file, collection=collection, readers=readers, metadata=metadata)
                if recorded.status in ("unchanged", "failed"):
                    finished(recorded)
                    continue
                pending[recorded.version_id or ""] = recorded
                if worker is None:
                    announce_model(parts)
                    worker = threading.Thread(target=run_worker, args=(parts.ingestion, stop), name="worker")
                    worker.start()
                for done in _collect(parts, pending):
                    finished(done)
            while pending:
                for done in _collect(parts, pending):
                    finished(done)
                time.sleep(WATCH_SECONDS)
        finally:
            stop.set()
            if worker is not None:
                worker.join()
    return ended


def announce_model(parts: Parts) -> None:
    """Say why nothing seems to happen while a model is converted for this processor, once in its life."""
    folder = parts.ingest_settings.models_folder
    if not folder.exists() or not any(folder.glob("*-int8-*")):
        messages.print("Preparing the embedding model for this processor. This happens once and takes half a minute …")


def _record(
    parts: Parts,
    file: FileToIngest,
    *,
    collection: str,
    readers: list[str] | None,
    metadata: dict[str, str] | None,
) -> IngestedFile:
    """Take one file in; a file that cannot even be read ends here as failed."""
    ingested = IngestedFile(file.path, file.from_folder)
    try:
        with file.path.open("rb") as stream:
            staged = parts.originals.stage(stream, file.filename)
    except FileRejected as rejected:
        ingested.status, ingested.error_class, ingested.message = "failed", rejected.error_class, str(rejected)
        return ingested
    except OSError as error:
        ingested.status, ingested.error_class = "failed", "malformed"
        ingested.message = f"{file.filename}: cannot be read ({error.strerror}); check its rights."
        return ingested
    with parts.database.write() as session:
        added = add_version(
            session,
            parts.originals,
            staged,
            filename=file.filename,
            collection=collection,
            source=str(file.path.resolve()),
            readers=readers,
            priority=BACKFILL,
        )
        if metadata is not None:
            set_metadata(session, added.document.id, metadata)
    ingested.document_id, ingested.version_id = added.document.id, added.version.id
    if added.unchanged and added.version.status == "searchable":
        ingested.status, ingested.passages = "unchanged", added.version.n_passages
    return ingested


def _collect(parts: Parts, pending: dict[str, IngestedFile]) -> list[IngestedFile]:
    """Take the files out of `pending` whose versions have come to an end."""
    first = list(pending)[:COLLECT_AT_ONCE]
    with parts.database.read() as session:
        versions = session.scalars(
            select(Version)
            .join(Job, Job.version_id == Version.id)
            .where(Version.id.in_(first), Version.status.in_(DONE), Job.state.in_(("done", "dead")))
        ).all()
    ended = []
    for version in versions:
        file = pending.pop(version.id, None)
        if file is not None:
            file.status, file.passages = version.status, version.n_passages
            file.error_class, file.message = version.error_class, version.message
            ended.append(file)
    return ended


def _rate(ended: list[IngestedFile]) -> str:
    n_passages = sum(file.passages for file in ended)
    return f"{n_passages} passages"


def _print_file(file: IngestedFile, *, as_json: bool) -> None:
    if as_json:
        print_json(file.to_json())
    elif file.status == "failed":
        messages.print(f"[red]failed[/red]      {file.path}  ({file.error_class}) {file.message}")
    elif file.status == "searchable":
        out.print(f"[green]searchable[/green]  {file.path}  {file.passages} passages in {file.seconds:.1f} s")


def _print_summary(ended: list[IngestedFile], readers: list[str] | None, *, as_json: bool) -> None:
    counts = Counter(file.status for file in ended)
    n_passages = sum(file.passages for file in ended)
    if as_json:
        print_json({"summary": True, "files": len(ended), **counts, "passages": n_passages})
        return
    parts = [f"{counts[status]} {status}" for status in ("searchable", "unchanged", "failed", "superseded")]
    who = ", ".join(sorted(clean_readers(readers))) if readers else EVERYONE
    shown = ", ".join(part for part in parts if not part.startswith("0 ")) or "no files"
    out.print(f"{len(ended)} files: {shown}. New documents may be read by {who}.")


def _warn_of_unknown_readers(parts: Parts, readers: list[str] | None) -> None:
    """A reader that is nobody yet is allowed, but most often a typing error."""
    for reader in readers or []:
        try:
            with parts.database.read() as session:
                known_readers(session, clean_readers([reader]))
        except InvalidInput as unknown:
            clean_readers([reader])
            messages.print(f"[yellow]warning:[/yellow] {unknown}")
