"""Runtime: the parts of one Footnote process, made from settings, each when it is first used."""

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Self

from api.migrate import migrate
from generation.answer import Answerer
from generation.llm import load_llm
from generation.settings import GenerationSettings
from ingest.database import Database
from ingest.embed import Embedder, load_embedder
from ingest.pipeline import Ingestion
from ingest.replica import Replica
from ingest.sandbox import Sandbox
from ingest.settings import IngestSettings
from ingest.storage import DataFolder, Originals, open_data_folder
from retrieval.search import Searcher


class Runtime:
    """What the server, the worker and the commands share; heavy parts are loaded on first use, once.

    Raises, when a part is used: StorageError, ModelMissing, InvalidInput, each saying what to do.
    """

    def __init__(self, ingest: IngestSettings, generation: GenerationSettings) -> None:
        self.ingest_settings = ingest
        self.generation_settings = generation
        self._loading = threading.RLock()
        self._closing: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened, last first."""
        while self._closing:
            self._closing.pop()()

    @cached_property
    def folder(self) -> DataFolder:
        """The data folder, made where missing."""
        return open_data_folder(Path(self.ingest_settings.data_dir))

    @cached_property
    def database(self) -> Database:
        """The database, with its tables at the newest migration."""
        with self._loading:
            assert self.folder
            url = self.ingest_settings.resolved_database_url
            migrate(url)
            database = Database(url)
            self._closing.append(database.close)
            return database

    @cached_property
    def originals(self) -> Originals:
        """The store of uploaded files."""
        return Originals(
            self.folder,
            max_bytes=self.ingest_settings.max_upload_bytes,
            min_free_bytes=self.ingest_settings.min_free_bytes,
        )

    @cached_property
    def sandbox(self) -> Sandbox:
        """Where files are parsed and pages drawn."""
        with self._loading:
            sandbox = Sandbox(self.folder.scratch)
            self._closing.append(sandbox.close)
            return sandbox

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model."""
        with self._loading:
            return load_embedder(self.ingest_settings.embedding_model, self.folder.models)

    @cached_property
    def ingestion(self) -> Ingestion:
        """What a worker needs."""
        return Ingestion(self.database, self.originals, self.sandbox, self.embedder)

    @cached_property
    def replica(self) -> Replica:
        """The search indexes, caught up with the change log."""
        with self._loading:
            replica = Replica(self.folder.indexes, self.embedder.model_id, self.embedder.dimension)
            self._closing.append(replica.close)
            with self.database.read() as session:
                replica.open(session)
            return replica

    @cached_property
    def searcher(self) -> Searcher:
        """Search over the replica."""
        return Searcher(self.replica, self.embedder)

    @cached_property
    def answerer(self) -> Answerer:
        """From a question to a stored answer."""
        return Answerer(self.database, self.searcher, load_llm(self.generation_settings.model, self.embedder))
