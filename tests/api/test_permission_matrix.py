"""What a person may not read does not come out of any surface, and looks like what does not exist."""

from collections.abc import Callable

import httpx
import pytest

from tests.api.office import CANARY, HIDDEN_NAME, HIDDEN_QUESTION, Office

UNKNOWN_ID = "0" * 32

Call = Callable[[httpx.Client, str], httpx.Response]


def get(path: str) -> Call:
    return lambda client, document_id: client.get(path.format(id=document_id))


CONTENT = [
    pytest.param(get("/v1/documents/{id}/pages/1"), id="page_text"),
    pytest.param(get("/v1/documents/{id}/pages/1.png"), id="page_image"),
    pytest.param(get("/v1/documents/{id}/pages/1/boxes?start=0&end=90"), id="boxes"),
    pytest.param(get("/v1/documents/{id}/original"), id="original"),
]
METADATA = [
    pytest.param(get("/v1/documents/{id}"), id="document"),
    pytest.param(get("/v1/documents/{id}/versions"), id="versions"),
]
LISTS = [
    pytest.param(lambda client, _: client.post("/v1/search", json={"query": HIDDEN_QUESTION}), id="search"),
    pytest.param(
        lambda client, _: client.post("/v1/search", json={"query": HIDDEN_QUESTION, "collection": "board"}),
        id="search_in_collection",
    ),
    pytest.param(lambda client, _: client.post("/v1/answers", json={"question": HIDDEN_QUESTION}), id="answer"),
    pytest.param(
        lambda client, _: client.post("/v1/answers", json={"question": HIDDEN_QUESTION, "stream": True}),
        id="answer_stream",
    ),
    pytest.param(
        lambda client, _: client.post(
            "/v1/chat/completions", json={"messages": [{"role": "user", "content": HIDDEN_QUESTION}]}
        ),
        id="chat",
    ),
    pytest.param(
        lambda client, _: client.post(
            "/v1/chat/completions", json={"messages": [{"role": "user", "content": HIDDEN_QUESTION}], "stream": True}
        ),
        id="chat_stream",
    ),
]
INVENTORIES = [
    pytest.param(get("/v1/documents"), id="list"),
    pytest.param(get("/v1/documents?q=merger"), id="list_by_name"),
    pytest.param(get("/v1/documents?collection=board"), id="list_by_collection"),
    pytest.param(get("/v1/collections"), id="collections"),
]
OUTSIDERS = ["bob", "eve", "boss"]


@pytest.mark.parametrize("call", [*CONTENT, *METADATA])
def test_reader_in_a_nested_group_sees_the_document(reading_office: Office, call: Call) -> None:
    with reading_office.client("ann") as ann:
        assert call(ann, reading_office.hidden_id).status_code == 200


@pytest.mark.parametrize("call", LISTS)
def test_reader_in_a_nested_group_finds_the_content(reading_office: Office, call: Call) -> None:
    with reading_office.client("ann") as ann:
        assert "forty million" in call(ann, reading_office.hidden_id).text


@pytest.mark.parametrize("call", INVENTORIES)
def test_reader_in_a_nested_group_finds_it_listed(reading_office: Office, call: Call) -> None:
    with reading_office.client("ann") as ann:
        assert "board" in call(ann, reading_office.hidden_id).text


@pytest.mark.parametrize("call", CONTENT)
@pytest.mark.parametrize("name", OUTSIDERS)
def test_content_of_a_hidden_document_answers_like_an_unknown_one(
    reading_office: Office, name: str, call: Call
) -> None:
    with reading_office.client(name) as outsider:
        hidden, unknown = call(outsider, reading_office.hidden_id), call(outsider, UNKNOWN_ID)

    assert (hidden.status_code, hidden.content) == (404, unknown.content)
    assert hidden.headers["content-type"] == unknown.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("call", METADATA)
@pytest.mark.parametrize("name", ["bob", "eve"])
def test_hidden_document_answers_like_an_unknown_one(reading_office: Office, name: str, call: Call) -> None:
    with reading_office.client(name) as outsider:
        hidden, unknown = call(outsider, reading_office.hidden_id), call(outsider, UNKNOWN_ID)

    assert (hidden.status_code, hidden.content) == (404, unknown.content)


@pytest.mark.parametrize("call", METADATA)
def test_admin_who_is_no_reader_manages_the_document(reading_office: Office, call: Call) -> None:
    with reading_office.client("boss") as boss:
        response = call(boss, reading_office.hidden_id)

    assert response.status_code == 200
    assert CANARY not in response.text


@pytest.mark.parametrize("call", LISTS)
@pytest.mark.parametrize("name", OUTSIDERS)
def test_search_and_answers_hold_nothing_of_a_hidden_document(reading_office: Office, name: str, call: Call) -> None:
    with reading_office.client(name) as outsider:
        response = call(outsider, "")

    assert response.status_code == 200
    body = response.text.replace(HIDDEN_QUESTION, "")
    assert CANARY not in body
    assert HIDDEN_NAME not in body
    assert reading_office.hidden_id not in body


