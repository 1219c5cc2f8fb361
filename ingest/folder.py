"""The files of a folder that are to be read: ignore patterns, and rules about readers that narrower folders refine.

`.footnoteignore` has patterns in gitignore syntax. `.footnote.toml` may have `readers = ["group:hr"]`, `collection =
"hr"` and a table `[metadata]`. Both hold for their folder and all below it.
"""

import contextlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from ingest.documents import DEFAULT_COLLECTION, clean_collection, clean_readers
from ingest.errors import InvalidInput
from ingest.metadata import clean_metadata

IGNORE_FILE = ".footnoteignore"
RULE_FILE = ".footnote.toml"
IGNORED_ALWAYS = (".*", "~$*", "*~", "*.tmp", "*.part", "*.crdownload", "Thumbs.db", "desktop.ini")
IGNORED_FOLDERS = ("node_modules/", "__pycache__/", "lost+found/", "$RECYCLE.BIN/", "System Volume Information/")
MAX_RULE_BYTES = 100_000


@dataclass(frozen=True)
class FolderRule:
    """Where a file belongs, who may read it and what is said of it; None where readers or metadata are left alone."""

    readers: frozenset[str] | None = None
    collection: str = DEFAULT_COLLECTION
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True)
class FolderFile:
    """A file to read: where it is, its path below the folder, its rule, and a stamp that changes when it does.

    `shown` is its path by way of the folder as it was given, which may be relative or a link.
    """

    path: Path
    shown: Path
    relative: str
    rule: FolderRule
    stamp: str


@dataclass(frozen=True)
class FolderListing:
    """The files of a folder by path; `problems` are sentences, `closed` the folders below which nothing is known."""

    root: Path
    files: tuple[FolderFile, ...]
    problems: tuple[str, ...]
    closed: tuple[Path, ...]

    def is_closed(self, source: str) -> bool:
        """Whether a path lies in a folder that could not be looked into, so that its absence says nothing."""
        return any(Path(source).is_relative_to(folder) for folder in self.closed)


@dataclass(frozen=True)
class _Folder:
    """A folder on the way down: the patterns and the rule that hold in it."""

    path: Path
    specs: tuple[tuple[Path, GitIgnoreSpec], ...]
    rule: FolderRule


def list_folder(root: Path, rule: FolderRule | None = None) -> FolderListing:
    """List what is to be read below a folder. Links are left out where they lead out of it.

    `rule` holds where no rule file of the folder says otherwise.
    A folder that cannot be looked into, or whose ignore or rule file cannot be understood, is closed: none of its
    files is listed, because nobody knows who may read them.

    Raises:
        InvalidInput: there is no such folder.
    """
    given, root = root, root.resolve()
    if not root.is_dir():
        raise InvalidInput(f"{root} is no folder; check the path, and that its disk is mounted.")
    files: list[FolderFile] = []
    problems: list[str] = []
    closed: list[Path] = []
    default = (root, GitIgnoreSpec.from_lines([*IGNORED_ALWAYS, *IGNORED_FOLDERS]))
    waiting = [_Folder(root, (default,), rule or FolderRule())]
    while waiting:
        above = waiting.pop()
        try:
            own, below = _look_into(above, root)
        except (OSError, InvalidInput) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problems.append(f"{above.path}: nothing below it is read ({reason}).")
            closed.append(above.path)
            continue
        files += [replace(file, shown=given / file.relative) for file in own]
        waiting += below
    return FolderListing(root, tuple(sorted(files, key=lambda file: file.relative)), tuple(problems), tuple(closed))


def _look_into(above: _Folder, root: Path) -> tuple[list[FolderFile], list[_Folder]]:
    """The files of a folder, and the folders in it. Raises OSError or InvalidInput when it cannot be looked into."""
    folder = _enter(above)
    files: list[FolderFile] = []
    below: list[_Folder] = []
    for entry in sorted(os.scandir(folder.path), key=lambda entry: entry.name):
        path = folder.path / entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if _is_ignored(folder, path, is_folder=is_folder):
            continue
        if is_folder:
            below.append(_Folder(path, folder.specs, folder.rule))
            continue
        with contextlib.suppress(FileNotFoundError):  # it has gone meanwhile
            if _is_readable_file(root, path):
                relative = path.relative_to(root).as_posix()
                files.append(FolderFile(path, path, relative, folder.rule, file_stamp(path)))
    return files, below


def file_stamp(path: Path) -> str:
    """Size and times of a file: as long as they are equal, its content is."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _is_readable_file(root: Path, path: Path) -> bool:
    return path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(root))


def _enter(folder: _Folder) -> _Folder:
    """A folder with its own ignore and rule files. Raises OSError or InvalidInput when they cannot be used."""
    specs, rule = folder.specs, folder.rule
    ignore, rules = folder.path / IGNORE_FILE, folder.path / RULE_FILE
    if os.path.lexists(ignore):
        specs = (*specs, (folder.path, GitIgnoreSpec.from_lines(_read_small(ignore).splitlines())))
    if os.path.lexists(rules):
        rule = _refine(rule, rules)
    return replace(folder, specs=specs, rule=rule)


def _is_ignored(folder: _Folder, path: Path, *, is_folder: bool) -> bool:
    """Whether the last pattern that matches, the deepest file's first, leaves the path out."""
    for base, spec in reversed(folder.specs):
        relative = path.relative_to(base).as_posix() + ("/" if is_folder else "")
        included = spec.check_file(relative).include
        if included is not None:
            return included
    return False


def _refine(rule: FolderRule, path: Path) -> FolderRule:
    """A rule with what a narrower folder's file says. Raises InvalidInput when the file cannot be understood."""
    try:
        said: dict[str, Any] = tomllib.loads(_read_small(path))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path.name} is no TOML: {error}") from error
    unknown = set(said) - {"readers", "collection", "metadata"}
    if unknown:
        raise InvalidInput(f"{path.name} says {', '.join(sorted(unknown))}; it may say readers, collection, metadata")
    readers, collection, metadata = said.get("readers"), said.get("collection"), said.get("metadata")
    if readers is not None and not _are_texts(readers, list):
        raise InvalidInput(f'{path.name}: readers must be a list such as ["group:hr"]')
    if collection is not None and not isinstance(collection, str):
        raise InvalidInput(f"{path.name}: collection must be a text")
    if metadata is not None and not _are_texts(metadata, dict):
        raise InvalidInput(f"{path.name}: metadata must be a table of texts")
    return FolderRule(
        readers=rule.readers if readers is None else clean_readers(readers),
        collection=rule.collection if collection is None else clean_collection(collection),
        metadata=rule.metadata if metadata is None else {**(rule.metadata or {}), **clean_metadata(metadata)},
    )


def _are_texts(value: object, kind: type[list[str]] | type[dict[str, str]]) -> bool:
    if not isinstance(value, kind):
        return False
    return all(isinstance(text, str) for text in (value.values() if isinstance(value, dict) else value))


def _read_small(path: Path) -> str:
    """The text of an ignore or rule file. Raises OSError, or InvalidInput when it is none or too long."""
    with path.open("rb") as file:
        content = file.read(MAX_RULE_BYTES + 1)
    if len(content) > MAX_RULE_BYTES:
        raise InvalidInput(f"{path.name} is larger than {MAX_RULE_BYTES} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is no UTF-8 text") from error
