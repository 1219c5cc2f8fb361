"""The prompt: question and passages within a budget of tokens, after a versioned prompt file."""

import hashlib
import itertools
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from generation.errors import ModelFailed
from generation.events import Length
from generation.pieces import Assignment
from generation.sanitize import sanitize
from ingest.errors import InvalidInput

ANSWER_PROMPT = "answer-1"
NATIVE_PROMPT = "answer-native-1"
REPAIR_PROMPT = "repair-1"
NO_ANSWER = "NO ANSWER"
MESSAGE_TOKENS = 32  # what a chat template adds around two messages
PASSAGE_TOKENS = 12  # the same for a passage that is sent as a document of its own
LENGTH_RULES: dict[Length, str] = {
    "short": "Answer in one to three short sentences.",
    "normal": "Answer in up to six sentences.",
    "long": "Answer in full, in up to fifteen sentences.",
}
_PLACE = re.compile(r"\$(passages|boundary|length|question|history|objections)\b")

Speaker = Literal["user", "assistant"]


@dataclass(frozen=True)
class Message:
    """Something said before the request: a question of the user, or an answer of the assistant."""

    speaker: Speaker
    text: str


@dataclass(frozen=True)
class PromptFile:
    """What the model is told first, the form of a request, and examples of both sides; with the file's SHA-256.

    The parts of the file stand between lines of `---`: the system message, the request, then pairs of a request and its
    answer, which are few-shot examples.
    """

    name: str
    sha256: str
    system: str
    request: str
    examples: tuple[Message, ...] = ()


@dataclass(frozen=True)
class PromptPassage:
    """A passage as the model reads it, sanitised; the model cites it as [number]."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class Prompt:
    """What a model is given; `request` is the user's message with the question last, `examples` come before it.

    `passages` are those that fitted, in the order in which the model reads them, `n_dropped` counts the others.
    """

    file: PromptFile
    system: str
    request: str
    passages: tuple[PromptPassage, ...]
    n_dropped: int
    n_tokens: int

    @property
    def examples(self) -> tuple[Message, ...]:
        """What stands between the system message and the request."""
        return self.file.examples


@cache
def load_prompt(name: str) -> PromptFile:
    """A prompt file: one of `generation/prompts` by its name, which carries its version, or a path that ends in .md.

    Raises:
        InvalidInput: there is no such file, or it has not the parts of one.
    """
    try:
        if name.endswith(".md"):
            content = Path(name).read_text(encoding="utf-8")
        else:
            content = files("generation").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"There is no prompt {name!r}; set FOOTNOTE_PROMPT to a name in generation/prompts or to the path of a "
            "file that ends in .md."
        ) from error
    system, *parts = [part.strip() for part in content.split("\n---\n")]
    if len(parts) % 2 == 0:
        raise InvalidInput(
            f"The prompt {name!r} has {1 + len(parts)} parts; it needs a system message, a request, and then pairs of "
            "a request and its answer, with a line of --- between them."
        )
    request, *examples = parts
    speakers: tuple[Speaker, ...] = ("user", "assistant")
    messages = tuple(Message(speaker, text) for speaker, text in zip(itertools.cycle(speakers), examples, strict=False))
    return PromptFile(Path(name).stem, hashlib.sha256(content.encode()).hexdigest(), system, request, messages)


def build_prompt(
    name: str,
    assignment: Assignment,
    *,
    budget_tokens: int,
    count_tokens: Callable[[str], int],
    control_tokens: tuple[str, ...] = (),
) -> Prompt:
    """The prompt for an assignment: as many whole passages as fit, the worst left out, the best first and last.

    Args:
        name: The prompt file.
        assignment: The question, its passages and how long the answer is to be; what was wrong with an earlier answer
            is told too.
        budget_tokens: What prompt and chat template may take.
        count_tokens: The model's tokens of a text, or a bound above them.
        control_tokens: The model's own control tokens, which no passage may hold.

    Raises:
        ModelFailed: not even the best passage fits.
    """
    file = load_prompt(name)
    boundary = secrets.token_hex(8)
    asked = sanitize(assignment.question, control_tokens)
    fixed = {"boundary": boundary, "length": LENGTH_RULES[assignment.length], "question": asked, "passages": ""}
    if assignment.objections:
        file = _with_repair(file)
        fixed["objections"] = "\n".join(f"- {sanitize(line, control_tokens)}" for line in assignment.objections)
    said = "\n".join((file.system, *(message.text for message in file.examples), fill(file.request, fixed)))
    n_tokens = MESSAGE_TOKENS * (1 + len(file.examples) // 2) + count_tokens(said)
    chosen: list[PromptPassage] = []
    for number, hit in enumerate(assignment.hits, start=1):
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
    request = fill(file.request, fixed | {"passages": blocks})
    return Prompt(file, file.system, request, ordered, len(assignment.hits) - len(chosen), n_tokens)


def _with_repair(file: PromptFile) -> PromptFile:
    """The prompt file whose request says what was wrong with an earlier answer, before it asks again."""
    repair = load_prompt(REPAIR_PROMPT)
    sha256 = hashlib.sha256(f"{file.sha256} {repair.sha256}".encode()).hexdigest()
    request = f"{repair.request}\n\n{file.request}"
    return PromptFile(f"{file.name}+{repair.name}", sha256, file.system, request, file.examples)


def fill(text: str, values: dict[str, str]) -> str:
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
