"""A right that was taken away is gone with the next request, on every way to the content."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import update

from api.identity import find_user, update_user
from api.tables import ApiKey
from ingest.database import utc_now
from tests.api.office import CANARY, HIDDEN_QUESTION, PASSWORD, Office, email, wait_until

DOCUMENT = "/v1/documents/{hidden}"
REVOCATIONS = [
    pytest.param("PATCH", DOCUMENT, {"readers": []}, id="no_readers"),
    pytest.param("PATCH", DOCUMENT, {"readers": ["user:bob@example.org"]}, id="other_readers"),
    pytest.param("DELETE", "/v1/groups/payroll/members/user:ann@example.org", None, id="out_of_the_group"),
    pytest.param("DELETE", "/v1/groups/finance/members/group:payroll", None, id="group_out_of_the_group"),
    pytest.param("DELETE", "/v1/groups/finance", None, id="group_removed"),
    pytest.param("DELETE", DOCUMENT, None, id="document_removed"),
]
revocations = pytest.mark.parametrize(("method", "path", "body"), REVOCATIONS)
Body = dict[str, list[str]] | None


def revoke(office: Office, method: str, path: str, body: Body) -> None:
    """Let the admin take a right away."""
    with office.client("boss") as boss:
        boss.request(method, path.format(hidden=office.hidden_id), json=body).raise_for_status()


@revocations
def test_search_finds_nothing_after_a_revocation(office: Office, method: str, path: str, body: Body) -> None:
    with office.client("ann") as ann:
        before = ann.post("/v1/search", json={"query": HIDDEN_QUESTION}).text
        revoke(office, method, path, body)
        after = ann.post("/v1/search", json={"query": HIDDEN_QUESTION}).text.replace(HIDDEN_QUESTION, "")

    assert (CANARY in before, CANARY in after) == (True, False)


@pytest.mark.parametrize("part", ["", "/original", "/pages/1", "/pages/1.png", "/pages/1/boxes?start=0&end=9"])
@revocations
def test_content_is_not_found_after_a_revocation(office: Office, part: str, method: str, path: str, body: Body) -> None:
    address = f"/v1/documents/{office.hidden_id}{part}"
    with office.client("ann") as ann:
        before = ann.get(address).status_code
        revoke(office, method, path, body)
        after = ann.get(address).status_code

    assert (before, after) == (200, 404)


@revocations
def test_stored_answer_withholds_what_was_revoked(office: Office, method: str, path: str, body: Body) -> None:
    with office.client("ann") as ann:
        answer = ann.post("/v1/answers", json={"question": HIDDEN_QUESTION}).json()
        revoke(office, method, path, body)
        later = ann.get(f"/v1/answers/{answer['id']}")

    assert "forty million" in answer["text"]
    assert later.status_code == 200
    assert "forty million" not in later.text
    assert office.hidden_id not in later.text


def test_removed_group_gives_nothing_to_a_later_group_of_its_name(office: Office) -> None:
    with office.client("bob") as bob, office.client("boss") as boss:
        boss.delete("/v1/groups/finance").raise_for_status()
        boss.post("/v1/groups", json={"name": "finance"}).raise_for_status()
        boss.post("/v1/groups/finance/members", json={"member": "user:bob@example.org"}).raise_for_status()
        status = bob.get(f"/v1/documents/{office.hidden_id}").status_code

    assert status == 404


def test_granted_right_counts_from_the_next_request(office: Office) -> None:
    with office.client("bob") as bob, office.client("boss") as boss:
        before = bob.post("/v1/search", json={"query": HIDDEN_QUESTION}).text.replace(HIDDEN_QUESTION, "")
        readers = {"readers": ["group:finance", "user:bob@example.org"]}
        boss.patch(f"/v1/documents/{office.hidden_id}", json=readers).raise_for_status()
        after = bob.post("/v1/search", json={"query": HIDDEN_QUESTION}).text.replace(HIDDEN_QUESTION, "")

    assert (CANARY in before, CANARY in after) == (False, True)


def test_revoked_key_is_refused_at_the_next_request(office: Office) -> None:
    with office.client("ann") as ann:
        (key,) = ann.get("/v1/keys").json()["items"]
        ended = ann.delete(f"/v1/keys/{key['id']}").status_code
        after = ann.get("/v1/documents").status_code

    assert (ended, after) == (204, 401)


def test_key_of_somebody_else_cannot_be_revoked(office: Office) -> None:
    with office.client("ann") as ann, office.client("boss") as boss:
        (key,) = ann.get("/v1/keys").json()["items"]
        status = boss.delete(f"/v1/keys/{key['id']}").status_code

    assert status == 404


@pytest.mark.parametrize("open_client", [Office.client, Office.browser], ids=["key", "session"])
def test_suspended_person_is_refused_at_the_next_request(
    office: Office, open_client: Callable[[Office, str], httpx.Client]
) -> None:
    with open_client(office, "ann") as ann, office.client("boss") as boss:
        before = ann.get("/v1/documents").status_code
        suspend(boss, "ann")
        after = ann.get("/v1/documents").status_code

    assert (before, after) == (200, 401)


def test_suspended_person_cannot_sign_in(office: Office) -> None:
    with office.client("boss") as boss:
        suspend(boss, "ann")
        sign_in = boss.post("/v1/session", json={"email": email("ann"), "password": PASSWORD})

    assert sign_in.status_code == 401


def test_new_password_ends_old_sign_ins(office: Office) -> None:
    with office.browser("ann") as ann, office.client("boss") as boss:
        boss.patch(f"/v1/users/{user_id(boss, 'ann')}", json={"password": "another long password"}).raise_for_status()
        status = ann.get("/v1/session").status_code

    assert status == 401


def test_expired_key_is_refused(office: Office) -> None:
    with office.client("ann") as ann:
        with office.database.write() as session:
            session.execute(update(ApiKey).values(expires_at=utc_now()))
        status = ann.get("/v1/documents").status_code

    assert status == 401


def test_stream_of_documents_ends_when_the_person_is_suspended(office: Office) -> None:
    with office.client("bob") as bob, bob.stream("GET", "/v1/documents/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        with office.database.write() as session:
            update_user(session, find_user(session, email("bob")), suspended=True)
        rest = list(itertools.takewhile(lambda line: line != ": ping", lines))

    assert "event: end" in rest


def test_stream_of_documents_tells_readers_and_nobody_else(office: Office) -> None:
    with office.client("boss") as boss, office.client("ann") as ann, office.client("bob") as bob:
        seen = {"ann": [], "bob": [], "boss": []}
        threads = [
            threading.Thread(target=collect_titles, args=(client, seen[name]))
            for name, client in (("ann", ann), ("bob", bob), ("boss", boss))
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: all(seen.values()))
        boss.patch(f"/v1/documents/{office.hidden_id}", json={"title": "Hidden plan"}).raise_for_status()
        boss.patch(f"/v1/documents/{office.open_id}", json={"title": "The end"}).raise_for_status()
        for thread in threads:
            thread.join(20)

    assert ["Hidden plan" in titles for titles in seen.values()] == [True, False, True]
    assert all(titles[-1] == "The end" for titles in seen.values())


def test_stream_of_documents_tells_how_an_upload_ends(office: Office) -> None:
    with office.client("boss") as boss, boss.stream("GET", "/v1/documents/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        with office.client("boss") as uploader:
            uploader.post("/v1/documents", files={"file": ("broken.pdf", b"%PDF-1.7 broken")}).raise_for_status()
        data = data_of(lines)
        first = next(data)
        office.work()
        last = next(view for view in data if view["status"] == "failed")

    assert (first["status"], last["error_class"]) == ("queued", "malformed")


def collect_titles(client: httpx.Client, titles: list[str]) -> None:
    """Follow documents until «The end» is told."""
    with client.stream("GET", "/v1/documents/events") as stream:
        lines = stream.iter_lines()
        titles.append(next(lines))
        for data in data_of(lines):
            titles.append(data["title"])
            if data["title"] == "The end":
                return


def data_of(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The data of a stream's events."""
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def user_id(boss: httpx.Client, name: str) -> str:
    """The id of a person."""
    return next(user["id"] for user in boss.get("/v1/users").json()["items"] if user["email"] == email(name))


def suspend(boss: httpx.Client, name: str) -> None:
    """Suspend a person."""
    boss.patch(f"/v1/users/{user_id(boss, name)}", json={"suspended": True}).raise_for_status()
