"""Reading files to their end: record them, have them worked on, and say how each ended."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import select

from api.commands.console import messages, out, print_json
from api.parts import Parts
from ingest.attachments import name_in_parent, newest_of_attachments
from ingest.documents import EVERYONE, add_version
from ingest.errors import FileRejected
from ingest.folder import FolderFile, FolderRule, file_stamp
from ingest.jobs import BACKFILL
from ingest.storage import StagedFile
from ingest.sync import KnownFile, move_known, settle_rule
from ingest.tables import Job, Version
from ingest.worker import run_worker

WATCH_SECONDS = 0.1
COLLECT_AT_ONCE = 500
ENDED = ("searchable", "failed", "superseded", "cancelled")


@dataclass(frozen=True)
class FileToIngest:
    """A file, and the name it gets: its path below the folder that was given, where one was."""

    path: Path
    filename: str
    from_folder: bool
    rule: FolderRule = field(default_factory=FolderRule)
    stamp: str | None = None
    resolved: Path | None = None

    @property
    def source(self) -> str:
        """How its document is known again."""
        return str(self.resolved or self.path.resolve())


@dataclass
class IngestedFile:
    """How far one file is; `status` is unchanged, or that of its version."""

    path: str
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
        return {"path": self.path, **{name: getattr(self, name) for name in names}, "seconds": self.seconds}


def folder_file(file: FolderFile) -> FileToIngest:
    """A file of a folder, with the rule that holds for it."""
    return FileToIngest(
        file.shown, file.relative, from_folder=True, rule=file.rule, stamp=file.stamp, resolved=file.path
    )


def kept_file(known: KnownFile, file: FolderFile) -> IngestedFile:
    """A file that is not read because it has not changed, with what became of it when it was."""
    status = "unchanged" if known.status == "searchable" else known.status
    return IngestedFile(
        str(file.shown),
        from_folder=True,
        status=status,
        document_id=known.document_id,
        version_id=known.version_id,
        error_class=known.error_class,
        message=known.message,
        passages=known.n_passages,
    )


def ingest_files(parts: Parts, files: list[FileToIngest], *, as_json: bool = False) -> list[IngestedFile]:
    """Record the files and work until each has ended; other workers may help."""
    with Run(parts, len(files), as_json=as_json) as run:
        for file in files:
            run.add(_record(parts, file))
        run.finish()
    return run.ended


class Run:
    """Files on their way to their end, with a progress bar and a worker that starts with the first that needs one."""

    def __init__(self, parts: Parts, n_files: int, *, as_json: bool) -> None:
        self.ended: list[IngestedFile] = []
        self._parts, self._as_json = parts, as_json
        self._pending: dict[str, IngestedFile] = {}
        self._stop = threading.Event()
        self._collected_at = 0.0
        self._worker: threading.Thread | None = None
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=messages,
            transient=True,
            disable=not messages.is_terminal,
        )
        self._task = self._progress.add_task("reading files", total=n_files)

    def __enter__(self) -> "Run":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._worker is not None:
            self._worker.join()
        self._progress.stop()

    def add(self, file: IngestedFile) -> None:
        """Take a recorded file on; one that has ended already is only reported."""
        if file.status in ("unchanged", "failed"):
            self._end(file)
            return
        self._pending[file.version_id or ""] = file
        if self._worker is None:
            announce_model(self._parts)
            self._worker = threading.Thread(target=run_worker, args=(self._parts.ingestion, self._stop), name="worker")
            self._worker.start()
        if time.monotonic() >= self._collected_at + WATCH_SECONDS:
            self._collect()

    def finish(self) -> None:
        """Wait until every file has ended."""
        while self._pending:
            self._collect()
            if self._pending:
                time.sleep(WATCH_SECONDS)

    def _collect(self) -> None:
        """Report the files whose versions have come to an end."""
        first = list(self._pending)[:COLLECT_AT_ONCE]
        with self._parts.database.read() as session:
            versions = session.scalars(
                select(Version)
                .join(Job, Job.version_id == Version.id)
                .where(Version.id.in_(first), Version.status.in_(ENDED), Job.state.in_(("done", "dead", "cancelled")))
            ).all()
        for version in versions:
            file = self._pending.pop(version.id)
            file.status, file.passages = version.status, version.n_passages
            file.error_class, file.message = version.error_class, version.message
            self._end(file)
            self._take_attachments(file, version)
        self._collected_at = time.monotonic()

    def _take_attachments(self, file: IngestedFile, version: Version) -> None:
        """Wait also for the files that came in this version, each under its path there."""
        with self._parts.database.read() as session:
            found = newest_of_attachments(session, version.document_id)
        new = [(document, newest) for document, newest in found if newest.created_at >= version.created_at]
        for document, newest in new:
            path = f"{file.path}/{name_in_parent(document)}"
            self._pending[newest.id] = IngestedFile(
                path, from_folder=True, document_id=document.id, version_id=newest.id
            )
        task = next(task for task in self._progress.tasks if task.id == self._task)
        self._progress.update(self._task, total=(task.total or 0) + len(new))

    def _end(self, file: IngestedFile) -> None:
        file.seconds = round(time.monotonic() - file.started, 3)
        self.ended.append(file)
        n_passages = sum(ended.passages for ended in self.ended)
        self._progress.update(self._task, advance=1, description=f"{n_passages} passages")
        print_file(file, as_json=self._as_json)


def announce_model(parts: Parts) -> None:
    """Say why nothing seems to happen while a model is converted for this processor, once in its life."""
    folder = parts.ingest_settings.models_folder
    if not folder.exists() or not any(folder.glob("*-int8-*")):
        messages.print("Preparing the embedding model for this processor. This happens once and takes half a minute …")


def _record(parts: Parts, file: FileToIngest) -> IngestedFile:
    """Take one file in; a file that cannot even be read ends here as failed."""
    ingested = IngestedFile(str(file.path), file.from_folder)
    try:
        with file.path.open("rb") as stream:
            staged = parts.originals.stage(stream, file.filename)
        whole = file.stamp is not None and file_stamp(file.path) == file.stamp
    except FileRejected as rejected:
        ingested.status, ingested.error_class, ingested.message = "failed", rejected.error_class, str(rejected)
        return ingested
    except OSError as error:
        ingested.status, ingested.error_class = "failed", "malformed"
        ingested.message = f"{file.filename}: cannot be read ({error.strerror}); check its rights."
        return ingested
    try:
        return _record_staged(parts, file, staged, ingested, stamp=file.stamp if whole else None)
    finally:
        parts.originals.discard(staged)


def _record_staged(
    parts: Parts, file: FileToIngest, staged: StagedFile, ingested: IngestedFile, *, stamp: str | None
) -> IngestedFile:
    """Write down a file that is on disk; `stamp` is None where it changed while it was read."""
    with parts.database.write() as session:
        move_known(session, file.source, file.rule.collection)
        added = add_version(
            session,
            parts.originals,
            staged,
            filename=file.filename,
            collection=file.rule.collection,
            source=file.source,
            readers=file.rule.readers,
            priority=BACKFILL,
        )
        added.document.source_stamp = stamp
        settle_rule(session, added.document.id, file.rule)
    ingested.document_id, ingested.version_id = added.document.id, added.version.id
    if added.unchanged and added.version.status == "searchable":
        ingested.status, ingested.passages = "unchanged", added.version.n_passages
    return ingested


def print_file(file: IngestedFile, *, as_json: bool) -> None:
    """Say how a file ended."""
    if as_json:
        print_json(file.to_json())
    elif file.status in ("failed", "cancelled"):
        messages.print(f"[red]{file.status:10}[/red]  {file.path}  ({file.error_class}) {file.message}")
    elif file.status == "searchable":
        out.print(f"[green]searchable[/green]  {file.path}  {file.passages} passages in {file.seconds:.1f} s")


def print_summary(
    ended: list[IngestedFile], readers: frozenset[str] | None, n_removed: int | None, *, as_json: bool
) -> None:
    """Say what became of the files; `n_removed` is None where nothing could be removed."""
    counts = Counter(file.status for file in ended)
    n_passages = sum(file.passages for file in ended)
    if as_json:
        removed = {} if n_removed is None else {"removed": n_removed}
        print_json({"summary": True, "files": len(ended), **counts, **removed, "passages": n_passages})
        return
    parts = [
        f"{counts[status]} {status}" for status in ("searchable", "unchanged", "failed", "superseded", "cancelled")
    ]
    parts += [f"{n_removed or 0} removed"]
    who = ", ".join(sorted(readers)) if readers else EVERYONE
    shown = ", ".join(part for part in parts if not part.startswith("0 ")) or "no files"
    out.print(f"{len(ended)} files: {shown}. New documents may be read by {who} where no rule says otherwise.")
