"""Snapshots: only what is exactly as it was written is loaded; on any doubt the indexes are built anew."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, update

from ingest.database import Change, ChangeHead
from ingest.errors import IndexDamaged, StorageBusy
from ingest.file_lock import locked
from ingest.manifest import MANIFEST_NAME, publish_folder, verify_folder
from ingest.replica import Replica
from ingest.snapshot import KEPT_SNAPSHOTS, list_snapshots, remove_snapshots
from tests.ingest.published_library import DIMENSION, MODEL, PublishedLibrary

N_DAMAGES = 90
PAGE = 4096

Damage = Callable[[Path, random.Random], None]


def flip_bits(file: Path, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def truncate(file: Path, chance: random.Random) -> None:
    os.truncate(file, chance.randrange(file.stat().st_size))


def scramble_page(file: Path, chance: random.Random) -> None:
    """Overwrite a page, or what there is of it, with bytes that are surely others."""
    content = bytearray(file.read_bytes())
    start = chance.randrange(0, len(content), PAGE)
    content[start : start + PAGE] = bytes(byte ^ 0xFF for byte in content[start : start + PAGE])
    file.write_bytes(content)


def zero_page(file: Path, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    starts = [start for start in range(0, len(content), PAGE) if any(content[start : start + PAGE])]
    start = chance.choice(starts)
    content[start : start + PAGE] = bytes(len(content[start : start + PAGE]))
    file.write_bytes(content)


def extend(file: Path, _: random.Random) -> None:
    with file.open("ab") as appended:
        appended.write(b"\0")


def remove(file: Path, _: random.Random) -> None:
    file.unlink()


@pytest.fixture
def snapshot(library: PublishedLibrary, replica: Replica, index_folder: Path) -> Path:
    """The folder of one published snapshot, of a replica that is closed."""
    library.publish("leave.md", ["Vacation is fifteen days.", "Ask your manager."])
    library.publish("pay.md", ["Salaries are paid monthly."], readers={"group:finance"})
    library.catch_up(replica)
    replica.snapshot()
    replica.close()
    return list_snapshots(index_folder / "snapshots")[0]


def opened_from_disk(library: PublishedLibrary, replica: Replica, caplog: pytest.LogCaptureFixture) -> bool:
    """Whether a replica opens without building its indexes from SQL; they must equal SQL in any case."""
    caplog.clear()
    with caplog.at_level("INFO"), library.database.read() as session:
        replica.open(session)
        assert replica.verify(session).matches
    replica.close()
    return not any("Rebuilt the indexes" in record.message for record in caplog.records)


@pytest.mark.usefixtures("snapshot")
def test_whole_snapshot_is_loaded(
    library: PublishedLibrary, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


@pytest.mark.usefixtures("snapshot")
def test_loaded_snapshot_catches_up(
    library: PublishedLibrary, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library.publish("new.md", ["Parking is free."])
    assert opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


@pytest.mark.parametrize("seed", range(N_DAMAGES))
def test_damaged_snapshot_is_refused(seed: int, pristine_snapshot: Path, tmp_path: Path) -> None:
    chance = random.Random(seed)
    damaged = tmp_path / pristine_snapshot.name
    shutil.copytree(pristine_snapshot, damaged)
    file = chance.choice(sorted(path for path in damaged.rglob("*") if path.is_file() and path.stat().st_size))
    damage = chance.choice([flip_bits, truncate, scramble_page, zero_page, extend, remove])
    damage(file, chance)
    with pytest.raises(IndexDamaged):
        verify_folder(damaged)


@pytest.fixture(scope="module")
def pristine_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published folder of files like those of a snapshot."""
    folder = tmp_path_factory.mktemp("published")
    prepared = folder / "prepared"
    (prepared / "keywords").mkdir(parents=True)
    values = np.random.default_rng(0)
    np.save(prepared / "rows.npy", values.standard_normal((500, DIMENSION)).astype(np.float16))
    np.savez(prepared / "row_keys.npz", passage_ids=np.arange(500))
    (prepared / "documents.json").write_text('[{"id": "a", "readers": ["everyone"]}]')
    (prepared / "keywords" / "segment.pos").write_bytes(values.bytes(20_000))
    publish_folder(prepared, folder / "000000000001", {"seq": 7, "model_id": MODEL})
    return folder / "000000000001"


