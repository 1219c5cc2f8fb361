"""Uploads that are sent again: an Idempotency-Key leads to the version of the first, whatever happened since."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api.office import Office

FIRST, SECOND = b"# Parking\n\nThe garage opens at six.\n", b"# Parking\n\nThe garage opens at seven.\n"


def send(client: httpx.Client, content: bytes, key: str, **fields: object) -> httpx.Response:
    return client.post(
        "/v1/documents", files={"file": ("parking.md", content)}, data=fields, headers={"Idempotency-Key": key}
    )


def test_late_repetition_of_an_older_upload_does_not_undo_a_newer_one(office: Office) -> None:
    with office.client("boss") as boss:
        first = send(boss, FIRST, "monday").json()
        second = send(boss, SECOND, "tuesday").json()
        late = send(boss, FIRST, "monday")
        versions = boss.get(f"/v1/documents/{first['id']}/versions").json()["items"]

    assert (late.status_code, late.json()["id"], late.json()["unchanged"]) == (202, first["id"], False)
    assert [version["id"] for version in versions] == [second["version"]["id"], first["version"]["id"]]


def test_repetitions_side_by_side_make_one_version(office: Office) -> None:
    with office.client("boss") as boss, ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: send(boss, FIRST, "one"), range(5)))
        versions = boss.get(f"/v1/documents/{answers[0].json()['id']}/versions").json()["items"]

    assert {answer.status_code for answer in answers} == {202}
    assert len(versions) == 1


def test_key_of_another_upload_is_refused(office: Office) -> None:
    with office.client("boss") as boss:
        send(boss, FIRST, "one")
        other = [send(boss, SECOND, "one"), send(boss, FIRST, "one", collection="elsewhere")]

    assert [answer.status_code for answer in other] == [409, 409]
    assert "send a new key" in other[0].json()["detail"]


def test_repetition_does_not_bring_a_removed_document_back(office: Office) -> None:
    with office.client("boss") as boss:
        document_id = send(boss, FIRST, "one").json()["id"]
        boss.delete(f"/v1/documents/{document_id}").raise_for_status()
        again = send(boss, FIRST, "one")
        total = boss.get("/v1/documents").json()["total"]

    assert (again.status_code, total) == (409, 2)


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9"], ids=["empty", "too long", "not ASCII"])
def test_unusable_key_is_refused(office: Office, key: str) -> None:
    with office.client("boss") as boss:
        request = boss.build_request("POST", "/v1/documents", files={"file": ("parking.md", FIRST)})
        request.headers = httpx.Headers([*request.headers.raw, (b"Idempotency-Key", key.encode())])
        answer = boss.send(request)

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]
