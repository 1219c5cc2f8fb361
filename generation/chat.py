"""What a language model's provider must do: take a prompt and stream text, within parameters and a deadline."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

from generation.deadline import Deadline
from generation.events import Usage
from generation.prompt import Prompt


@dataclass(frozen=True)
class Parameters:
    """How a model writes; None leaves a value to the model.

    `max_tokens` bounds an answer, thinking included; `context_tokens` bounds prompt and answer together. All attempts
    of one request end within `timeout_seconds`.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    max_tokens: int = 1024
    context_tokens: int = 8192
    timeout_seconds: float = 60.0

    def to_json(self) -> dict[str, Any]:
        """The values that shape an answer, as they are stored with it."""
        return self.sampling("temperature", "top_p", "top_k", "seed") | {"max_tokens": self.max_tokens}

    def sampling(self, *names: str) -> dict[str, Any]:
        """Those of the named values that are set."""
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True)
class Ended:
    """The end of what a model wrote: tokens in and out, and whether it was `cut` at the bound on its length."""

    usage: Usage
    cut: bool = False


class ChatModel(Protocol):
    """A provider's model; `model_id` is `provider:name`, `prompt_name` the prompt that it is to be given.

    `control_tokens` are those that it treats specially and no document may hold, where they are known.
    """

    model_id: str
    prompt_name: str
    control_tokens: tuple[str, ...]

    def count_tokens(self, text: str) -> int:
        """How many tokens a text has, or a bound above it where the tokenizer is not known."""
        ...

    def stream(self, prompt: Prompt, parameters: Parameters, deadline: Deadline) -> Generator[str | Ended, None, None]:
        """The answer as it is written, without thinking that comes in fields of its own; at the end an `Ended`.

        Closing the iterator ends the provider's request. Nothing is tried again here.

        Raises:
            ProviderFailed: the provider refused, broke off, or was not done at the deadline.
        """
        ...
