"""Gemini through Google's SDK."""

from collections.abc import Generator, Iterator
from urllib.parse import urlsplit

from google import genai
from google.genai import errors, types

from generation.chat import Ended, Parameters
from generation.deadline import Deadline
from generation.events import Usage
from generation.exchange import Exchange
from generation.failures import explain_odd_answer
from generation.prompt import ANSWER_PROMPT, Message, Prompt
from generation.token_bound import bound_tokens

OFFICIAL_URL = "https://generativelanguage.googleapis.com"


class GeminiChat:
    """A Gemini model; `url` leads to another server that speaks the same API."""

    prompt_name = ANSWER_PROMPT
    control_tokens: tuple[str, ...] = ()

    def __init__(self, name: str, key: str, url: str = "") -> None:
        self.model_id = f"gemini:{name}"
        self._name = name
        self._key = key
        self._url = url or OFFICIAL_URL
        self._host = urlsplit(self._url).netloc.rpartition("@")[2]

    def count_tokens(self, text: str) -> int:
        """A bound: counting exactly would take a request of its own."""
        return bound_tokens(text)

    def stream(self, prompt: Prompt, parameters: Parameters, deadline: Deadline) -> Generator[str | Ended, None, None]:
        """See `ChatModel`; parts that are thoughts are not given out."""
        with Exchange(self.model_id, self._host, deadline) as exchange:
            options = types.HttpOptions(
                base_url=self._url,
                timeout=max(1, int(deadline.remaining_seconds * 1000)),
                retry_options=types.HttpRetryOptions(attempts=1),
                httpx_client=exchange.client,
            )
            client = genai.Client(api_key=self._key, vertexai=False, http_options=options)
            config = types.GenerateContentConfig(
                system_instruction=prompt.system,
                temperature=parameters.temperature,
                top_p=parameters.top_p,
                top_k=parameters.top_k,
                seed=parameters.seed,
                max_output_tokens=parameters.max_tokens,
            )
            usage, finish = Usage(), None
            try:
                for chunk in client.models.generate_content_stream(
                    model=self._name, contents=_contents(prompt), config=config
                ):
                    yield from _texts(chunk)
                    usage = _usage(chunk) or usage
                    finish = next((c.finish_reason for c in chunk.candidates or () if c.finish_reason), finish)
            except errors.APIError as error:
                headers = getattr(error.response, "headers", None) or {}
                raise exchange.refusal(int(error.code or 500), headers.get("retry-after")) from error
            except (errors.UnknownApiResponseError, ValueError, TypeError, AttributeError, RecursionError) as error:
                raise explain_odd_answer(self.model_id, self._host) from error
            if finish is None:
                raise exchange.broken()
            yield Ended(usage, cut=finish == types.FinishReason.MAX_TOKENS)


def _contents(prompt: Prompt) -> list[types.Content]:
    """The examples and the request, in Gemini's words for who speaks."""
    said = [*prompt.examples, Message("user", prompt.request)]
    return [
        types.Content(role="model" if message.speaker == "assistant" else "user", parts=[types.Part(text=message.text)])
        for message in said
    ]


def _texts(chunk: types.GenerateContentResponse) -> Iterator[str]:
    for candidate in chunk.candidates or ():
        parts = candidate.content.parts if candidate.content else None
        for part in parts or ():
            if part.text and not part.thought:
                yield part.text


def _usage(chunk: types.GenerateContentResponse) -> Usage | None:
    counted = chunk.usage_metadata
    if counted is None:
        return None
    written = (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0)
    return Usage(counted.prompt_token_count or 0, written)
