"""Cascade: the cheapest model first; the next is asked only when it does not answer, or not well enough."""

import logging
from collections.abc import Generator, Sequence
from dataclasses import replace

from generation.deadline import Deadline
from generation.errors import ModelFailed
from generation.llm import LLM
from generation.pieces import Assignment, CallPiece, NotePiece, Piece, SentencePiece, Turn, UsagePiece

logger = logging.getLogger(__name__)

MODEL_FAILED = "model_failed"


class Cascade:
    """Models in the order in which they are asked; all of them together have `timeout_seconds`.

    What a model before the last writes is read to its end before any of it is shown. It stands when there is a sentence
    and every sentence is supported, at least partly, by what it cites.
    """

    def __init__(self, members: Sequence[LLM], timeout_seconds: float) -> None:
        self.model_id = " > ".join(member.model_id for member in members)
        self._members = tuple(members)
        self._timeout_seconds = timeout_seconds

    def write(self, assignment: Assignment) -> Generator[Piece, None, None]:
        """See `LLM`; the usage of models that were asked in vain is counted too."""
        assignment = replace(assignment, deadline=assignment.deadline or Deadline(self._timeout_seconds))
        for member in self._members[:-1]:
            pieces = yield from self._try(member, assignment)
            if _stands(pieces):
                yield from pieces
                return
            yield from (piece for piece in pieces if isinstance(piece, UsagePiece))
        last = self._members[-1]
        yield CallPiece(last.model_id, "", "")
        yield from last.write(assignment)

    def rewrite(self, turns: Sequence[Turn], question: str) -> str:
        """See `LLM`; by the second model, which is the cheapest that may be a language model."""
        return self._members[1].rewrite(turns, question)

    def _try(self, member: LLM, assignment: Assignment) -> Generator[Piece, None, list[Piece]]:
        """All that a model writes; nothing when it fails."""
        pieces: list[Piece] = [CallPiece(member.model_id, "", "")]
        try:
            pieces.extend(member.write(assignment))
        except ModelFailed as error:
            logger.warning("%s failed, the next model is asked: %s", member.model_id, error)
            yield NotePiece(MODEL_FAILED)
            return []
        return pieces


def _stands(pieces: Sequence[Piece]) -> bool:
    """Whether an answer needs no better one."""
    sentences = [piece for piece in pieces if isinstance(piece, SentencePiece)]
    return bool(sentences) and all(
        bool(piece.quotes) and piece.support in (None, "supported", "partly") for piece in sentences
    )
