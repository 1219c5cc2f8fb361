"""Uploads that are repeated, side by side and cut off: exactly one version each, and nothing partial is ever seen."""

import random
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from server_process import ServerProcess

CUT_SHARE = 0.2


def content_of(number: int) -> bytes:
    return f"# Rule {number}\n\nThe code word of this rule is numbat{number:05d}x.\n{'It applies. ' * 2_000}".encode()


def send(server: ServerProcess, number: int, *, cut_at: float | None, key: str) -> str | None:
    """Send an upload, or only a part of it; the document's id when it was accepted."""
    if cut_at is None:
        headers = {"Idempotency-Key": key} if key else {}
        answer = server.upload(f"rule-{number}.md", content_of(number), **headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="rule-{number}.md"\r\n\r\n'.encode()
    body = head + content_of(number) + b"\r\n--b--\r\n"
    address = urlsplit(server.url)
    request = (
        f"POST /v1/documents HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: {server.headers['Authorization']}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as connection:
        connection.sendall(request.encode() + body[: int(cut_at * (len(body) - 1))])
    return None


@pytest.mark.parametrize(
    "n_uploads", [pytest.param(40, id="40"), pytest.param(1_000, id="1000", marks=pytest.mark.nightly)]
)
def test_repeated_and_cut_uploads_make_exactly_one_version_each(tmp_path: Path, n_uploads: int) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    sendings = [
        (number, dice.random() if dice.random() < CUT_SHARE else None, dice.choice(("", f"key-{number}")))
        for number in range(n_uploads)
        for _ in range(dice.randint(1, 5))
    ]
    dice.shuffle(sendings)
    server = ServerProcess(tmp_path / "data")
    server.add_admin()
    server.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda sending: send(server, sending[0], cut_at=sending[1], key=sending[2]), sendings)
            )
        accepted = {sending[0]: answer for sending, answer in zip(sendings, answers, strict=True) if answer is not None}
        documents = {document["filename"]: document for document in server.wait_until_ended(600)}
        assert {name: document["id"] for name, document in documents.items()} == {
            f"rule-{number}.md": document_id for number, document_id in accepted.items()
        }
        assert {document["version"]["number"] for document in documents.values()} == {1}
        assert {document["status"] for document in documents.values()} == {"searchable"}
        found = {number: server.passages_with(f"numbat{number:05d}x") for number in accepted}
        assert found == {number: [document_id] for number, document_id in accepted.items()}
        assert not list((tmp_path / "data" / "scratch").glob("staged-*"))
        print(f"{len(sendings)} requests, {len(accepted)} documents of {n_uploads}")
    finally:
        server.close()
