"""The OpenAI-compatible endpoint, asked with OpenAI's own SDK over a real socket."""

from collections.abc import Iterator

import openai
import pytest

from api.identity import create_key, find_user
from tests.api.office import CANARY, HIDDEN_QUESTION, Office, email

HOTEL = {"role": "user", "content": "How much may a hotel night cost?"}


def client_of(office: Office, name: str) -> openai.OpenAI:
    with office.database.write() as session:
        key, _ = create_key(session, find_user(session, email(name)), "sdk")
    return openai.OpenAI(api_key=key, base_url=f"{office.url}/v1", max_retries=0)


@pytest.fixture
def ann(reading_office: Office) -> Iterator[openai.OpenAI]:
    with client_of(reading_office, "ann") as client:
        yield client


def test_sdk_lists_the_model(ann: openai.OpenAI) -> None:
    assert [model.id for model in ann.models.list()] == ["footnote"]


def test_answer_has_footnotes_and_the_citations_as_data(ann: openai.OpenAI) -> None:
    completion = ann.chat.completions.create(model="footnote", messages=[HOTEL])
    content = completion.choices[0].message.content or ""
    (claim, *_) = completion.footnote["claims"]  # type: ignore[attr-defined]
    assert "A hotel night is paid up to 140 euros. [1]" in content
    assert "\n[1] Travel (travel.md, page 1): «A hotel night is paid up to 140 euros.»" in content
    assert (claim["verdict"], claim["citations"][0]["quote"]) == ("supported", "A hotel night is paid up to 140 euros.")
    assert completion.choices[0].finish_reason == "stop"


def test_stream_adds_up_to_the_same_and_ends_with_usage(ann: openai.OpenAI) -> None:
    whole = ann.chat.completions.create(model="footnote", messages=[HOTEL]).choices[0].message.content
    chunks = list(
        ann.chat.completions.create(
            model="footnote", messages=[HOTEL], stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-2].footnote["claims"]  # type: ignore[attr-defined]
    assert chunks[-1].usage is not None


def test_earlier_messages_are_what_the_last_refers_to(ann: openai.OpenAI) -> None:
    messages = [{"role": "system", "content": "Be brief."}, HOTEL, {"role": "assistant", "content": "140 euros."}]
    messages.append({"role": "user", "content": [{"type": "text", "text": "And instead of flights?"}]})
    completion = ann.chat.completions.create(model="footnote", messages=messages, temperature=0.1)  # type: ignore[arg-type]
    assert "hotel night cost" in completion.footnote["query"]  # type: ignore[attr-defined]


def test_what_may_not_be_read_does_not_come_out(reading_office: Office) -> None:
    with client_of(reading_office, "bob") as bob:
        completion = bob.chat.completions.create(
            model="footnote", messages=[{"role": "user", "content": HIDDEN_QUESTION}]
        )
    assert CANARY not in completion.model_dump_json().replace(HIDDEN_QUESTION, "")
    assert completion.footnote["abstained"]  # type: ignore[attr-defined]


def test_wrong_requests_are_refused_in_words(reading_office: Office, ann: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        ann.chat.completions.create(model="gpt-5", messages=[HOTEL])
    with pytest.raises(openai.UnprocessableEntityError, match="must be the user's question"):
        ann.chat.completions.create(model="footnote", messages=[{"role": "assistant", "content": "Hello"}])
    with (
        openai.OpenAI(api_key="fn_wrong", base_url=f"{reading_office.url}/v1", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()
