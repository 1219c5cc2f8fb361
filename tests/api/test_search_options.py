"""Search options over HTTP: filters, grouping and explanations, and the metadata that filters look at."""

from typing import Any

import httpx
import pytest

from tests.api.office import HIDDEN_NAME, Office


def search(client: httpx.Client, query: str, **body: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/search", json={"query": query, **body})
    response.raise_for_status()
    hits: list[dict[str, Any]] = response.json()["hits"]
    return hits


def test_metadata_given_at_upload_is_shown_and_searched_by(office: Office) -> None:
    form = {"metadata": ["team=sales", "year = 2026"]}
    files = {"file": ("parking.md", b"# Parking\n\nThe garage opens at six.\n")}
    with office.client("boss") as boss:
        uploaded = boss.post("/v1/documents", data=form, files=files).json()
        office.work()
        found = search(boss, "when does the garage open", filters={"metadata": {"team": ["sales", "legal"]}})
        missed = search(boss, "when does the garage open", filters={"metadata": {"team": "legal"}})
        shown = boss.get(f"/v1/documents/{uploaded['id']}").json()

    assert uploaded["metadata"] == {"team": "sales", "year": "2026"}
    assert [hit["filename"] for hit in found] == ["parking.md"]
    assert missed == []
    assert shown["dated_at"] == shown["version"]["created_at"]


def test_metadata_may_come_as_json(office: Office) -> None:
    files = {"file": ("parking.md", b"# Parking\n\nThe garage opens at six.\n")}
    with office.client("boss") as boss:
        uploaded = boss.post("/v1/documents", data={"metadata": '{"year": 2026}'}, files=files).json()

    assert uploaded["metadata"] == {"year": "2026"}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        pytest.param("sales", "write key=value", id="no_sign"),
        pytest.param('{"a": ', "not valid JSON", id="half_an_object"),
        pytest.param('{"a": [1]}', "neither text nor a number", id="a_list"),
        pytest.param("a=", "needs a value", id="no_value"),
    ],
)
def test_unusable_metadata_is_refused_and_nothing_is_kept(office: Office, metadata: str, words: str) -> None:
    with office.client("boss") as boss:
        response = boss.post("/v1/documents", data={"metadata": metadata}, files={"file": ("a.md", b"text")})
        total = boss.get("/v1/documents").json()["total"]

    assert (response.status_code, total) == (422, 2)
    assert words in response.json()["detail"]


def test_admin_replaces_metadata_and_the_next_search_knows(office: Office) -> None:
    team = {"metadata": {"team": "travel"}}
    with office.client("boss") as boss, office.client("bob") as bob:
        before = search(bob, "hotel", filters=team)
        boss.patch(f"/v1/documents/{office.open_id}", json=team).raise_for_status()
        after = search(bob, "hotel", filters=team)

    assert before == []
    assert {hit["document_id"] for hit in after} == {office.open_id}


def test_filter_opens_nothing_that_may_not_be_read(reading_office: Office) -> None:
    filters = {"collections": ["board"], "file_types": ["pdf"]}
    with reading_office.client("bob") as bob, reading_office.client("ann") as ann:
        hidden = search(bob, "merger", filters=filters)
        shown = search(ann, "merger", filters=filters)
        answer = bob.post("/v1/answers", json={"question": "What about the merger?", "filters": filters}).json()

    assert hidden == []
    assert {hit["filename"] for hit in shown} == {HIDDEN_NAME}
    assert (answer["abstained"], answer["hits"]) == (True, [])


def test_answer_stays_within_its_filters(reading_office: Office) -> None:
    body = {"question": "How much may a hotel cost?", "filters": {"file_types": ["pdf"]}}
    with reading_office.client("ann") as ann:
        answer = ann.post("/v1/answers", json=body).json()

    assert {hit["filename"] for hit in answer["hits"]} <= {HIDDEN_NAME}


def test_unknown_file_type_names_the_known_ones(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        response = ann.post("/v1/search", json={"query": "hotel", "filters": {"file_types": ["word"]}})

    assert response.status_code == 422
    assert "choose from pdf, docx" in response.json()["detail"]


def test_explanation_comes_when_asked_for(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        plain = search(ann, "hotel")
        explained = search(ann, "hotel", explain=True, group="document")

    assert plain[0]["explanation"] == []
    assert [stage["stage"] for stage in explained[0]["explanation"]][-1] == "final"