@pytest.mark.parametrize("damage", [flip_bits, truncate, zero_page, remove])
@pytest.mark.parametrize("name", [MANIFEST_NAME, "rows.npy", "row_keys.npz", "documents.json", "keywords/meta.json"])
def test_damage_leads_to_a_rebuild_before_the_first_query(
    damage: Damage,
    name: str,
    library: PublishedLibrary,
    snapshot: Path,
    index_folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    damage(snapshot / name, random.Random(0))
    assert not opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


def test_snapshot_after_damage_is_written_even_if_nothing_changed(
    library: PublishedLibrary, snapshot: Path, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    truncate(snapshot / "rows.npy", random.Random(0))
    replica = library.open(Replica(index_folder, MODEL, DIMENSION))
    replica.snapshot()
    replica.close()
    assert opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


@pytest.mark.usefixtures("snapshot")
def test_snapshot_of_another_dimension_is_not_loaded(
    library: PublishedLibrary, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    replica = Replica(index_folder, MODEL, 16)
    with caplog.at_level("WARNING"):
        library.open(replica)
    assert "another generation, model or format" in caplog.text
    assert len(replica.view().passage_ids) == 0
    replica.close()


def test_snapshots_of_two_models_stand_side_by_side(
    library: PublishedLibrary, snapshot: Path, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = library.open(Replica(index_folder, "other:1", DIMENSION))
    for i in range(KEPT_SNAPSHOTS + 1):
        library.publish(f"{i}.md", [f"Text number {i}."])
        library.catch_up(other)
        other.snapshot()
    assert len(other.view().passage_ids) == 0
    other.close()
    assert snapshot in list_snapshots(index_folder / "snapshots")
    assert opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


def test_snapshots_of_a_dropped_model_are_removed(
    library: PublishedLibrary, snapshot: Path, index_folder: Path
) -> None:
    other = library.open(Replica(index_folder, "other:1", DIMENSION))
    other.snapshot()
    other.close()
    remove_snapshots(index_folder / "snapshots", "other:1")
    assert list_snapshots(index_folder / "snapshots") == [snapshot]


def test_folder_of_a_replica_that_nobody_has_is_removed(
    library: PublishedLibrary, replica: Replica, index_folder: Path
) -> None:
    other = library.open(Replica(index_folder, MODEL, DIMENSION))
    assert len([path for path in (index_folder / "live").iterdir() if path.is_dir()]) == 2
    view = other.view()
    del other
    assert len([path for path in (index_folder / "live").iterdir() if path.is_dir()]) == 1
    assert len(view.passage_ids) == 0


def test_old_snapshot_under_a_newer_name_is_not_loaded(
    library: PublishedLibrary, snapshot: Path, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    snapshot.rename(snapshot.with_name("000000000009"))
    assert not opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


@pytest.mark.usefixtures("snapshot")
def test_snapshot_ahead_of_a_restored_database_is_not_loaded(
    library: PublishedLibrary, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with library.database.write() as session:
        session.execute(delete(Change).where(Change.seq == 2))
        session.execute(update(ChangeHead).values(seq=1))
    assert not opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


@pytest.mark.usefixtures("snapshot")
def test_snapshot_of_another_history_is_not_loaded(
    library: PublishedLibrary, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with library.database.write() as session:
        session.execute(update(Change).where(Change.seq == 2).values(document_id="f" * 32))
    assert not opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


def test_older_snapshot_is_used_when_the_newest_is_damaged(
    library: PublishedLibrary, snapshot: Path, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library.publish("new.md", ["Parking is free."])
    replica = library.open(Replica(index_folder, MODEL, DIMENSION))
    replica.snapshot()
    replica.close()
    newest = list_snapshots(snapshot.parent)[0]
    assert newest != snapshot
    flip_bits(newest / "rows.npy", random.Random(0))
    assert opened_from_disk(library, Replica(index_folder, MODEL, DIMENSION), caplog)


def test_live_changes_leave_the_snapshot_as_it_was(
    library: PublishedLibrary, snapshot: Path, index_folder: Path
) -> None:
    replica = library.open(Replica(index_folder, MODEL, DIMENSION))
    for i in range(12):  # more commits than it takes to merge segments
        library.publish(f"{i}.md", [f"Text number {i}."])
        library.catch_up(replica)
    replica.close()
    assert verify_folder(snapshot)["seq"] == 2


def test_only_the_newest_snapshots_are_kept(library: PublishedLibrary, replica: Replica, index_folder: Path) -> None:
    for i in range(KEPT_SNAPSHOTS + 2):
        library.publish(f"{i}.md", [f"Text number {i}."])
        library.catch_up(replica)
        replica.snapshot()
    assert [path.name for path in list_snapshots(index_folder / "snapshots")] == ["000000000004", "000000000003"]


def test_unchanged_state_is_not_written_again(library: PublishedLibrary, replica: Replica, index_folder: Path) -> None:
    library.publish("a.md", ["one"])
    library.catch_up(replica)
    replica.snapshot()
    replica.snapshot()
    assert replica.stats().generation == 1


def test_second_writer_is_turned_away(library: PublishedLibrary, replica: Replica, index_folder: Path) -> None:
    library.publish("a.md", ["one"])
    library.catch_up(replica)
    (index_folder / "snapshots").mkdir(exist_ok=True)
    with locked(index_folder / "snapshots" / "writer.lock"), pytest.raises(StorageBusy):
        replica.snapshot()


def test_replicas_open_while_snapshots_come_and_go(
    library: PublishedLibrary, replica: Replica, index_folder: Path
) -> None:
    stop = threading.Event()

    def keep_publishing() -> None:
        for i in range(200):
            if stop.is_set():
                return
            library.publish(f"{i}.md", [f"Text number {i}."])
            library.catch_up(replica)
            replica.snapshot()

    writer = threading.Thread(target=keep_publishing)
    writer.start()
    for _ in range(15):
        other = library.open(Replica(index_folder, MODEL, DIMENSION))
        with library.database.read() as session:
            assert other.verify(session).matches
        other.close()
    stop.set()
    writer.join()


WRITE_FOREVER = """
import sys
from pathlib import Path
from ingest.database import Database
from ingest.replica import Replica
from tests.ingest.published_library import DIMENSION, MODEL, PublishedLibrary
library = PublishedLibrary(Database(sys.argv[1]))
replica = library.open(Replica(Path(sys.argv[2]), MODEL, DIMENSION))
print("ready", flush=True)
for i in range(1_000_000):
    library.publish(f"{i % 20}.md", [f"Text number {i}."] * 3)
    library.catch_up(replica)
    replica.snapshot()
"""


@pytest.mark.parametrize("seed", range(6))
def test_kill_at_any_moment_leaves_a_state_that_loads(
    seed: int, library: PublishedLibrary, index_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    command = [sys.executable, "-c", WRITE_FOREVER, str(library.database.engine.url), str(index_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(random.Random(seed).uniform(0.1, 0.8))
        process.send_signal(signal.SIGKILL)
    with caplog.at_level("WARNING"):
        replica = library.open(Replica(index_folder, MODEL, DIMENSION))
    with library.database.read() as session:
        assert replica.verify(session).matches
    replica.close()
    assert not caplog.records
    assert not list((index_folder / "live").glob(f"{process.pid}-*"))
