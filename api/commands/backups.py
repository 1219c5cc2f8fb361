"""`footnote backup` and `footnote restore`: one command each, and what they say about it."""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.backup import Backup, make_backup
from api.backup_files import Generation, is_tar, opened_backup, pack, prune, verify_generation
from api.commands.console import JsonOption, command, messages, out, print_json
from api.parts import Parts
from api.restore import REPLACED, Place, restore_backup
from api.table_copy import Progress as OnProgress
from ingest.errors import InvalidInput, StorageError, StorageFull
from ingest.file_lock import locked
from ingest.manifest import Facts
from ingest.storage import hold_alone

AtOption = Annotated[str | None, typer.Option("--at", help="Which backup of the folder, by name; else the newest.")]


def backup(
    destination: Annotated[Path, typer.Argument(help="A folder, or a file that ends in .tar or .tar.gz.")],
    verify: Annotated[bool, typer.Option("--verify", help="Check what is there instead; change nothing.")] = False,
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, help="Remove all but this many newest backups of the folder.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Back everything up while Footnote runs: rows, originals, vectors.

    Into a folder that has backups already, only new originals are copied.
    """
    with command() as parts, _file_errors(destination):
        if verify:
            _verify(destination, as_json=as_json)
            return
        started = time.monotonic()
        if not is_tar(destination):
            made = _back_up(parts, destination, keep)
        elif keep is not None:
            raise InvalidInput("--keep is for folders: a tar file holds one backup.")
        else:
            made = _back_up_as_tar(parts, destination)
        _print_backup(destination, made, time.monotonic() - started, as_json=as_json)


def restore(
    source: Annotated[Path | None, typer.Argument(help="The folder or file that `footnote backup` wrote.")] = None,
    at: AtOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of what is here, which is set aside.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what the last restore replaced.")] = False,
    database_lost: Annotated[
        bool, typer.Option("--database-lost", help="Go on although the database here cannot be read.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup, after checking every byte of it. Footnote must not be running.

    What was deleted here since the backup was made stays deleted.
    """
    with command() as parts, hold_alone(parts.folder):
        if undo == (source is not None):
            raise InvalidInput("Name the backup to restore, or give --undo alone.")
        place = Place(parts.folder, parts.ingest_settings.resolved_database_url, parts.originals)
        chosen = source or place.replaced
        started = time.monotonic()
        with (
            _file_errors(chosen),
            opened_backup(chosen, parts.folder.scratch) as found,
            progress_bar() as progress,
        ):
            restored = restore_backup(
                _choose(found, at), place, progress, replace=replace or undo, database_lost=database_lost
            )
        figures = {
            "backup": str(chosen),
            **restored.facts,
            "deleted": restored.n_deleted,
            "originals_restored": restored.n_originals,
            "set_aside": str(restored.set_aside.folder) if restored.set_aside else None,
            "seconds": round(time.monotonic() - started, 3),
        }
    if as_json:
        print_json(figures)
        return
    _print_restored(figures)


def _choose(found: list[Generation], at: str | None) -> Generation:
    for generation in found:
        if at in (None, generation.name):
            return generation
    raise InvalidInput(f"There is no backup {at}; there are {', '.join(generation.name for generation in found)}.")


def _back_up(parts: Parts, folder: Path, keep: int | None) -> Backup:
    with progress_bar() as progress:
        made = make_backup(parts.database, parts.originals, folder.resolve(), progress)
    if keep is not None:
        with locked(folder / "backup.lock"):
            prune(folder.resolve(), keep)
    return made


def _back_up_as_tar(parts: Parts, file: Path) -> Backup:
    """A backup in one file; its rows are prepared in the data folder, its originals linked there."""
    with progress_bar() as progress, parts.folder.temporary() as prepared:
        made = make_backup(parts.database, parts.originals, prepared, progress, link=True)
        pack(made.generation, file.resolve())
    return made


def _verify(path: Path, *, as_json: bool) -> None:
    with opened_backup(path) as found, progress_bar() as progress:
        checked = {generation.name: verify_generation(generation, progress) for generation in found}
    for name, facts in checked.items():
        if as_json:
            print_json({"backup": str(path), "name": name, "whole": True, **facts})
        else:
            out.print(f"[green]whole[/green]  {name}  {_describe(facts)}")


def _print_backup(destination: Path, made: Backup, seconds: float, *, as_json: bool) -> None:
    figures: dict[str, Any] = {"backup": str(destination), "name": made.generation.name, **made.facts}
    if as_json:
        print_json({**figures, "originals_copied": made.n_copied, "seconds": round(seconds, 3)})
        return
    out.print(
        f"[green]backed up[/green]  {destination}  {_describe(made.facts)}, {made.n_copied} of the originals copied, "
        f"in {seconds:.1f} s"
    )


def _print_restored(figures: dict[str, Any]) -> None:
    out.print(
        f"[green]restored[/green]  {figures['backup']} of {figures['made_at'][:19]} UTC: {_describe(figures)}, "
        f"in {figures['seconds']:.1f} s"
    )
    if figures["deleted"]:
        out.print(f"{figures['deleted']} documents that were deleted since stay deleted.")
    if figures["set_aside"]:
        out.print(f"What was here is set aside in the folder {REPLACED} of the data folder.")
        out.print("Bring it back with [bold]footnote restore --undo[/bold], or delete that folder.")
    else:
        messages.print("What was deleted after this backup was made is not known here: delete it again.")


def _describe(facts: Facts | dict[str, Any]) -> str:
    return f"{facts['documents']} documents, {facts['passages']} passages, {facts['originals']} originals"


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """A bar on the terminal; nothing where the output is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task("starting", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield show


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Say which place could not be written or read."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFull(f"{path}: there is no space left; free some, or choose another place.") from error
        raise StorageError(f"{error.filename or path}: {error.strerror}; check the path and its rights.") from error
