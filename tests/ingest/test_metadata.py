"""Metadata and dates of documents: what can be said, and which date a file gives itself."""

import datetime as dt

import pytest

from ingest.database import Database
from ingest.document_date import document_date
from ingest.errors import InvalidInput
from ingest.metadata import read_metadata, set_metadata
from ingest.tables import Document


@pytest.fixture
def document_id(database: Database) -> str:
    with database.write() as session:
        document = Document(collection="default", source="a.md", filename="a.md", title="a")
        session.add(document)
        session.flush()
        return document.id


def test_metadata_is_replaced_as_a_whole(database: Database, document_id: str) -> None:
    for metadata in ({"team": "sales", "year": "2026"}, {"team": " legal "}):
        with database.write() as session:
            set_metadata(session, document_id, metadata)
    with database.read() as session:
        assert read_metadata(session, document_id) == {"team": "legal"}


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"": "x"}, id="no_key"),
        pytest.param({"a=b": "x"}, id="sign_in_the_key"),
        pytest.param({"k" * 65: "x"}, id="long_key"),
        pytest.param({"key": " "}, id="no_value"),
        pytest.param({"key": "x" * 501}, id="long_value"),
        pytest.param({"key": "a\nb"}, id="line_break"),
        pytest.param({f"k{n}": "x" for n in range(51)}, id="too_many"),
    ],
)
def test_unusable_metadata_is_refused(database: Database, document_id: str, metadata: dict[str, str]) -> None:
    with pytest.raises(InvalidInput), database.write() as session:
        set_metadata(session, document_id, metadata)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        pytest.param({"moddate": "D:20230517093000+02'00'"}, "2023-05-17T07:30:00+00:00", id="pdf"),
        pytest.param({"creationdate": "D:20230517"}, "2023-05-17T00:00:00+00:00", id="pdf_day"),
        pytest.param(
            {"modified": "2024-02-29T10:00:00Z", "created": "2020-01-01"}, "2024-02-29T10:00:00+00:00", id="office"
        ),
        pytest.param({"date": "Tue, 01 Jul 2003 10:52:37 +0200"}, "2003-07-01T08:52:37+00:00", id="mail"),
        pytest.param({"modified": "soon", "created": "2020-01-01"}, "2020-01-01T00:00:00+00:00", id="next_best"),
    ],
)
def test_file_dates_itself(details: dict[str, str], expected: str) -> None:
    assert document_date(details) == dt.datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["", "D:00000000", "1601-01-01", "2999-01-01", "D:20231340", "99999999999999999999"])
def test_date_that_cannot_be_is_none(text: str) -> None:
    assert document_date({"modified": text}) is None
