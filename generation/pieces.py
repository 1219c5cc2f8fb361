"""What an answer is written from, and the pieces in which a model writes it."""

from dataclasses import dataclass

from generation.events import Length, Usage
from generation.evidence import Evidence
from retrieval.hit import Hit


@dataclass(frozen=True)
class Assignment:
    """A question with its passages, best first; a model cites passage `hits[n - 1]` as [n]."""

    question: str
    hits: tuple[Hit, ...]
    evidence: Evidence
    length: Length


@dataclass(frozen=True)
class Quote:
    """A stretch of a passage that a sentence rests on; characters of the version's text, score in 0..1."""

    hit: Hit
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class SentencePiece:
    """A finished sentence whose quotes are known; `lead` is the white space or bullet to write before it."""

    lead: str
    text: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class UsagePiece:
    """What the call took; sent once, at the end."""

    usage: Usage


Piece = SentencePiece | UsagePiece
