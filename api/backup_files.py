"""What a backup is on disk: a folder of generations that share their originals, or one generation in a tar file.

BACKUP/backups/20261122T031500123456Z/MANIFEST        facts, and the SHA-256 of the two files below
BACKUP/backups/20261122T031500123456Z/footnote.db     every row, as SQLite, whatever the database runs on
BACKUP/backups/20261122T031500123456Z/originals.tsv   SHA-256 and size of every original it needs
BACKUP/originals/ab/ab12…                             the originals, each once, under their SHA-256
"""

import hashlib
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.errors import BackupDamaged
from api.table_copy import Progress
from ingest.errors import IndexDamaged, InvalidInput
from ingest.manifest import Facts, read_facts, verify_folder

GENERATIONS = "backups"
ROWS_FILE = "footnote.db"
ORIGINALS_FILE = "originals.tsv"
UNFINISHED = ".unfinished-"
FORMAT = 1
TAR_MODES = {".tar": "", ".tgz": "gz", ".gz": "gz"}


@dataclass(frozen=True)
class Generation:
    """One finished backup in a folder of backups."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        """Where its own files are."""
        return self.root / GENERATIONS / self.name

    @property
    def rows(self) -> Path:
        """Its rows, a SQLite file that must not be changed."""
        return self.folder / ROWS_FILE

    def original(self, sha256: str) -> Path:
        """Where an original is kept."""
        return original_path(self.root, sha256)

    def originals(self) -> dict[str, int]:
        """Hash and size of every original that it needs."""
        lines = (self.folder / ORIGINALS_FILE).read_text(encoding="ascii").splitlines()
        return {sha256: int(size) for sha256, _, size in (line.partition("\t") for line in lines)}

    def facts(self) -> Facts:
        """What its manifest says. Raises BackupDamaged if that is not whole."""
        try:
            return read_facts(self.folder)
        except IndexDamaged as damage:
            raise _damaged(damage) from damage


def original_path(root: Path, sha256: str) -> Path:
    """Where a folder of backups keeps an original."""
    return root / "originals" / sha256[:2] / sha256


def is_tar(path: Path) -> bool:
    """Whether a backup of this name is one tar file, by its ending."""
    return path.suffix in TAR_MODES


def generations(root: Path) -> list[Generation]:
    """The finished backups of a folder, newest first."""
    folder = root / GENERATIONS
    names = [path.name for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []
    return [Generation(root, name) for name in sorted(names, reverse=True)]


@contextmanager
def opened_backup(path: Path, scratch: Path | None = None) -> Iterator[list[Generation]]:
    """The generations of a folder of backups or of a tar file, newest first; a tar file is unpacked in `scratch`.

    Raises:
        InvalidInput: there is no backup at `path`.
        BackupDamaged: the tar file cannot be read.
    """
    if path.is_file():
        with tempfile.TemporaryDirectory(prefix="backup-", dir=scratch) as unpacked:
            try:
                with tarfile.open(path) as tar:
                    tar.extractall(unpacked, filter="data")
            except (tarfile.TarError, EOFError, OSError) as error:
                raise BackupDamaged(f"{path.name}: cannot be read to its end ({error}); use another backup.") from error
            yield _present(Path(unpacked), path)
    else:
        yield _present(path, path)


def _present(root: Path, shown: Path) -> list[Generation]:
    found = generations(root)
    if not found:
        raise InvalidInput(f"{shown} holds no backup; name the folder or file that `footnote backup` wrote.")
    return found


def verify_generation(generation: Generation, progress: Progress) -> Facts:
    """The facts of a backup whose every byte is as it was written, originals included.

    Raises:
        BackupDamaged: names the first file that is missing or differs.
    """
    facts = verify_rows(generation)
    originals = generation.originals()
    for n_done, (sha256, size) in enumerate(originals.items(), start=1):
        _verify_original(generation, sha256, size)
        progress("checking originals", n_done, len(originals))
    return facts


def verify_rows(generation: Generation) -> Facts:
    """The facts of a backup whose rows and list of originals are as they were written. Raises BackupDamaged."""
    try:
        facts = verify_folder(generation.folder)
    except IndexDamaged as damage:
        raise _damaged(damage) from damage
    if facts.get("format") != FORMAT:
        raise BackupDamaged(f"{generation.name}: was written by another version of Footnote; restore it with that one.")
    return facts


def _verify_original(generation: Generation, sha256: str, size: int) -> None:
    path = generation.original(sha256)
    try:
        with path.open("rb") as file:
            whole = path.stat().st_size == size and hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError as error:
        raise BackupDamaged(
            f"{generation.name}: the original {sha256} cannot be read ({error.strerror}); use another backup."
        ) from error
    if not whole:
        raise BackupDamaged(f"{generation.name}: the original {sha256} is damaged; use another backup.")


def _damaged(damage: IndexDamaged) -> BackupDamaged:
    return BackupDamaged(f"{str(damage).removesuffix('.')}; use another backup.")


def deleted_documents(rows: Path) -> set[str]:
    """Ids of the documents that were deleted before a backup was made: the change log names them, and nothing else."""
    query = "SELECT DISTINCT document_id FROM change WHERE document_id NOT IN (SELECT id FROM document)"
    with closing(sqlite3.connect(f"{rows.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return {row[0] for row in connection.execute(query)}


def prune(root: Path, keep: int) -> None:
    """Remove all but the newest `keep` generations, and the originals that none of those needs."""
    found = generations(root)
    for old in found[keep:]:
        shutil.rmtree(old.folder)
    needed = {sha256 for kept in found[:keep] for sha256 in kept.originals()}
    for path in (root / "originals").glob("*/*"):
        if path.name not in needed:
            path.unlink()


def pack(generation: Generation, destination: Path) -> None:
    """Write a generation with its originals as a tar file, put in place by one rename."""
    mode = TAR_MODES[destination.suffix]
    unfinished = destination.with_name(UNFINISHED + destination.name)
    try:
        with tarfile.open(unfinished, f"w:{mode}") as tar:  # type: ignore[call-overload]
            tar.add(generation.folder, f"{GENERATIONS}/{generation.name}")
            for sha256 in generation.originals():
                path = generation.original(sha256)
                tar.add(path, path.relative_to(generation.root))
        unfinished.chmod(0o600)
        unfinished.replace(destination)
    finally:
        unfinished.unlink(missing_ok=True)
