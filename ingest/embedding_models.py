"""The embedding models of a database: the one that searches use, and others that passages are embedded with."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.batch_vectors import PrecisionChoice
from ingest.database import Database, lock_changes
from ingest.device import DeviceChoice
from ingest.embed import Embedder, load_embedder
from ingest.errors import ModelMissing
from ingest.tables import EmbeddingModel, TokenCodebook
from ingest.token_codec import PIECE_DIMENSIONS, TokenCodec

logger = logging.getLogger(__name__)

IN_USE = ("active", "kept", "preparing")


@dataclass(frozen=True)
class ModelChoice:
    """A model as people name it: by bundled name, hub name or folder, and in which precision it shall run."""

    name: str
    precision: PrecisionChoice = "auto"

    def names(self, row: EmbeddingModel) -> bool:
        """Whether a stored model is of this name, in whatever precision."""
        return row.name == (str(Path(self.name).resolve()) if Path(self.name).is_dir() else self.name)


class EmbeddingModels:
    """Loads the models that a database names; one instance serves every thread.

    A model is known by its id, in every process on the database: files that changed under a name are refused, because
    their vectors could not be compared with those that are stored.
    """

    def __init__(
        self, database: Database, cache_folder: Path, first: ModelChoice, device: DeviceChoice = "auto"
    ) -> None:
        """`first` becomes the active model of a database that has none; the other arguments are `load_embedder`'s."""
        self._database = database
        self._cache_folder = cache_folder
        self._first = first
        self._device: DeviceChoice = device
        self._lock = threading.Lock()
        self._loaded: dict[str, Embedder] = {}
        self._unusable: set[str] = set()

    @classmethod
    def of(cls, database: Database, embedder: Embedder) -> "EmbeddingModels":
        """Models of a database whose first one is loaded already."""
        models = cls(database, Path(), ModelChoice(embedder.name, embedder.precision))
        models._loaded[embedder.model_id] = embedder
        return models

    def active(self) -> Embedder:
        """The model that searches use.

        Raises:
            ModelMissing: it cannot be loaded on this machine; the text says what to do.
        """
        with self._database.read() as session:
            row = active_model(session)
        return self._load_row(row or self._begin_with_first())

    def in_use(self) -> list[Embedder]:
        """The models that passages are embedded with, the active one first.

        One that searches do not use, and that cannot be loaded on this machine, is left out.

        Raises:
            ModelMissing: the active one cannot be loaded.
        """
        embedders = [self.active()]
        with self._database.read() as session:
            others = [row for row in models_in_use(session) if row.model_id != embedders[0].model_id]
        for row in others:
            try:
                embedders.append(self._load_row(row))
            except ModelMissing as missing:
                self._note_unusable(row.model_id, missing)
        self._forget_all_but(embedders)
        return embedders

    def load(self, choice: ModelChoice) -> Embedder:
        """Any model, for this database: packed token vectors can be read by every process on it.

        Raises:
            ModelMissing: its files cannot be found; the text says what to do.
        """
        with self._lock:
            return self._load(choice)

    def _load(self, choice: ModelChoice) -> Embedder:
        for known in self._loaded.values():
            if (known.name, known.precision) == (choice.name, choice.precision):
                return known
        embedder = load_embedder(choice.name, self._cache_folder, precision=choice.precision, device=self._device)
        embedder = self._loaded.setdefault(embedder.model_id, embedder)
        own = embedder.codec
        with self._database.write() as session:
            embedder.codec = shared_codec(session, embedder.model_id, own)
        return embedder

    def _load_row(self, row: EmbeddingModel) -> Embedder:
        with self._lock:
            if row.model_id in self._loaded:
                return self._loaded[row.model_id]
            embedder = self._load(ModelChoice(row.name, row.precision))  # type: ignore[arg-type]  # as it was stored
            if embedder.model_id != row.model_id:
                raise ModelMissing(
                    f"{row.name}: the vectors of this database are of {row.model_id}, but what is here now is "
                    f"{embedder.model_id}. Put the old files back, or run `footnote reembed --model {row.name}`."
                )
            return embedder

    def _begin_with_first(self) -> EmbeddingModel:
        """Make the first model the active one, unless another process did so meanwhile."""
        embedder = self.load(self._first)
        with self._database.write() as session:
            lock_changes(session)
            row = active_model(session)
            if row is None:
                row = EmbeddingModel(
                    model_id=embedder.model_id, name=embedder.name, precision=embedder.precision, state="active"
                )
                session.add(row)
                session.flush()
        return row

    def _forget_all_but(self, embedders: Sequence[Embedder]) -> None:
        """Let go of models that the database does not use any more."""
        with self._lock:
            self._loaded = {embedder.model_id: embedder for embedder in embedders}

    def _note_unusable(self, model_id: str, missing: ModelMissing) -> None:
        """Say once that a model which searches do not use cannot be loaded."""
        if model_id not in self._unusable:
            self._unusable.add(model_id)
            logger.warning("New passages are not embedded with %s here: %s", model_id, missing)


def active_model(session: Session) -> EmbeddingModel | None:
    """The model that searches use; None before the first was loaded."""
    return session.scalar(select(EmbeddingModel).where(EmbeddingModel.state == "active"))


def models_in_use(session: Session) -> list[EmbeddingModel]:
    """The models that passages are embedded with: the active one first, the others oldest first."""
    rows = session.scalars(select(EmbeddingModel).where(EmbeddingModel.state.in_(IN_USE)))
    return sorted(rows, key=lambda row: (row.state != "active", row.since, row.model_id))


def shared_codec(session: Session, model_id: str, own: TokenCodec) -> TokenCodec:
    """The codec that this database uses with a model; `own` becomes it when there is none yet.

    Machines that compute a little differently would train a little differently, and codes only mean something under
    the codebook that made them. Belongs in a write session.
    """
    stored = session.get(TokenCodebook, model_id)
    if stored is None:
        session.add(TokenCodebook(model_id=model_id, codebook=own.codebook.astype("<f4").tobytes()))
        return own
    codebook = np.frombuffer(stored.codebook, dtype="<f4").reshape(-1, 16, PIECE_DIMENSIONS)
    return TokenCodec(codebook.astype(np.float32))
