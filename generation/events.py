"""What answering gives out: the answer as its asker may see it, and the events on the way to it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from retrieval.hit import Hit

Verdict = Literal["supported", "partly", "unsupported", "uncited"]
Length = Literal["short", "normal", "long"]


@dataclass(frozen=True)
class CitationView:
    """Where a claim is found; `quote` is exactly the version's text from `start` to `end` (characters)."""

    document_id: str
    version_id: str
    version_sha256: str
    title: str
    filename: str
    page: int
    start: int
    end: int
    quote: str
    score: float


@dataclass(frozen=True)
class ClaimView:
    """One sentence of an answer; `start` and `end` are its characters in the answer's text."""

    text: str
    start: int
    end: int
    verdict: Verdict
    citations: tuple[CitationView, ...]


@dataclass(frozen=True)
class Usage:
    """What a model call took: tokens in and out, and cost in US dollars."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class AnswerView:
    """An answer as its asker may see it now."""

    id: str
    question: str
    query: str
    text: str
    abstained: bool
    claims: tuple[ClaimView, ...]
    hits: tuple[Hit, ...]
    model: str
    usage: Usage
    timings_ms: dict[str, float]
    degraded: tuple[str, ...]
    conversation_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The answer in the form that the API, the command line and the page share."""
        return asdict(self)


@dataclass(frozen=True)
class HitsEvent:
    """The passages that were found, best first; empty when the asker may read nothing that fits."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class TextEvent:
    """Text to append to the answer."""

    text: str


@dataclass(frozen=True)
class ClaimEvent:
    """A finished sentence of the answer, checked."""

    claim: ClaimView


@dataclass(frozen=True)
class AnswerEvent:
    """The whole answer, stored; always the last event."""

    answer: AnswerView


@dataclass(frozen=True)
class ErrorEvent:
    """The model failed; `message` says cause and action. An answer without its text still follows."""

    code: str
    message: str


Event = HitsEvent | TextEvent | ClaimEvent | AnswerEvent | ErrorEvent
