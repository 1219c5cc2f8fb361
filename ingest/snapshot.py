"""Index snapshots on disk: published whole, verified before they are loaded, the newest few kept."""

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingest.device import Device
from ingest.document_table import DocumentEntry, DocumentTable
from ingest.errors import IndexDamaged
from ingest.file_lock import locked
from ingest.keyword_index import KEYWORD_FORMAT, KeywordIndex
from ingest.manifest import Facts, publish_folder, read_facts, verify_folder
from ingest.replica_view import ReplicaView
from ingest.vector_index import VECTOR_FORMAT, load_vectors

KEPT_SNAPSHOTS = 2
KEYWORDS_FOLDER = "keywords"
WRITER_LOCK = "writer.lock"
_ROWS_FILE = "row_keys.npz"
_DOCUMENTS_FILE = "documents.json"
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class IndexIdentity:
    """What a snapshot must have been written for to be of use."""

    model_id: str
    dimension: int
    keyword_format: int = KEYWORD_FORMAT
    vector_format: int = VECTOR_FORMAT


def list_snapshots(folder: Path) -> list[Path]:
    """Published snapshots, newest first; their names are their generation."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if path.name.isdigit()), key=lambda p: int(p.name), reverse=True)


def snapshots_of(folder: Path, model_id: str) -> list[Path]:
    """Published snapshots of one model, and those whose manifest does not tell of which they are; newest first."""
    return [path for path in list_snapshots(folder) if _model_of(path) in (model_id, None)]


def remove_snapshots(folder: Path, model_id: str) -> None:
    """Remove the snapshots of a model that nobody will search with again; waits for one that is being written."""
    if folder.is_dir():
        with locked(folder / WRITER_LOCK):
            for path in list_snapshots(folder):
                if _model_of(path) == model_id:
                    shutil.rmtree(path, ignore_errors=True)


def _model_of(snapshot: Path) -> str | None:
    try:
        return str(read_facts(snapshot)["model_id"])
    except IndexDamaged:
        return None


def prepare_snapshot(folder: Path, keywords: KeywordIndex) -> Path:
    """Begin a snapshot in `folder` with the keyword index's last commit; quick, so it may be done under a lock."""
    folder.mkdir(parents=True, exist_ok=True)
    prepared = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    (prepared / KEYWORDS_FOLDER).mkdir()
    keywords.link_to(prepared / KEYWORDS_FOLDER)
    return prepared


def finish_snapshot(prepared: Path, view: ReplicaView, identity: IndexIdentity, last_change: str) -> Path:
    """Write the view beside its keyword index and publish both as the next generation; the model's old ones go.

    The caller holds the lock of the snapshot folder. `last_change` describes the change numbered `view.seq`.
    """
    folder = prepared.parent
    np.savez(prepared / _ROWS_FILE, passage_ids=view.passage_ids, document_rows=view.document_rows, live=view.live)
    documents = [asdict(entry) | {"readers": sorted(entry.readers)} for entry in view.documents]
    (prepared / _DOCUMENTS_FILE).write_text(json.dumps(documents), encoding="utf-8")
    view.vectors.save(prepared)
    existing = list_snapshots(folder)
    generation = int(existing[0].name) + 1 if existing else 1
    destination = folder / f"{generation:012d}"
    facts: Facts = asdict(identity) | {
        "generation": generation,
        "seq": view.seq,
        "last_change": last_change,
        "count": len(view.passage_ids),
    }
    publish_folder(prepared, destination, facts)
    for path in [*snapshots_of(folder, identity.model_id)[KEPT_SNAPSHOTS:], *folder.glob(f"{_UNFINISHED}*")]:
        shutil.rmtree(path, ignore_errors=True)
    return destination


def newest_seq(folder: Path, identity: IndexIdentity) -> int | None:
    """The change number of the model's newest snapshot if it fits; by its manifest alone."""
    for path in snapshots_of(folder, identity.model_id)[:1]:
        try:
            facts = read_facts(path)
        except IndexDamaged:
            return None
        return int(facts["seq"]) if asdict(identity).items() <= facts.items() else None
    return None


def link_snapshot(snapshot: Path, private: Path) -> None:
    """Put a snapshot's files into an empty folder of this process, where nobody removes them.

    Raises:
        IndexDamaged: the snapshot vanished meanwhile.
    """
    try:
        shutil.copytree(snapshot, private, copy_function=_link_or_copy)
    except (OSError, shutil.Error) as error:
        raise IndexDamaged(f"{snapshot.name}: cannot be read; another one is used, or it is rebuilt.") from error


def check_snapshot(private: Path, identity: IndexIdentity, generation: int) -> Facts:
    """The facts of a linked snapshot in which every byte is as it was written, for this model and format.

    Raises:
        IndexDamaged: anything is in doubt.
    """
    facts = verify_folder(private)
    if facts["generation"] != generation or not asdict(identity).items() <= facts.items():
        raise IndexDamaged(f"Snapshot {generation} is of another generation, model or format; it must be rebuilt.")
    return facts


def load_snapshot(private: Path, facts: Facts, keywords: KeywordIndex, device: Device | None = None) -> ReplicaView:
    """The view that a checked snapshot holds; `keywords` is open on its keyword folder, `device` holds the vectors."""
    documents = json.loads((private / _DOCUMENTS_FILE).read_text(encoding="utf-8"))
    with np.load(private / _ROWS_FILE) as rows:
        return ReplicaView(
            seq=int(facts["seq"]),
            passage_ids=rows["passage_ids"],
            document_rows=rows["document_rows"],
            live=rows["live"],
            documents=DocumentTable(_entry(**entry) for entry in documents),
            vectors=load_vectors(private, device),
            keywords=keywords.reader(),
        )


def _entry(*, readers: list[str], **rest: Any) -> DocumentEntry:
    """What `asdict` made of an entry, back again."""
    return DocumentEntry(readers=frozenset(readers), **rest)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target)  # a file system without hard links
