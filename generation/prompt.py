"""The prompt: question and passages within a budget of tokens, after a versioned prompt file."""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from generation.errors import ModelFailed
from generation.events import Length
from generation.sanitize import sanitize
from retrieval.hit import Hit

ANSWER_PROMPT = "answer-1"
NATIVE_PROMPT = "answer-native-1"
NO_ANSWER = "NO ANSWER"
MESSAGE_TOKENS = 32  # what a chat template adds around two messages
PASSAGE_TOKENS = 12  # the same for a passage that is sent as a document of its own
LENGTH_RULES: dict[Length, str] = {
    "short": "Answer in one to three short sentences.",
    "normal": "Answer in up to six sentences.",
    "long": "Answer in full, in up to fifteen sentences.",
}
_PLACE = re.compile(r"\$(passages|boundary|length|question)\b")


@dataclass(frozen=True)
class PromptFile:
    """A file of `generation/prompts`: what the model is told first, and the form of a request; with its SHA-256."""

    name: str
    sha256: str
    system: str
    request: str


@dataclass(frozen=True)
class PromptPassage:
    """A passage as the model reads it, sanitised; the model cites it as [number]."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class Prompt:
    """What a model is given; `request` is the user's message with the question last.

    `passages` are those that fitted, in the order in which the model reads them, `n_dropped` counts the others.
    """

    file: PromptFile
    system: str
    request: str
    passages: tuple[PromptPassage, ...]
    n_dropped: int
    n_tokens: int


@cache
def load_prompt(name: str) -> PromptFile:
    """A prompt file by its name, which carries its version."""
    content = files("generation").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
    system, request = content.split("\n---\n", 1)
    return PromptFile(name, hashlib.sha256(content.encode()).hexdigest(), system.strip(), request.strip())


def build_prompt(
    name: str,
    question: str,
    hits: Sequence[Hit],
    length: Length,
    *,
    budget_tokens: int,
    count_tokens: Callable[[str], int],
    control_tokens: tuple[str, ...] = (),
) -> Prompt:
    """The prompt for a question: as many whole passages as fit, the worst left out, the best first and last.

    Args:
        name: The prompt file.
        question: The question.
        hits: The found passages, best first; `hits[n - 1]` is passage n.
        length: How long the answer is to be.
        budget_tokens: What prompt and chat template may take.
        count_tokens: The model's tokens of a text, or a bound above them.
        control_tokens: The model's own control tokens, which no passage may hold.

    Raises:
        ModelFailed: not even the best passage fits.
    """
    file = load_prompt(name)
    boundary = secrets.token_hex(8)
    asked = sanitize(question, control_tokens)
    fixed = {"boundary": boundary, "length": LENGTH_RULES[length], "question": asked, "passages": ""}
    n_tokens = MESSAGE_TOKENS + count_tokens(file.system) + count_tokens(_fill(file.request, fixed))
    chosen: list[PromptPassage] = []
    for number, hit in enumerate(hits, start=1):
        title = " > ".join(part for part in (hit.title, hit.heading) if part).replace("\n", " ")
        passage = PromptPassage(number, sanitize(title, control_tokens), sanitize(hit.text, control_tokens).strip())
        needed = PASSAGE_TOKENS + count_tokens(_block(passage, boundary) + "\n\n")
        if n_tokens + needed > budget_tokens:
            break
        n_tokens += needed
        chosen.append(passage)
    if not chosen:
        raise ModelFailed(
            f"Not one passage fits into the {budget_tokens} tokens that are left for the prompt; raise "
            "FOOTNOTE_MODEL_CONTEXT_TOKENS to what the model can read, or lower FOOTNOTE_MODEL_MAX_TOKENS."
        )
    ordered = _best_first_and_last(chosen)
    blocks = "\n\n".join(_block(passage, boundary) for passage in ordered)
    request = _fill(file.request, fixed | {"passages": blocks})
    return Prompt(file, file.system, request, ordered, len(hits) - len(chosen), n_tokens)


def _fill(text: str, values: dict[str, str]) -> str:
    """Put values in their places in one pass, so that nothing in a value is taken for a place."""
    return _PLACE.sub(lambda match: values[match[1]], text)


def _block(passage: PromptPassage, boundary: str) -> str:
    head = f"<<passage {passage.number} {boundary}>>"
    return f"{head}\nFrom: {passage.title}\n{passage.text}\n<<end {passage.number} {boundary}>>"


def _best_first_and_last(passages: Sequence[PromptPassage]) -> tuple[PromptPassage, ...]:
    """Ranks 1, 3, 5 … 6, 4, 2: models lose what stands in the middle.

    Source: Liu et al., Lost in the Middle, TACL 2024, https://doi.org/10.1162/tacl_a_00638
    """
    return (*passages[::2], *reversed(passages[1::2]))
