"""LLM: what writes an answer from found passages."""

from collections.abc import Iterator
from typing import Protocol

from generation.extractive import Extractive
from generation.pieces import Assignment, Piece
from ingest.errors import InvalidInput


class LLM(Protocol):
    """Writes answers; `model_id` names provider and model as `provider` or `provider:name`."""

    model_id: str

    def write(self, assignment: Assignment) -> Iterator[Piece]:
        """Write an answer piece by piece; no sentence at all means that the passages do not answer.

        Raises:
            ModelFailed: the model cannot be reached, refuses or breaks off.
        """
        ...


def load_llm(model: str) -> LLM:
    """The model that a setting such as `extractive` names.

    Raises:
        InvalidInput: there is no such provider.
    """
    if model.strip() == "extractive":
        return Extractive()
    raise InvalidInput(f"The model {model!r} is not supported; set FOOTNOTE_MODEL to extractive.")
