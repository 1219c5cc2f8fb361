"""The search indexes as a replica that follows the change log: open, catch up, snapshot, verify, rebuild."""

import logging
import os
import secrets
import shutil
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy.orm import Session

from ingest.catch_up import empty_view, next_view
from ingest.database import head_seq
from ingest.device import Device
from ingest.errors import IndexDamaged, StorageBusy
from ingest.file_lock import locked, take_lock
from ingest.index_report import IndexReport, compare_with_sql
from ingest.keyword_index import KeywordIndex
from ingest.published import changed_documents, describe_change, erased_between, published_ids, read_published
from ingest.replica_view import ReplicaView
from ingest.snapshot import (
    KEYWORDS_FOLDER,
    WRITER_LOCK,
    IndexIdentity,
    check_snapshot,
    finish_snapshot,
    link_snapshot,
    list_snapshots,
    load_snapshot,
    newest_seq,
    prepare_snapshot,
    snapshots_of,
)
from ingest.tidy import TidyVectors, on_disk, tidy, with_tidy_vectors

logger = logging.getLogger(__name__)

VERIFY_ATTEMPTS = 3
REBUILD_THREADS = 2


@dataclass(frozen=True)
class ReplicaStats:
    """Sizes of a replica; `generation` is that of the newest snapshot on disk, 0 if there is none.

    `vector_index` says how vectors are searched, `degraded` by a name what is wrong with it, None if all is well.
    """

    seq: int
    n_documents: int
    n_passages: int
    n_vectors: int
    n_dead_rows: int
    generation: int
    vector_index: str
    degraded: str | None


class Replica:
    """Vector and keyword index of one process. Any number of processes may have one on the same folder.

    Nothing is trusted but a snapshot that matches its manifest; each process works on hard links of one, in a folder
    of its own, which goes when the replica is closed or nobody has it any more. Snapshots of several models may stand
    in one folder. All methods are safe in any thread; a session is used only during the call it is given to.
    """

    def __init__(self, folder: Path, model_id: str, dimension: int, device: Device | None = None) -> None:
        """Vectors are also kept on `device`, if there is one, and searched there."""
        self._snapshots = folder / "snapshots"
        self._live_root = folder / "live"
        self._identity = IndexIdentity(model_id, dimension)
        self._device = device
        self._lock = threading.RLock()
        self._view: ReplicaView | None = None
        self._keywords: KeywordIndex | None = None
        self._last_change = ""
        self._snapshot_needed = False
        self._has_traces = False
        self._live: Path | None = None
        self._release: weakref.finalize[..., Replica] | None = None

    @property
    def model_id(self) -> str:
        """The embedding model whose vectors it holds."""
        return self._identity.model_id

    def open(self, session: Session) -> None:
        """Load the newest snapshot that is beyond doubt, or build the indexes from SQL; then catch up."""
        with self._lock:
            self._claim_live_folder()
            for snapshot in snapshots_of(self._snapshots, self.model_id):
                try:
                    self._load(session, snapshot)
                except IndexDamaged as damage:
                    logger.warning("An index snapshot was not used: %s", damage)
                    self._snapshot_needed = True
                    continue
                self.catch_up(session)
                return
            self.rebuild(session)

    def view(self) -> ReplicaView:
        """The newest state, for one search; the replica must be open."""
        assert self._view is not None, "the replica is not open"
        return self._view

    def catch_up(self, session: Session) -> int:
        """Apply every change that `session` sees and that was not applied yet; returns the number of the last one."""
        head = head_seq(session)
        if head <= self.view().seq:
            return self.view().seq
        with self._lock:
            view, keywords = self.view(), self._open_keywords()
            if head <= view.seq:
                return view.seq
            touched = changed_documents(session, view.seq, head)
            self._has_traces |= erased_between(session, view.seq, head)
            self._advance(session, view, keywords, touched, head)
            return head

    def forget(self, session: Session) -> bool:
        """Build the indexes anew if their files still hold an erased document; returns whether they did.

        Searches stopped finding it when they caught up; what is dead in an index stays in its files until then.
        """
        if not self._has_traces:
            return False
        self.rebuild(session)
        return True

    def rebuild(self, session: Session) -> None:
        """Build both indexes anew from SQL; searches go on with the old state meanwhile."""
        with self._lock:
            folder = self._new_folder()
            head = head_seq(session)
            bulk = KeywordIndex(folder / KEYWORDS_FOLDER, REBUILD_THREADS)
            before = empty_view(self._identity.dimension, bulk.reader(), self._device)
            self._advance(session, before, bulk, published_ids(session), head)
            bulk.close()
            self._replace_keywords(KeywordIndex(folder / KEYWORDS_FOLDER))
            self._has_traces = False
            logger.info("Rebuilt the indexes from SQL: %d passages at change %d", len(self.view().passage_ids), head)

    def snapshot(self) -> None:
        """Publish the current state on disk, unless the newest snapshot has it already, or it must `forget` first.

        Before that the vectors are tidied up, which may take a while; searches and changes go on.

        Raises:
            StorageBusy: another process is writing one.
        """
        self._snapshots.mkdir(parents=True, exist_ok=True)
        with locked(self._snapshots / WRITER_LOCK, wait=False):
            self._take_over(tidy(self.view()))
            with self._lock:
                if self._has_traces:
                    return
                view, last_change = self.view(), self._last_change
                if newest_seq(self._snapshots, self._identity) == view.seq and not self._snapshot_needed:
                    return
                prepared = prepare_snapshot(self._snapshots, self._open_keywords())
            try:
                published = finish_snapshot(prepared, view, self._identity, last_change)
                self._snapshot_needed = False
                self._take_over(on_disk(view, published))
            finally:
                shutil.rmtree(prepared, ignore_errors=True)

    def _take_over(self, tidied: TidyVectors | None) -> None:
        """Search in tidy vectors from now on."""
        if tidied is not None:
            with self._lock:
                self._view = with_tidy_vectors(self.view(), tidied)

    def verify(self, session: Session) -> IndexReport:
        """Compare both indexes with SQL, passage by passage, after catching up."""
        for _ in range(VERIFY_ATTEMPTS):
            self.catch_up(session)
            view = self.view()
            report = compare_with_sql(session, view, self._identity.model_id)
            if head_seq(session) == view.seq:
                break  # nothing was published while we compared
        return report

    def stats(self) -> ReplicaStats:
        """Sizes, for people who look after the system."""
        view = self.view()
        snapshots = snapshots_of(self._snapshots, self.model_id)
        return ReplicaStats(
            seq=view.seq,
            n_documents=view.documents.n_published,
            n_passages=view.keywords.n_passages,
            n_vectors=len(view.live) - view.n_dead,
            n_dead_rows=view.n_dead,
            generation=int(snapshots[0].name) if snapshots else 0,
            vector_index=view.vectors.description,
            degraded=view.vectors.degraded,
        )

    def close(self) -> None:
        """Let go of this process's folder. Views that are in use stay usable."""
        with self._lock:
            if self._keywords is not None:
                self._keywords.close()
                self._keywords = None
            if self._release is not None:
                self._release()
                self._release = self._live = None

    def _advance(
        self, session: Session, view: ReplicaView, keywords: KeywordIndex, touched: list[str], head: int
    ) -> None:
        """Make the state at `head` the current one; if that fails nothing has changed."""
        published = read_published(session, touched, self._identity.model_id, self._identity.dimension)
        try:
            following = next_view(view, keywords, touched, published, head)
        except BaseException:
            keywords.rollback()
            raise
        self._last_change = describe_change(session, head)
        self._view = following

    def _load(self, session: Session, snapshot: Path) -> None:
        folder = self._new_folder()
        link_snapshot(snapshot, folder)
        facts = check_snapshot(folder, self._identity, generation=int(snapshot.name))
        seq, last_change = int(facts["seq"]), str(facts["last_change"])
        if seq > head_seq(session) or describe_change(session, seq) != last_change:
            raise IndexDamaged(f"Snapshot {snapshot.name} does not belong to this database's history.")
        keywords = KeywordIndex(folder / KEYWORDS_FOLDER)
        self._view = load_snapshot(folder, facts, keywords, self._device)
        self._last_change = last_change
        self._replace_keywords(keywords)

    def _open_keywords(self) -> KeywordIndex:
        assert self._keywords is not None, "the replica is not open"
        return self._keywords

    def _replace_keywords(self, keywords: KeywordIndex) -> None:
        """Work on another keyword index; the folders of earlier ones are removed, open views keep their files."""
        if self._keywords is not None:
            self._keywords.close()
        self._keywords = keywords
        for folder in self._live_folder().iterdir():
            if folder != keywords.folder.parent:
                shutil.rmtree(folder, ignore_errors=True)

    def _new_folder(self) -> Path:
        return self._live_folder() / secrets.token_hex(4)

    def _live_folder(self) -> Path:
        assert self._live is not None, "the replica is not open"
        return self._live

    def _claim_live_folder(self) -> None:
        """Make a folder of this process's own, and remove those whose process has ended."""
        if self._live is not None:
            return
        self._live_root.mkdir(parents=True, exist_ok=True)
        live = self._live_root / f"{os.getpid()}-{secrets.token_hex(4)}"
        with locked(self._live_root / "claims.lock"):
            for stale in [path for path in self._live_root.iterdir() if path.is_dir()]:
                _remove_if_abandoned(stale)
            lock = take_lock(_lock_path(live), wait=False)
            live.mkdir()
            self._live = live
            self._release = weakref.finalize(self, _remove_live_folder, live, lock)


