"""`footnote ingest`: files, folders and web pages to searchable passages, once or whenever a folder changes."""

import signal
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
import watchfiles

from api.commands.console import JsonOption, command, messages, out, print_json
from api.commands.ingest_run import (
    FileToIngest,
    IngestedFile,
    folder_file,
    ingest_files,
    kept_file,
    print_file,
    print_summary,
)
from api.commands.ingest_web import ingest_addresses, is_address, read_addresses
from api.identity import known_readers
from api.parts import Parts
from api.search_filters import metadata_pairs
from ingest.documents import DEFAULT_COLLECTION, clean_collection, clean_readers, delete_unreferenced_originals
from ingest.errors import InvalidInput
from ingest.folder import FolderRule, list_folder
from ingest.metadata import clean_metadata
from ingest.sync import SyncPlan, plan_sync, refuse_suspicious, remove_gone, settle_rule

DEBOUNCE_MS = 1000
RESYNC_MS = 30_000  # a folder on a network disk tells nothing, so it is looked through again


@dataclass(frozen=True)
class Mode:
    """How folders are followed: `removes` mirrors removals, `confirmed` even suspiciously many."""

    removes: bool
    dry_run: bool
    confirmed: bool
    as_json: bool


def ingest(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files, folders with all below them, and allowed web addresses.")
    ] = None,
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
    urls: Annotated[Path | None, typer.Option(help="A file with a web address on each line.")] = None,
    sync: Annotated[bool, typer.Option("--sync", help="Also remove documents whose files are gone.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Sync now and whenever the folders change.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove even if most files are gone.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read files, folders and web pages and make them searchable. Unchanged ones are skipped."""
    mode = Mode(removes=sync or watch, dry_run=dry_run, confirmed=yes, as_json=as_json)
    with command() as parts:
        addresses = [given for given in paths or [] if is_address(given)] + (read_addresses(urls) if urls else [])
        folders, files = _sort_out([given for given in paths or [] if not is_address(given)])
        if mode.removes and (files or addresses or not folders):
            raise InvalidInput("--sync and --watch take folders, and nothing else; give a folder.")
        if not (folders or files or addresses):
            raise InvalidInput("Nothing to ingest; name files, folders or web addresses.")
        _warn_of_unknown_readers(parts, reader)
        rule = FolderRule(
            readers=clean_readers(reader) if reader else None,
            collection=clean_collection(collection),
            metadata=clean_metadata(dict(metadata_pairs(meta))) if meta else None,
        )
        ended, clean = _ingest_once(parts, folders, files, rule, mode) if folders or files else ([], True)
        if addresses and not dry_run:
            pages = ingest_addresses(parts, addresses, rule, as_json=as_json)
            print_summary(pages, rule.readers, None, as_json=as_json)
            ended += pages
        if watch:
            _watch(parts, folders, rule, mode)
    if not clean or any(file.counts_as_failure for file in ended):
        raise typer.Exit(1)


def _sort_out(paths: list[str]) -> tuple[list[Path], list[FileToIngest]]:
    """Folders and single files. Raises InvalidInput for a path that does not exist."""
    folders, files = [], []
    for given in map(Path, paths):
        if not given.exists():
            raise InvalidInput(f"{given} does not exist; check the path.")
        if given.is_dir():
            folders.append(given)
        else:
            files.append(FileToIngest(given, given.name, from_folder=False))
    return folders, files


def _ingest_once(
    parts: Parts, folders: list[Path], files: list[FileToIngest], rule: FolderRule, mode: Mode
) -> tuple[list[IngestedFile], bool]:
    """Bring documents in line with files and folders once; how each file ended, and whether all could be looked at."""
    listings = [list_folder(folder, rule) for folder in folders]
    for listing in listings:
        for problem in listing.problems:
            messages.print(f"[red]error:[/red] {problem}")
        _warn_of_unknown_readers(parts, sorted({r for file in listing.files for r in file.rule.readers or ()}))
    plans = []
    for listing in listings:
        with parts.database.read() as session:
            plan = plan_sync(session, listing)
        if mode.removes and not mode.confirmed and not mode.dry_run:
            refuse_suspicious(plan, listing)
        plans.append(plan)
    clean = not any(listing.problems for listing in listings)
    if mode.dry_run:
        _print_plans(plans, files, mode)
        return [], clean
    n_removed = sum(_apply(parts, plan, mode) for plan in plans)
    wanted = [
        *(replace(file, rule=rule) for file in files),
        *(folder_file(file) for plan in plans for file in plan.read),
    ]
    ended = [kept_file(known, file) for plan in plans for known, file in (*plan.unchanged, *plan.settle)]
    for file in ended:
        print_file(file, as_json=mode.as_json)
    ended += ingest_files(parts, wanted, as_json=mode.as_json)
    print_summary(ended, rule.readers, n_removed if mode.removes else None, as_json=mode.as_json)
    return ended, clean


def _apply(parts: Parts, plan: SyncPlan, mode: Mode) -> int:
    """Do what needs no reading: rules that changed, and removals; returns how many documents were removed."""
    for known, file in plan.settle:
        with parts.database.write() as session:
            settle_rule(session, known.document_id, file.rule)
    if not mode.removes or not plan.remove:
        return 0
    with parts.database.write() as session:
        remove_gone(session, plan.remove)
    delete_unreferenced_originals(parts.database, parts.originals)
    return len(plan.remove)


def _print_plans(plans: list[SyncPlan], files: list[FileToIngest], mode: Mode) -> None:
    """Say what would be done."""
    rows = [("read", str(file.path)) for file in files]
    for plan in plans:
        rows += [("read", str(file.shown)) for file in plan.read]
        rows += [("change who may read or where it belongs", str(file.path)) for _, file in plan.settle]
        rows += [("remove", known.source) for known in plan.remove if mode.removes]
    n_unchanged = sum(len(plan.unchanged) for plan in plans)
    for action, path in rows:
        if mode.as_json:
            print_json({"would": action, "path": path})
        else:
            out.print(f"would {action}: {path}")
    if mode.as_json:
        print_json({"summary": True, "actions": len(rows), "unchanged": n_unchanged})
    else:
        out.print(f"{len(rows)} actions, {n_unchanged} files unchanged. Nothing was done.")


def _watch(parts: Parts, folders: list[Path], rule: FolderRule, mode: Mode) -> None:
    """Sync whenever the folders change, until SIGTERM or Ctrl+C; what happened while this was off was synced before."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    messages.print("Watching for changes (stop it with Ctrl+C)")
    changes = watchfiles.watch(
        *folders,
        watch_filter=None,  # rule and ignore files are hidden files
        debounce=DEBOUNCE_MS,
        rust_timeout=RESYNC_MS,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    for _ in changes:
        try:
            if _has_changed(parts, folders, rule):
                _ingest_once(parts, folders, [], rule, mode)
        except InvalidInput as error:
            messages.print(f"[red]error:[/red] {error}")


def _has_changed(parts: Parts, folders: list[Path], rule: FolderRule) -> bool:
    """Whether a sync would do anything. Raises InvalidInput when a folder is gone."""
    plans = []
    for folder in folders:
        listing = list_folder(folder, rule)
        with parts.database.read() as session:
            plans.append(plan_sync(session, listing, retry_failed=False))
    return any(plan.read or plan.settle or plan.remove for plan in plans)


def _warn_of_unknown_readers(parts: Parts, readers: list[str] | None) -> None:
    """A reader that is nobody yet is allowed, but most often a typing error."""
    for reader in readers or []:
        try:
            with parts.database.read() as session:
                known_readers(session, clean_readers([reader]))
        except InvalidInput as unknown:
            clean_readers([reader])
            messages.print(f"[yellow]warning:[/yellow] {unknown}")
