"""Conversations over HTTP: follow-up questions, and that they are nobody else's."""

import httpx
import pytest

from api.identity import find_user, remove_member
from tests.api.office import CANARY, HIDDEN_QUESTION, Office, email

UNKNOWN_ID = "0" * 32


def start(client: httpx.Client) -> str:
    conversation_id: str = client.post("/v1/conversations").raise_for_status().json()["id"]
    return conversation_id


def ask(client: httpx.Client, question: str, conversation_id: str) -> dict:
    body = {"question": question, "conversation_id": conversation_id}
    return client.post("/v1/answers", json=body).raise_for_status().json()


def test_follow_up_question_is_searched_with_what_it_refers_to(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        conversation_id = start(ann)
        ask(ann, "How much may a hotel night cost?", conversation_id)
        answer = ask(ann, "And what is paid in euros for it?", conversation_id)

    assert answer["question"] == "And what is paid in euros for it?"
    assert "hotel" in answer["query"]
    assert "140 euros" in answer["text"]


def test_question_alone_refers_to_nothing(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        answer = ask(ann, "And for flights?", start(ann))

    assert answer["query"] == "And for flights?"


def test_conversation_shows_its_answers_in_order(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        conversation_id = start(ann)
        first = ask(ann, "How much may a hotel night cost?", conversation_id)
        second = ask(ann, "And below 600 kilometres?", conversation_id)
        shown = ann.get(f"/v1/conversations/{conversation_id}").json()

    assert [answer["id"] for answer in shown["answers"]] == [first["id"], second["id"]]
    assert shown["title"] == "How much may a hotel night cost?"


def test_list_leads_on_page_by_page_newest_first(office: Office) -> None:
    with office.client("ann") as ann:
        started = [start(ann) for _ in range(3)]
        for conversation_id in started:
            ask(ann, "How much may a hotel night cost?", conversation_id)
        start(ann)
        first = ann.get("/v1/conversations", params={"limit": 2}).json()
        rest = ann.get("/v1/conversations", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [item["id"] for item in first["items"] + rest["items"]] == started[::-1]
    assert rest["next_cursor"] is None


def test_deleted_conversation_takes_its_answers_along(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        conversation_id = start(ann)
        answer = ask(ann, "How much may a hotel night cost?", conversation_id)
        ann.delete(f"/v1/conversations/{conversation_id}").raise_for_status()
        gone = [ann.get(f"/v1/conversations/{conversation_id}"), ann.get(f"/v1/answers/{answer['id']}")]

    assert [response.status_code for response in gone] == [404, 404]


@pytest.mark.parametrize("name", ["bob", "boss", "eve"])
@pytest.mark.parametrize("use", ["show", "delete", "ask"])
def test_conversation_of_another_person_is_unknown(reading_office: Office, name: str, use: str) -> None:
    with reading_office.client("ann") as ann:
        conversation_id = start(ann)
        ask(ann, HIDDEN_QUESTION, conversation_id)
    with reading_office.client(name) as other:

        def call(wanted: str) -> httpx.Response:
            if use == "ask":
                return other.post("/v1/answers", json={"question": "And then?", "conversation_id": wanted})
            return other.request("GET" if use == "show" else "DELETE", f"/v1/conversations/{wanted}")

        foreign, unknown = call(conversation_id), call(UNKNOWN_ID)

    assert (foreign.status_code, foreign.content) == (404, unknown.content)


def test_conversation_holds_nothing_that_was_withdrawn_since(office: Office) -> None:
    with office.client("ann") as ann:
        conversation_id = start(ann)
        ask(ann, HIDDEN_QUESTION, conversation_id)
        with office.database.write() as session:
            assert find_user(session, email("ann"))
            remove_member(session, "payroll", f"user:{email('ann')}")
        shown = ann.get(f"/v1/conversations/{conversation_id}").raise_for_status().text
        followed = ask(ann, "And when is it paid?", conversation_id)

    assert "forty million" not in shown
    assert "forty million" not in str(followed)
    assert CANARY not in str(followed["hits"])


def test_feedback_on_a_claim_is_kept_and_on_an_unknown_one_refused(reading_office: Office) -> None:
    with reading_office.client("ann") as ann:
        answer = ask(ann, "How much may a hotel night cost?", start(ann))
        path = f"/v1/answers/{answer['id']}/feedback"
        kept = ann.post(path, json={"rating": "down", "comment": "of 2023", "claim": 0})
        refused = ann.post(path, json={"rating": "down", "claim": 99})

    assert (kept.status_code, kept.json()["claim"]) == (200, 0)
    assert refused.status_code == 404
