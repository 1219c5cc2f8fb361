"""Assignments made by hand, and what a model wrote for them."""

import numpy as np

from generation.events import Length
from generation.evidence import Evidence
from generation.llm import LLM
from generation.pieces import Assignment, NotePiece, Piece, SentencePiece
from retrieval.hit import Hit
from tests.generation.hits import make_hit

LEAVE = make_hit(
    "New parents receive 20 weeks of paid parental leave. Tell your manager two months before the leave begins. "
    "Ann Miller approves requests on 3 March 2026.\n",
    "leave",
    "leave-1",
    title="Leave policy",
    rank=1,
)
TRAVEL = make_hit(
    "A hotel night is paid up to 140 euros. Flights are not paid below 600 kilometres. Book trains instead.\n",
    "travel",
    "travel-1",
    title="Travel",
    rank=2,
)
QUESTION = "How many weeks of parental leave are paid?"


def assign(*hits: Hit, question: str = QUESTION, confidence: float = 0.9, length: Length = "short") -> Assignment:
    """A question over passages, the leave policy and the travel rules unless others are given."""
    evidence = Evidence(question, (), np.zeros(0, dtype=np.float32), confidence)
    return Assignment(question, hits or (LEAVE, TRAVEL), evidence, length)


def sentences(pieces: list[Piece]) -> list[SentencePiece]:
    """The sentences of what a model wrote."""
    return [piece for piece in pieces if isinstance(piece, SentencePiece)]


def notes(pieces: list[Piece]) -> list[str]:
    """The names of what is less than it could be."""
    return [piece.name for piece in pieces if isinstance(piece, NotePiece)]


def write(llm: LLM, *hits: Hit) -> list[Piece]:
    """Everything that a model writes for the question."""
    return list(llm.write(assign(*hits)))