@pytest.mark.parametrize("call", INVENTORIES)
@pytest.mark.parametrize("name", ["bob", "eve"])
def test_lists_and_counts_hold_nothing_of_a_hidden_document(reading_office: Office, name: str, call: Call) -> None:
    with reading_office.client(name) as outsider:
        body = call(outsider, "").text

    assert HIDDEN_NAME not in body
    assert "board" not in body
    assert reading_office.hidden_id not in body


@pytest.mark.parametrize(("name", "total"), [("ann", 2), ("bob", 1), ("eve", 1), ("boss", 2)])
def test_total_counts_what_the_person_may_know_of(reading_office: Office, name: str, total: int) -> None:
    with reading_office.client(name) as client:
        assert client.get("/v1/documents?limit=1").json()["total"] == total


def test_admin_is_told_which_documents_they_cannot_open(reading_office: Office) -> None:
    with reading_office.client("boss") as boss:
        items = boss.get("/v1/documents").json()["items"]

    assert {item["filename"]: item["can_read"] for item in items} == {"travel.md": True, HIDDEN_NAME: False}


def test_readers_are_shown_to_admins_only(reading_office: Office) -> None:
    with reading_office.client("ann") as ann, reading_office.client("boss") as boss:
        seen = [client.get(f"/v1/documents/{reading_office.hidden_id}").json()["readers"] for client in (ann, boss)]

    assert seen == [None, ["group:finance"]]


@pytest.mark.parametrize("call", [*CONTENT, *METADATA, *LISTS, *INVENTORIES])
def test_stranger_is_asked_to_sign_in(reading_office: Office, call: Call) -> None:
    with reading_office.client() as stranger:
        response = call(stranger, reading_office.hidden_id)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_version_of_another_document_is_not_found(reading_office: Office) -> None:
    with reading_office.client("ann") as ann, reading_office.client("bob") as bob:
        version = ann.get(f"/v1/documents/{reading_office.hidden_id}").json()["current_version_id"]
        response = bob.get(f"/v1/documents/{reading_office.open_id}/pages/1?version={version}")

    assert response.status_code == 404


def test_answer_of_somebody_else_is_not_found(reading_office: Office) -> None:
    with reading_office.client("ann") as ann, reading_office.client("bob") as bob:
        answer_id = ann.post("/v1/answers", json={"question": HIDDEN_QUESTION}).json()["id"]
        somebodys, unknown = bob.get(f"/v1/answers/{answer_id}"), bob.get(f"/v1/answers/{UNKNOWN_ID}")

    assert (somebodys.status_code, somebodys.content) == (404, unknown.content)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("DELETE", "/v1/answers/{id}", id="delete"),
        pytest.param("POST", "/v1/answers/{id}/feedback", id="feedback"),
    ],
)
def test_answer_of_somebody_else_cannot_be_changed(reading_office: Office, method: str, path: str) -> None:
    with reading_office.client("ann") as ann, reading_office.client("boss") as boss:
        answer_id = ann.post("/v1/answers", json={"question": HIDDEN_QUESTION}).json()["id"]
        body = {"json": {"rating": "up"}} if method == "POST" else {}
        status = boss.request(method, path.format(id=answer_id), **body).status_code
        kept = ann.get(f"/v1/answers/{answer_id}").status_code

    assert (status, kept) == (404, 200)


def test_history_lists_only_own_questions(office: Office) -> None:
    with office.client("ann") as ann, office.client("bob") as bob:
        ann.post("/v1/answers", json={"question": HIDDEN_QUESTION})
        bob.post("/v1/answers", json={"question": "How much may a hotel night cost?"})
        questions = [item["question"] for item in bob.get("/v1/answers").json()["items"]]

    assert questions == ["How much may a hotel night cost?"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("POST", "/v1/documents", id="upload"),
        pytest.param("PUT", "/v1/documents/{id}", id="new_version"),
        pytest.param("PATCH", "/v1/documents/{id}", id="edit"),
        pytest.param("DELETE", "/v1/documents/{id}", id="remove"),
        pytest.param("POST", "/v1/documents/{id}/retry", id="retry"),
        pytest.param("GET", "/v1/users", id="list_users"),
        pytest.param("POST", "/v1/users", id="add_user"),
        pytest.param("GET", "/v1/groups", id="list_groups"),
        pytest.param("POST", "/v1/groups", id="add_group"),
        pytest.param("DELETE", "/v1/groups/finance", id="remove_group"),
        pytest.param("POST", "/v1/groups/finance/members", id="add_member"),
        pytest.param("DELETE", "/v1/groups/finance/members/group:payroll", id="remove_member"),
    ],
)
@pytest.mark.parametrize("name", ["ann", "eve"])
def test_what_admins_do_is_refused_to_others(reading_office: Office, name: str, method: str, path: str) -> None:
    body = {"files": {"file": ("a.txt", b"a")}} if method == "PUT" else {}
    with reading_office.client(name) as client:
        assert client.request(method, path.format(id=reading_office.open_id), **body).status_code == 403
