"""Who has a document among what they may read, by sets of readers that documents share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.document_table import DocumentEntry, DocumentTable

PRINCIPALS = ["everyone", "group:a", "group:b", "user:ann@example.org"]
CHANGES = st.lists(
    st.lists(st.tuples(st.integers(0, 12), st.frozensets(st.sampled_from(PRINCIPALS)), st.booleans()), max_size=6),
    max_size=8,
)


def entry(number: int, *readers: str, published: bool = True) -> DocumentEntry:
    return DocumentEntry(f"d{number}", "default", frozenset(readers), published=published)


@given(changes=CHANGES, principals=st.frozensets(st.sampled_from(PRINCIPALS)))
@settings(max_examples=60, deadline=None)
def test_any_history_gives_what_its_last_entries_say(
    changes: list[list[tuple[int, frozenset[str], bool]]], principals: frozenset[str]
) -> None:
    table, plain = DocumentTable(), {}
    for step in changes:
        entries = [entry(number, *readers, published=published) for number, readers, published in step]
        table = table.changed(entries)
        plain.update({own.id: own for own in entries})
    readable = {own.id for own, may in zip(table, table.having_reader(principals), strict=True) if may}
    assert readable == {own.id for own in plain.values() if own.readers & principals}
    assert sorted(own.id for own in table) == sorted(plain)
    assert table.n_published == sum(own.published for own in plain.values())


def test_earlier_table_stays_as_it_was() -> None:
    before = DocumentTable([entry(1, "group:a")])
    before.changed([entry(1, "everyone"), entry(2, "everyone")])
    assert before.having_reader(frozenset({"everyone"})).tolist() == [False]
    assert before.place_of("d2") is None


def test_two_tables_from_one_do_not_mix() -> None:
    before = DocumentTable([entry(1, "group:a")])
    one, other = before.changed([entry(2, "everyone")]), before.changed([entry(3, "everyone"), entry(2, "group:a")])
    assert (one.place_of("d2"), other.place_of("d2"), other.place_of("d3")) == (1, 2, 1)
    assert one.place_of("d3") is None


def test_document_that_comes_back_has_its_place_again() -> None:
    gone = DocumentTable([entry(1, "everyone"), entry(2, "everyone")]).changed([entry(1, published=False)])
    assert gone.published_place_of("d1") is None
    assert gone.changed([entry(1, "everyone")]).published_place_of("d1") == 0


@pytest.mark.nightly
def test_hundred_thousand_documents_each_with_readers_of_its_own() -> None:
    table = DocumentTable(entry(number, f"user:{number}", "group:a") for number in range(100_000))
    assert np.flatnonzero(table.having_reader(frozenset({"user:77777"}))).tolist() == [77_777]
