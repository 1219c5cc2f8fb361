"""The replica follows the change log: what is committed is found, what is withdrawn is not."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import OperationalError

from ingest.index_report import IndexReport
from ingest.replica import Replica
from ingest.replica_view import ReplicaView
from ingest.tables import AclEntry, Passage
from tests.ingest.published_library import DIMENSION, EVERYONE, MODEL, PublishedLibrary, vector_of

pytestmark = pytest.mark.usefixtures("replica")


def keyword_hits(view: ReplicaView, query: str, readers: frozenset[str] = EVERYONE) -> list[int]:
    return view.keywords.search(query, 10, readers=readers)[0].tolist()


def vector_hits(view: ReplicaView, wanted: str) -> list[int]:
    """Ids of live passages whose vector is that of the text."""
    rows, scores = view.vectors.search(vector_of(wanted).astype(np.float32), 10, view.live)
    return view.passage_ids[rows[scores > 0.99]].tolist()


def verify(library: PublishedLibrary, replica: Replica) -> IndexReport:
    with library.database.read() as session:
        return replica.verify(session)


def readers_of(view: ReplicaView, document_id: str) -> frozenset[str]:
    place = view.documents.published_place_of(document_id)
    assert place is not None
    return view.documents[place].readers


def test_published_passage_is_found_by_keyword_and_by_vector(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("leave.md", ["Vacation is fifteen days."])
    library.catch_up(replica)
    found = keyword_hits(replica.view(), "vacation")
    assert len(found) == 1
    assert vector_hits(replica.view(), "Vacation is fifteen days.") == found


def test_new_version_replaces_the_old_one(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("leave.md", ["Vacation is fifteen days."])
    library.catch_up(replica)
    library.publish("leave.md", ["Holidays are twenty days."])
    library.catch_up(replica)
    assert keyword_hits(replica.view(), "vacation") == []
    assert vector_hits(replica.view(), "Vacation is fifteen days.") == []
    assert len(keyword_hits(replica.view(), "holidays")) == 1


def test_removed_document_is_found_no_more(library: PublishedLibrary, replica: Replica) -> None:
    document_id = library.publish("leave.md", ["Vacation is fifteen days."])
    library.catch_up(replica)
    library.remove(document_id)
    library.catch_up(replica)
    assert keyword_hits(replica.view(), "vacation") == []
    assert not replica.view().live.any()
    assert replica.view().documents.published_place_of(document_id) is None


def test_change_of_readers_is_in_force_and_moves_no_vector(library: PublishedLibrary, replica: Replica) -> None:
    document_id = library.publish("pay.md", ["Salaries are paid monthly."])
    library.catch_up(replica)
    before = replica.view()
    library.share(document_id, "group:finance")
    library.catch_up(replica)
    assert keyword_hits(replica.view(), "salaries") == []
    assert len(keyword_hits(replica.view(), "salaries", frozenset({"group:finance"}))) == 1
    assert readers_of(replica.view(), document_id) == {"group:finance"}
    assert replica.view().vectors is before.vectors


def test_document_without_readers_is_found_by_nobody(library: PublishedLibrary, replica: Replica) -> None:
    document_id = library.publish("pay.md", ["Salaries are paid monthly."], readers=())
    library.catch_up(replica)
    assert keyword_hits(replica.view(), "salaries") == []
    assert readers_of(replica.view(), document_id) == frozenset()


def test_search_under_way_sees_one_state(library: PublishedLibrary, replica: Replica) -> None:
    document_id = library.publish("leave.md", ["Vacation is fifteen days."])
    library.catch_up(replica)
    view = replica.view()
    library.remove(document_id)
    library.publish("other.md", ["Parking is free."])
    library.catch_up(replica)
    assert len(keyword_hits(view, "vacation")) == 1
    assert len(vector_hits(view, "Vacation is fifteen days.")) == 1
    assert keyword_hits(view, "parking") == []


def test_catching_up_without_changes_keeps_the_view(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("leave.md", ["Vacation is fifteen days."])
    seq = library.catch_up(replica)
    view = replica.view()
    assert library.catch_up(replica) == seq
    assert replica.view() is view


def test_change_that_changes_nothing_leaves_the_indexes_equal_to_sql(
    library: PublishedLibrary, replica: Replica
) -> None:
    document_id = library.publish("leave.md", ["Vacation is fifteen days.", "Ask your manager."])
    library.catch_up(replica)
    library.touch(document_id)
    library.catch_up(replica)
    assert verify(library, replica).matches
    assert len(replica.view().passage_ids) == 2


def test_passage_without_vector_is_found_by_keyword_and_counted(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("leave.md", ["Vacation is fifteen days."], embed=False)
    library.catch_up(replica)
    report = verify(library, replica)
    assert len(keyword_hits(replica.view(), "vacation")) == 1
    assert (report.vector_missing, report.not_embedded, report.keyword_missing) == (1, 1, 0)


def test_vector_that_is_stored_later_is_taken_up(library: PublishedLibrary, replica: Replica) -> None:
    document_id = library.publish("leave.md", ["Vacation is fifteen days."], embed=False)
    library.catch_up(replica)
    library.embed("Vacation is fifteen days.")
    library.touch(document_id)
    library.catch_up(replica)
    assert len(vector_hits(replica.view(), "Vacation is fifteen days.")) == 1


def test_rows_of_finds_live_rows_only(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("a.md", ["one", "two"])
    library.catch_up(replica)
    old_ids = replica.view().passage_ids
    library.publish("a.md", ["three"])
    library.catch_up(replica)
    view = replica.view()
    assert view.rows_of(np.array([old_ids[0], view.passage_ids[2], 99])).tolist() == [-1, 2, -1]


def test_many_dead_rows_are_compacted_away(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("big.md", [f"passage number {i}" for i in range(1500)])
    library.publish("small.md", ["Vacation is fifteen days."])
    library.catch_up(replica)
    library.publish("big.md", ["short now"])
    library.catch_up(replica)
    replica.snapshot()
    assert replica.view().n_dead == 0
    assert len(replica.view().passage_ids) == 2
    assert verify(library, replica).matches


def test_rebuilt_indexes_equal_sql(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("a.md", ["one", "two"])
    library.publish("b.md", ["three"], readers={"group:x"})
    with library.database.read() as session:
        replica.rebuild(session)
    assert verify(library, replica).matches
    assert replica.stats().n_passages == 3


def test_catching_up_continues_after_a_rebuild(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("a.md", ["one"])
    with library.database.read() as session:
        replica.rebuild(session)
    library.publish("b.md", ["two"])
    library.catch_up(replica)
    assert verify(library, replica).matches


def test_every_kind_of_difference_is_reported(library: PublishedLibrary, replica: Replica) -> None:
    kept = library.publish("a.md", ["one", "two"])
    library.publish("b.md", ["three"])
    library.catch_up(replica)
    with library.database.write() as session:  # no change number: what a bug or a hand in the database would do
        session.execute(delete(Passage).where(Passage.text == "one"))
        session.execute(update(AclEntry).where(AclEntry.document_id != kept).values(principal="group:x"))
        session.execute(update(Passage).where(Passage.text == "two").values(id=77))
    report = verify(library, replica)
    assert not report.matches
    assert (report.vector_orphans, report.vector_missing, report.keyword_orphans, report.keyword_missing) == (
        2,
        1,
        2,
        1,
    )
    assert (report.documents_wrong_readers, report.keyword_wrong_readers) == (1, 1)


def test_two_replicas_work_on_one_folder(library: PublishedLibrary, replica: Replica, index_folder: Path) -> None:
    library.publish("a.md", ["one"])
    library.catch_up(replica)
    replica.snapshot()
    second = library.open(Replica(index_folder, MODEL, DIMENSION))
    library.publish("b.md", ["two"])
    library.catch_up(replica)
    library.catch_up(second)
    assert verify(library, replica).matches
    assert verify(library, second).matches
    second.close()
    assert verify(library, replica).matches


def test_folder_of_an_ended_process_is_removed(library: PublishedLibrary, index_folder: Path) -> None:
    abandoned = index_folder / "live" / "99999-abcd"
    abandoned.mkdir()
    library.open(Replica(index_folder, MODEL, DIMENSION)).close()
    assert not abandoned.exists()


def test_closed_replica_leaves_nothing_in_the_live_folder(library: PublishedLibrary, index_folder: Path) -> None:
    before = sorted(path.name for path in (index_folder / "live").iterdir())
    library.open(Replica(index_folder, MODEL, DIMENSION)).close()
    assert sorted(path.name for path in (index_folder / "live").iterdir()) == before


def test_failed_catch_up_changes_nothing_and_is_made_up_for(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("a.md", ["one"])
    library.catch_up(replica)
    before = replica.view()
    library.publish("a.md", ["two"])
    with library.database.write() as session:
        session.execute(text("ALTER TABLE passage RENAME TO hidden"))
    with pytest.raises(OperationalError):
        library.catch_up(replica)
    assert replica.view() is before
    with library.database.write() as session:
        session.execute(text("ALTER TABLE hidden RENAME TO passage"))
    library.catch_up(replica)
    assert verify(library, replica).matches


def test_keyword_entries_of_one_document_are_replaced_alone(library: PublishedLibrary, replica: Replica) -> None:
    library.publish("a.md", ["shared words"])
    library.publish("b.md", ["shared words"])
    library.catch_up(replica)
    library.publish("a.md", ["other words"])
    library.catch_up(replica)
    assert len(keyword_hits(replica.view(), "shared")) == 1
    assert verify(library, replica).matches
