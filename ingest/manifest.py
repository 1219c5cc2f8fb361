"""Folders published whole: a manifest with every file's SHA-256, put in place by one rename."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from ingest.errors import IndexDamaged

MANIFEST_NAME = "MANIFEST"

Facts = dict[str, str | int | float]


def publish_folder(prepared: Path, destination: Path, facts: Mapping[str, str | int | float]) -> None:
    """Write the manifest of `prepared`, bring everything to disk, and rename it to `destination`.

    `facts` is what a reader must know to trust the content (model, sequence number, counts). Both folders must be on
    one file system. Raises `OSError` if `destination` exists and is not empty.
    """
    files = {path.relative_to(prepared).as_posix(): _describe(path) for path in _files(prepared)}
    body = json.dumps({"facts": dict(facts), "files": files}, sort_keys=True).encode()
    with (prepared / MANIFEST_NAME).open("xb") as manifest:
        manifest.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    for path in [*prepared.rglob("*"), prepared]:
        sync(path)
    prepared.rename(destination)
    sync(destination.parent)


def read_facts(folder: Path) -> Facts:
    """The facts of a published folder, by its manifest alone; raises `IndexDamaged` if the manifest is not whole."""
    return _read_manifest(folder)[0]


def verify_folder(folder: Path) -> Facts:
    """The facts of a published folder whose every file is as it was written.

    Raises `IndexDamaged` naming the first file that is missing, extra, or different. Files that vanish while they are
    read (another process removed the folder) count as missing.
    """
    facts, files = _read_manifest(folder)
    try:
        present = {path.relative_to(folder).as_posix() for path in _files(folder)} - {MANIFEST_NAME}
        if odd := sorted(present.symmetric_difference(files)):
            raise IndexDamaged(f"{folder.name}: {odd[0]} is missing or does not belong there; it cannot be used.")
        for name, expected in files.items():
            if _describe(folder / name) != expected:
                raise IndexDamaged(f"{folder.name}: {name} differs from its manifest; it cannot be used.")
    except OSError as error:
        raise IndexDamaged(f"{folder.name}: cannot be read ({error.strerror}); it cannot be used.") from error
    return facts


def _read_manifest(folder: Path) -> tuple[Facts, dict[str, str]]:
    try:
        checksum, _, body = (folder / MANIFEST_NAME).read_bytes().partition(b"\n")
    except OSError as error:
        raise IndexDamaged(f"{folder.name}: no readable manifest ({error.strerror}); it cannot be used.") from error
    if checksum != hashlib.sha256(body).hexdigest().encode():
        raise IndexDamaged(f"{folder.name}: the manifest is damaged; it cannot be used.")
    manifest = json.loads(body)
    return manifest["facts"], manifest["files"]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _describe(path: Path) -> str:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"{file.tell()}:{digest}"


def sync(path: Path) -> None:
    """Bring a file's content, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
