"""LLM: what writes an answer from found passages."""

from collections.abc import Generator, Sequence
from typing import Protocol

from generation.pieces import Assignment, Piece, Turn


class LLM(Protocol):
    """Writes answers; `model_id` names provider and model as `provider` or `provider:name`."""

    model_id: str

    def write(self, assignment: Assignment) -> Generator[Piece, None, None]:
        """Write an answer piece by piece; no sentence at all means that the passages do not answer.

        Closing the iterator stops the model.

        Raises:
            ModelFailed: the model cannot be reached, refuses or breaks off.
        """
        ...

    def rewrite(self, turns: Sequence[Turn], question: str) -> str:
        """A question that follows `turns`, oldest first, as one that stands alone; always an answer, never an error."""
        ...
