"""Asking over HTTP: the stream, its end, and the stored answers."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from api.identity import find_user, remove_member, update_user
from generation.extractive import Extractive
from generation.pieces import Assignment, Piece
from ingest.embed import Embedder
from ingest.sandbox import Sandbox
from tests.api.office import HIDDEN_QUESTION, Furnished, Office, email, running, wait_until

UNKNOWN_ID = "0" * 32


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """The names and data of a stream's events."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def ask(client: httpx.Client, question: str = HIDDEN_QUESTION, **more: object) -> httpx.Response:
    return client.post("/v1/answers", json={"question": question, **more}).raise_for_status()


def test_stream_tells_hits_then_sentences_then_the_answer(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        response = ask(ann, stream=True)
    events = list(events_of(iter(response.text.splitlines())))
    names = [name for name, _ in events]
    answer = events[-1][1]

    assert response.headers["content-type"].startswith("text/event-stream")
    assert (names[0], names[1], names[2], names[-1]) == ("hits", "text", "claim", "answer")
    assert "".join(data["text"] for name, data in events if name == "text") == answer["text"]
    assert [data for name, data in events if name == "claim"] == answer["claims"]


def test_answer_without_a_stream_is_the_same(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        streamed = list(events_of(iter(ask(ann, stream=True).text.splitlines())))[-1][1]
        whole = ask(ann).json()

    assert {key: whole[key] for key in ("text", "claims", "hits")} == {
        key: streamed[key] for key in ("text", "claims", "hits")
    }


def test_citation_leads_to_its_quote_on_the_page(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        citation = ask(ann).json()["claims"][0]["citations"][0]
        span = {"version": citation["version_id"], "start": citation["start"], "end": citation["end"]}
        page = ann.get(f"/v1/documents/{citation['document_id']}/pages/{citation['page']}", params=span).json()

    first = citation["start"] - page["text_start"]
    assert page["text"][first : first + len(citation["quote"])] == citation["quote"]


def test_question_that_nothing_answers_is_not_answered(reading_office: Office) -> None:
    with reading_office.client("bob") as bob:
        answer = ask(bob).json()

    assert (answer["abstained"], answer["claims"]) == (True, [])


def test_question_in_a_collection_is_answered_from_it_alone(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        hits = ask(ann, collection="board").json()["hits"]

    assert {hit["collection"] for hit in hits} == {"board"}


def test_stored_answer_is_the_given_one(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        answer = ask(ann).json()
        assert ann.get(f"/v1/answers/{answer['id']}").json() == answer


def test_deleted_answer_is_gone(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        answer_id = ask(ann).json()["id"]
        statuses = [ann.delete(f"/v1/answers/{answer_id}").status_code, ann.get(f"/v1/answers/{answer_id}").status_code]

    assert statuses == [204, 404]


def test_history_comes_in_pages_newest_first(office: Office) -> None:
    with office.client("ann") as ann:
        ids = [ask(ann).json()["id"] for _ in range(3)]
        first = ann.get("/v1/answers?limit=2").json()
        second = ann.get("/v1/answers", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"rating": "up"}, 200),
        ({"rating": "down", "comment": "Wrong page."}, 200),
        ({"rating": "sideways"}, 422),
        ({"rating": "up", "comment": "a" * 4001}, 422),
    ],
)
def test_answer_can_be_judged(reading_office: Office, body: dict[str, str], status: int) -> None:
    with reading_office.client("ann") as ann:
        path = f"/v1/answers/{ask(ann).json()['id']}/feedback"
        assert ann.post(path, json=body).status_code == status


@pytest.mark.parametrize("path", [f"/v1/answers/{UNKNOWN_ID}", "/v1/answers/not-an-id"])
def test_unknown_answer_is_not_found(reading_office: Office, path: str) -> None:
    with reading_office.client("ann") as ann:
        assert ann.get(path).status_code == 404


@dataclass
class SlowModel:
    """The extractive model, which waits before each sentence until it may go on, and notes when it was stopped."""

    model_id: str = "extractive"
    may_go_on: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def write(self, assignment: Assignment) -> Iterator[Piece]:
        try:
            for piece in Extractive().write(assignment):
                self.asked.set()
                self.may_go_on.wait(20)
                yield piece
        finally:
            self.stopped.set()


@pytest.fixture
def model() -> SlowModel:
    return SlowModel()


@pytest.fixture
def slow_office(
    furnished: Furnished, tmp_path: Path, embedder: Embedder, sandbox: Sandbox, model: SlowModel
) -> Iterator[Office]:
    with running(furnished, tmp_path / "data", embedder, sandbox, model) as office:
        yield office


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda session: update_user(session, find_user(session, email("ann")), suspended=True), id="suspended"
        ),
        pytest.param(lambda session: remove_member(session, "payroll", "user:ann@example.org"), id="out_of_the_group"),
    ],
)
def test_running_stream_ends_when_rights_change(slow_office: Office, model: SlowModel, change) -> None:
    body = {"question": HIDDEN_QUESTION, "stream": True}
    with slow_office.client("ann") as ann, ann.stream("POST", "/v1/answers", json=body) as stream:
        events = events_of(stream.iter_lines())
        first = next(events)
        wait_until(model.asked.is_set)
        with slow_office.database.write() as session:
            change(session)
        threading.Event().wait(0.3)
        model.may_go_on.set()
        rest = list(events)

    assert first[0] == "hits"
    assert [name for name, _ in rest] == ["error"]
    assert rest[0][1]["status"] == 401


def test_model_stops_when_the_client_goes_away(slow_office: Office, model: SlowModel) -> None:
    body = {"question": HIDDEN_QUESTION, "stream": True}
    with slow_office.client("ann") as ann:
        with ann.stream("POST", "/v1/answers", json=body) as stream:
            next(events_of(stream.iter_lines()))
            wait_until(model.asked.is_set)
        model.may_go_on.set()
        wait_until(model.stopped.is_set)
        history = ann.get("/v1/answers").json()["items"]

    assert history == []