def _remove_live_folder(live: Path, lock: IO[str]) -> None:
    """Remove a replica's own folder: when it is closed, or when nobody has the replica any more."""
    shutil.rmtree(live, ignore_errors=True)
    _lock_path(live).unlink(missing_ok=True)
    lock.close()


def live_indexes(folder: Path) -> dict[str, Path]:
    """The folders of index files that processes hold now, by the name of the process's own folder."""
    return {f"{path.parent.name}/{path.name}": path for path in (folder / "live").glob("*/*") if path.is_dir()}


def clear_indexes(folder: Path) -> int:
    """Delete every snapshot and what ended processes left; returns the number of snapshots.

    Waits for a snapshot that is being written. The indexes are built from SQL again when they are next needed.
    """
    snapshots, live = folder / "snapshots", folder / "live"
    n_deleted = 0
    if snapshots.is_dir():
        with locked(snapshots / WRITER_LOCK):
            n_deleted = len(list_snapshots(snapshots))
            for path in [path for path in snapshots.iterdir() if path.is_dir()]:
                shutil.rmtree(path, ignore_errors=True)
    if live.is_dir():
        with locked(live / "claims.lock"):
            for path in [path for path in live.iterdir() if path.is_dir()]:
                _remove_if_abandoned(path)
    return n_deleted


def _remove_if_abandoned(live: Path) -> None:
    """Remove the folder of a process that has ended."""
    try:
        with locked(_lock_path(live), wait=False):
            shutil.rmtree(live, ignore_errors=True)
            _lock_path(live).unlink(missing_ok=True)
    except StorageBusy:
        pass  # its process is at work


def _lock_path(live: Path) -> Path:
    return live.with_name(f"{live.name}.lock")
