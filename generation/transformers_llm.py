"""A model in this process, from a folder of safetensors: its own chat template, streaming, a stop when cancelled."""

import threading
from collections.abc import Generator
from pathlib import Path
from queue import Empty
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    StoppingCriteriaList,
    TextIteratorStreamer,
)

from generation.chat import Ended, Parameters
from generation.deadline import Deadline
from generation.errors import ProviderFailed
from generation.events import Usage
from generation.failures import explain_timeout
from generation.prompt import ANSWER_PROMPT, Prompt
from ingest.errors import InvalidInput


class TransformersChat:
    """A causal language model with a chat template, on the GPU where there is one; one answer is written at a time."""

    prompt_name = ANSWER_PROMPT

    def __init__(self, folder: Path) -> None:
        """Load it.

        Raises:
            InvalidInput: the folder holds no such model, or one that would need code of its own to run.
        """
        self.model_id = f"local:{folder}"
        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            model: Any = AutoModelForCausalLM.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype="auto"
            )
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise InvalidInput(
                f"{folder} cannot be loaded as a language model ({type(error).__name__}); set FOOTNOTE_MODEL to "
                "local: and a folder with config.json, a tokenizer and weights in safetensors."
            ) from error
        if not getattr(self._tokenizer, "chat_template", None):
            raise InvalidInput(
                f"The model in {folder} has no chat template; use one that was tuned to answer, such as …-Instruct."
            )
        self._model = model.to(device).eval()
        self._lock = threading.Lock()
        self.control_tokens = tuple(sorted(self._tokenizer.get_added_vocab(), key=len, reverse=True))

    def count_tokens(self, text: str) -> int:
        """Exactly, with the model's own tokenizer."""
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def stream(self, prompt: Prompt, parameters: Parameters, deadline: Deadline) -> Generator[str | Ended, None, None]:
        """See `ChatModel`; waits for its turn, and stops within one token when closed."""
        if not self._lock.acquire(timeout=deadline.remaining_seconds):
            raise explain_timeout(self.model_id, deadline.seconds)
        try:
            yield from self._stream(prompt, parameters, deadline)
        finally:
            self._lock.release()

    def _stream(self, prompt: Prompt, parameters: Parameters, deadline: Deadline) -> Generator[str | Ended, None, None]:
        text = self._render(prompt)
        inputs = self._tokenizer(text, return_tensors="pt", add_special_tokens=False).to(self._model.device)
        n_prompt = int(inputs["input_ids"].shape[1])
        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
        if parameters.seed is not None:
            torch.manual_seed(parameters.seed)
        writing = _Writing(self._model, dict(inputs), streamer, _sampling(parameters), parameters.max_tokens)
        thread = threading.Thread(target=writing.run, name="language-model", daemon=True)
        thread.start()
        try:
            if text.rstrip().endswith("<think>"):
                yield "<think>"
            while True:
                streamer.timeout = max(deadline.remaining_seconds, 0.001)
                try:
                    piece = next(streamer, None)
                except Empty as error:
                    raise explain_timeout(self.model_id, deadline.seconds) from error
                if piece is None:
                    break
                if piece:
                    yield piece
        finally:
            writing.stop.set()
            thread.join()
        if writing.failed:
            raise ProviderFailed(
                f"{self.model_id} could not write ({writing.failed}); is there memory enough for it? A shorter "
                "FOOTNOTE_MODEL_CONTEXT_TOKENS takes less."
            )
        yield Ended(Usage(n_prompt, writing.n_written), cut=writing.n_written >= parameters.max_tokens)

    def _render(self, prompt: Prompt) -> str:
        """The messages in the model's chat template; a template without a system role gets one message."""
        said = [{"role": message.speaker, "content": message.text} for message in prompt.examples]
        said.append({"role": "user", "content": prompt.request})
        messages = [{"role": "system", "content": prompt.system}, *said]
        joined = [{"role": "user", "content": f"{prompt.system}\n\n{said[0]['content']}"}, *said[1:]]
        for candidate in (messages, joined):
            try:
                rendered: str = self._tokenizer.apply_chat_template(
                    candidate, tokenize=False, add_generation_prompt=True
                )
            except (ValueError, TypeError, RuntimeError):
                continue
            except Exception as error:
                if type(error).__module__.partition(".")[0] != "jinja2":
                    raise
                continue
            return rendered
        raise ProviderFailed(f"The chat template of {self.model_id} cannot be used; choose another model.")


class _Writing:
    """One run of `generate`, in a thread of its own; `stop` ends it before the next token."""

    def __init__(
        self,
        model: Any,
        inputs: dict[str, Any],
        streamer: TextIteratorStreamer,
        sampling: dict[str, Any],
        max_tokens: int,
    ) -> None:
        self.stop = threading.Event()
        self.failed = ""
        self.n_written = 0
        self._model = model
        self._inputs = inputs
        self._streamer = streamer
        self._sampling = sampling
        self._max_tokens = max_tokens

    def __call__(self, input_ids: torch.Tensor, _scores: Any, **_: Any) -> torch.Tensor:
        """Called by `generate` after each token."""
        self.n_written = int(input_ids.shape[1]) - int(self._inputs["input_ids"].shape[1])
        return torch.full((input_ids.shape[0],), self.stop.is_set(), dtype=torch.bool, device=input_ids.device)

    def run(self) -> None:
        """Generate until the model ends, `max_tokens` are written, or `stop` is set."""
        try:
            with torch.inference_mode():
                self._model.generate(
                    **self._inputs,
                    streamer=self._streamer,
                    max_new_tokens=self._max_tokens,
                    stopping_criteria=StoppingCriteriaList([self]),
                    **self._sampling,
                )
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            self.failed = type(error).__name__
        finally:
            self._streamer.end()  # type: ignore[no-untyped-call]


def _sampling(parameters: Parameters) -> dict[str, Any]:
    """What `generate` is told; without a temperature the likeliest token is taken, so that answers repeat."""
    if not parameters.temperature:
        return {"do_sample": False}
    return {"do_sample": True, **parameters.sampling("temperature", "top_p", "top_k")}
