"""Models behind the OpenAI chat API: OpenAI's own, and every server that speaks it (vLLM, llama.cpp, Ollama, …)."""

from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletionChunk

from generation.chat import Ended, Parameters
from generation.deadline import Deadline
from generation.events import Usage
from generation.exchange import Exchange
from generation.failures import explain_odd_answer
from generation.prompt import ANSWER_PROMPT, Prompt
from generation.token_bound import bound_tokens

OFFICIAL_URL = "https://api.openai.com/v1"


class OpenAIChat:
    """A model of an OpenAI-compatible server; `url` ends with the API's version, such as http://localhost:8000/v1."""

    prompt_name = ANSWER_PROMPT
    control_tokens: tuple[str, ...] = ()

    def __init__(self, name: str, key: str, url: str = "") -> None:
        self.model_id = f"openai:{name}"
        self._name = name
        self._key = key
        self._url = url or OFFICIAL_URL
        self._host = urlsplit(self._url).netloc.rpartition("@")[2]

    def count_tokens(self, text: str) -> int:
        """A bound: the tokenizer of a model behind an API is not known."""
        return bound_tokens(text)

    def stream(self, prompt: Prompt, parameters: Parameters, deadline: Deadline) -> Generator[str | Ended, None, None]:
        """See `ChatModel`; fields for reasoning are not read."""
        with Exchange(self.model_id, self._host, deadline) as exchange:
            client = openai.OpenAI(
                api_key=self._key or "none", base_url=self._url, max_retries=0, http_client=exchange.client
            )
            try:
                chunks = client.chat.completions.create(**self._request(prompt, parameters), timeout=exchange.timeout)
                usage, finish = Usage(), None
                for chunk in chunks:
                    yield from _texts(chunk)
                    usage = _usage(chunk) or usage
                    finish = next((c.finish_reason for c in chunk.choices or () if c.finish_reason), finish)
            except openai.APIStatusError as error:
                raise exchange.refusal(error.status_code, error.response.headers.get("retry-after")) from error
            except openai.APIConnectionError as error:
                raise exchange.failure(error) from error
            except openai.APIError as error:
                raise exchange.refusal(_status_of(error), None) from error
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                raise explain_odd_answer(self.model_id, self._host) from error
            if finish is None:
                raise exchange.broken()
            yield Ended(usage, cut=finish == "length")

    def _request(self, prompt: Prompt, parameters: Parameters) -> dict[str, Any]:
        """Old servers know `max_tokens` only, OpenAI's reasoning models the longer name only; it has no `top_k`."""
        official = self._url == OFFICIAL_URL
        bound = "max_completion_tokens" if official else "max_tokens"
        return {
            "model": self._name,
            "messages": [
                {"role": "system", "content": prompt.system},
                *({"role": message.speaker, "content": message.text} for message in prompt.examples),
                {"role": "user", "content": prompt.request},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            bound: parameters.max_tokens,
            **parameters.sampling("temperature", "top_p", "seed"),
            "extra_body": {} if official else parameters.sampling("top_k"),
        }


def _texts(chunk: ChatCompletionChunk) -> Iterator[str]:
    """The text of a chunk; a foreign server may leave out or null any field."""
    for choice in chunk.choices or ():
        text = choice.delta.content if choice.delta else None
        if isinstance(text, str) and text:
            yield text


def _usage(chunk: ChatCompletionChunk) -> Usage | None:
    if chunk.usage is None:
        return None
    return Usage(int(chunk.usage.prompt_tokens or 0), int(chunk.usage.completion_tokens or 0))


def _status_of(error: openai.APIError) -> int:
    """The status that an error inside a stream carries, else that of a server that failed."""
    code = str(error.code or "")
    return int(code) if code.isdigit() and 400 <= int(code) <= 599 else 500
