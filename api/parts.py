"""Parts: what one Footnote process is made of, from settings, each made when it is first used."""

import logging
import threading
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from api.migrate import migrate
from api.runtime import AppParts, SearchParts
from api.settings import ApiSettings
from generation.answer import Answerer
from generation.chat import Parameters
from generation.llm import LLM
from generation.models import load_llm, read_access
from generation.prices import load_prices
from generation.settings import GenerationSettings
from ingest.database import Database
from ingest.device import Device, find_device
from ingest.embed import Embedder
from ingest.embedding_models import EmbeddingModels, ModelChoice, active_model
from ingest.pipeline import Ingestion
from ingest.programs import find_programs
from ingest.remote_storage import RemoteStorage
from ingest.replica import Replica
from ingest.sandbox import Sandbox
from ingest.settings import IngestSettings
from ingest.storage import DataFolder, Originals, hold_in_use, open_data_folder
from retrieval.cross_encoder import CrossEncoderReranker
from retrieval.search import Searcher
from retrieval.settings import RetrievalSettings

T = TypeVar("T")

logger = logging.getLogger(__name__)


class part(Generic[T]):  # noqa: N801 - it reads as a decorator, like property
    """A property that is made once, by whichever thread asks first."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, parts: "Parts", owner: type) -> T:
        with parts.loading:
            if self._name not in parts.__dict__:
                parts.__dict__[self._name] = self._make(parts)
            made: T = parts.__dict__[self._name]
            return made


class Parts:
    """What the server, the worker and the commands share; heavy parts are loaded on first use, once.

    Raises, when a part is used: StorageError, ModelMissing, InvalidInput, each saying what to do.
    """

    def __init__(
        self, ingest: IngestSettings, retrieval: RetrievalSettings, generation: GenerationSettings, api: ApiSettings
    ) -> None:
        self.ingest_settings = ingest
        self.retrieval_settings = retrieval
        self.generation_settings = generation
        self.api_settings = api
        self.loading = threading.RLock()
        self._closing: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened, last first."""
        while self._closing:
            self._closing.pop()()

    @part
    def folder(self) -> DataFolder:
        """The data folder, made where missing."""
        return open_data_folder(Path(self.ingest_settings.data_dir))

    @part
    def database(self) -> Database:
        """The database, with its tables at the newest migration."""
        self._closing.append(hold_in_use(self.folder).close)
        url = self.ingest_settings.resolved_database_url
        migrate(url)
        database = Database(url)
        self._closing.append(database.close)
        return database

    @part
    def originals(self) -> Originals:
        """The store of uploaded files."""
        return Originals(
            self.folder,
            max_bytes=self.ingest_settings.max_upload_bytes,
            min_free_bytes=self.ingest_settings.min_free_bytes,
            storage=self._remote_storage(),
        )

    def _remote_storage(self) -> RemoteStorage | None:
        """Where originals are kept if not in the data folder."""
        url = self.ingest_settings.originals_url
        return RemoteStorage(url, self.folder.cached_originals) if url else None

    @part
    def sandbox(self) -> Sandbox:
        """Where files are parsed and pages drawn."""
        sandbox = Sandbox(self.folder.scratch, programs=find_programs(self.ingest_settings.ocr_languages))
        self._closing.append(sandbox.close)
        return sandbox

    @part
    def models(self) -> EmbeddingModels:
        """The embedding models of the database; the settings name the first one."""
        settings = self.ingest_settings
        first = ModelChoice(settings.embedding_model, settings.embedding_precision)
        with self.database.read() as session:
            active = active_model(session)
        if active is not None and "embedding_model" in settings.model_fields_set and not first.names(active):
            logger.warning(
                "FOOTNOTE_EMBEDDING_MODEL is %s, but searches of this database use %s: run `footnote reembed --model "
                "%s` to switch, or remove the setting",
                *(first.name, active.model_id, first.name),
            )
        return EmbeddingModels(self.database, settings.models_folder, first, settings.device)

    @part
    def embedder(self) -> Embedder:
        """The embedding model that searches use when this is first asked for."""
        return self.models.active()

    @part
    def ingestion(self) -> Ingestion:
        """What a worker needs."""
        return Ingestion(self.database, self.originals, self.sandbox, self.models)

    @part
    def device(self) -> Device | None:
        """The GPU that vectors are searched on, if there is one."""
        device = find_device(self.ingest_settings.device)
        if device is not None:
            self._closing.append(device.close)
        return device

    @part
    def replica(self) -> Replica:
        """The search indexes, caught up with the change log."""
        return self._open_replica(self.embedder)

    @part
    def cross_encoder(self) -> CrossEncoderReranker | None:
        """The reranker of the settings, None where token vectors are compared; it loads with the first query."""
        name = self.retrieval_settings.reranker
        return CrossEncoderReranker(name) if name else None

    @part
    def searcher(self) -> Searcher:
        """Search over the replica."""
        return self._search_in(self.replica, self.embedder)

    @part
    def answerer(self) -> Answerer:
        """From a question to a stored answer."""
        return self._answer_from(self.searcher, self.embedder)

    def load_search(self) -> SearchParts:
        """What a server loads in the background: the model that is active now, its indexes, and answering; all new.

        Everything in it is of one embedding model.
        """
        embedder = self.models.active()
        replica = self._open_replica(embedder)
        searcher = self._search_in(replica, embedder)
        return SearchParts(replica, searcher, self._answer_from(searcher, embedder))

    def _open_replica(self, embedder: Embedder) -> Replica:
        replica = Replica(self.folder.indexes, embedder.model_id, embedder.dimension, self.device)
        self._closing.append(partial(_close_if_there, weakref.ref(replica)))
        with self.database.read() as session:
            replica.open(session)
        return replica

    def _search_in(self, replica: Replica, embedder: Embedder) -> Searcher:
        return Searcher(replica, embedder, self.cross_encoder)

    def _load_llm(self) -> LLM:
        """What writes answers; no provider is asked anything yet."""
        settings = self.generation_settings
        return load_llm(
            settings.model,
            access=read_access(settings.model_url, settings.model_key.get_secret_value()),
            parameters=Parameters(
                temperature=settings.model_temperature,
                top_p=settings.model_top_p,
                top_k=settings.model_top_k,
                seed=settings.model_seed,
                max_tokens=settings.model_max_tokens,
                context_tokens=settings.model_context_tokens,
                timeout_seconds=settings.model_timeout_seconds,
            ),
            prices=load_prices(Path(settings.model_prices) if settings.model_prices else None),
            prompt_name=settings.prompt,
        )

    def _answer_from(self, searcher: Searcher, embedder: Embedder) -> Answerer:
        settings = self.generation_settings
        return Answerer(
            self.database,
            searcher,
            embedder,
            self._load_llm(),
            policy=settings.verify,
            default_length=settings.answer_length,
        )

    def app_parts(self) -> AppParts:
        """What the web application is made of."""
        return AppParts(
            settings=self.api_settings,
            folder=self.folder,
            database=self.database,
            originals=self.originals,
            sandbox=self.sandbox,
            max_upload_bytes=self.ingest_settings.max_upload_bytes,
            load_search=self.load_search,
        )


def _close_if_there(replica: "weakref.ref[Replica]") -> None:
    """Close a replica that somebody still has."""
    if (kept := replica()) is not None:
        kept.close()
