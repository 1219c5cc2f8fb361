"""What an answer is written from, and the pieces in which a model writes it."""

from dataclasses import dataclass, field
from typing import Any

from generation.deadline import Deadline
from generation.events import Length, Usage, Verdict
from generation.evidence import Evidence
from retrieval.hit import Hit


@dataclass(frozen=True)
class Assignment:
    """A question with its passages, best first; a model cites passage `hits[n - 1]` as [n].

    `deadline` is that of the request where several models share it; else each call has its own. `objections` are what
    was wrong with an answer that the model gave before, a line each; empty the first time.
    """

    question: str
    hits: tuple[Hit, ...]
    evidence: Evidence
    length: Length
    deadline: Deadline | None = None
    objections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A question that was asked before in the same conversation, as it was searched, and its answer."""

    query: str
    answer: str


@dataclass(frozen=True)
class Quote:
    """A stretch of a passage that a sentence rests on; characters of the version's text, score in 0..1."""

    hit: Hit
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class SentencePiece:
    """A finished sentence whose quotes are known; `lead` is the white space or bullet to write before it.

    `support` is how far the quotes support it, None where the sentence is a quote word for word; `doubt` says in words
    what speaks against it.
    """

    lead: str
    text: str
    quotes: tuple[Quote, ...]
    support: Verdict | None = None
    doubt: str = ""


@dataclass(frozen=True)
class CallPiece:
    """A call of a model begins: which one, with which prompt file and parameters; sent first."""

    model_id: str
    prompt: str
    prompt_sha256: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NotePiece:
    """Something that makes the answer less than it could be, by a name for `degraded`."""

    name: str


@dataclass(frozen=True)
class UsagePiece:
    """What a call took; sent once a call, at the end."""

    usage: Usage


@dataclass(frozen=True)
class RawPiece:
    """All that the model wrote in a call, before anything was cut, checked or removed; sent at the end, once a call."""

    text: str


Piece = SentencePiece | CallPiece | NotePiece | UsagePiece | RawPiece
