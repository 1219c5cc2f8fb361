"""Claude through Anthropic's SDK: passages are sent as documents, and its native citations become our markers."""

from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

import anthropic

from generation.chat import Ended, Parameters
from generation.deadline import Deadline
from generation.events import Usage
from generation.exchange import Exchange
from generation.failures import explain_odd_answer
from generation.prompt import NATIVE_PROMPT, Prompt
from generation.token_bound import bound_tokens

OFFICIAL_URL = "https://api.anthropic.com"
OVERLOADED = 529


class AnthropicChat:
    """A Claude model; `url` leads to another server that speaks the same API."""

    prompt_name = NATIVE_PROMPT
    control_tokens: tuple[str, ...] = ()

    def __init__(self, name: str, key: str, url: str = "") -> None:
        self.model_id = f"anthropic:{name}"
        self._name = name
        self._key = key
        self._url = url or OFFICIAL_URL
        self._host = urlsplit(self._url).netloc.rpartition("@")[2]

    def count_tokens(self, text: str) -> int:
        """A bound: Claude's tokenizer is not published."""
        return bound_tokens(text)

    def stream(self, prompt: Prompt, parameters: Parameters, deadline: Deadline) -> Generator[str | Ended, None, None]:
        """See `ChatModel`; the documents that a block of text cites follow it as [n]."""
        with Exchange(self.model_id, self._host, deadline) as exchange:
            client = anthropic.Anthropic(
                api_key=self._key, base_url=self._url, max_retries=0, http_client=exchange.client
            )
            try:
                reader = _Reader([passage.number for passage in prompt.passages])
                with client.messages.create(**self._request(prompt, parameters), timeout=exchange.timeout) as events:
                    yield from reader.read(events)
            except anthropic.APIStatusError as error:
                raise exchange.refusal(error.status_code, error.response.headers.get("retry-after")) from error
            except anthropic.APIConnectionError as error:
                raise exchange.failure(error) from error
            except anthropic.APIError as error:
                raise exchange.refusal(OVERLOADED, None) from error
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                raise explain_odd_answer(self.model_id, self._host) from error
            if reader.stop_reason is None:
                raise exchange.broken()
            yield Ended(Usage(reader.prompt_tokens, reader.completion_tokens), cut=reader.stop_reason == "max_tokens")

    def _request(self, prompt: Prompt, parameters: Parameters) -> dict[str, Any]:
        """Temperature, top-p and top-k are no arguments of the SDK any more; older models still take them."""
        documents = [
            {
                "type": "document",
                "title": passage.title[:200] or None,
                "source": {"type": "text", "media_type": "text/plain", "data": passage.text},
                "citations": {"enabled": True},
            }
            for passage in prompt.passages
        ]
        return {
            "model": self._name,
            "system": prompt.system,
            "messages": [
                *({"role": message.speaker, "content": message.text} for message in prompt.examples),
                {"role": "user", "content": [*documents, {"type": "text", "text": prompt.request}]},
            ],
            "max_tokens": parameters.max_tokens,
            "stream": True,
            "extra_body": parameters.sampling("temperature", "top_p", "top_k"),
        }


class _Reader:
    """Reads the events of a message; `numbers[i]` is the passage number of document i."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers
        self._cited: list[int] = []
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.stop_reason: str | None = None

    def read(self, events: Any) -> Iterator[str]:
        """Text, and markers after each block that has citations."""
        for event in events:
            if event.type == "message_start":
                self.prompt_tokens = event.message.usage.input_tokens or 0
            elif event.type == "content_block_delta":
                yield from self._read_delta(event.delta)
            elif event.type == "content_block_stop":
                yield from (f"[{number}]" for number in self._cited)
                self._cited = []
            elif event.type == "message_delta":
                self.completion_tokens = event.usage.output_tokens or 0
                self.stop_reason = event.delta.stop_reason or self.stop_reason

    def _read_delta(self, delta: Any) -> Iterator[str]:
        if delta.type == "text_delta":
            yield delta.text
        elif delta.type == "citations_delta":
            index = getattr(delta.citation, "document_index", None)
            if isinstance(index, int) and 0 <= index < len(self._numbers) and self._numbers[index] not in self._cited:
                self._cited.append(self._numbers[index])
