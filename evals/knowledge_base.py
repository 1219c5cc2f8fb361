"""A temporary knowledge base: the product's own ingestion and search over files, gone when it is closed."""

import io
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.database import Base, Database
from ingest.documents import DEFAULT_COLLECTION, add_version
from ingest.embed import Embedder, load_embedder
from ingest.embedding_models import EmbeddingModels
from ingest.jobs import BACKFILL
from ingest.pipeline import Ingestion
from ingest.replica import Replica
from ingest.sandbox import Sandbox
from ingest.settings import IngestSettings
from ingest.storage import DataFolder, Originals, open_data_folder
from ingest.worker import run_worker
from retrieval.search import Searcher

EVERYONE = frozenset({"everyone"})


@dataclass(frozen=True)
class KnowledgeBase:
    """The parts of one knowledge base in one process, without people and HTTP."""

    folder: DataFolder
    ingestion: Ingestion
    replica: Replica
    searcher: Searcher

    @property
    def database(self) -> Database:
        """The database of documents and passages."""
        return self.ingestion.database

    def add(
        self,
        content: bytes,
        filename: str,
        *,
        collection: str = DEFAULT_COLLECTION,
        readers: Collection[str] = EVERYONE,
    ) -> str:
        """Record an upload; returns the document's id. It is searchable after `work()`."""
        staged = self.ingestion.originals.stage(io.BytesIO(content), filename)
        with self.database.write() as session:
            added = add_version(
                session,
                self.ingestion.originals,
                staged,
                filename=filename,
                collection=collection,
                readers=readers,
                priority=BACKFILL,
            )
        return added.document.id

    def add_folder(self, root: Path, pattern: str = "**/*") -> int:
        """Record every file below a folder under its path in it; returns how many."""
        paths = [path for path in sorted(root.glob(pattern)) if path.is_file()]
        for path in paths:
            self.add(path.read_bytes(), path.relative_to(root).as_posix())
        return len(paths)

    def work(self) -> None:
        """Do every job that waits."""
        run_worker(self.ingestion, threading.Event(), until_idle=True)


def load_own_embedder(settings: IngestSettings) -> Embedder:
    """The embedding model of the settings, from where the product keeps it."""
    return load_embedder(
        settings.embedding_model,
        settings.models_folder,
        precision=settings.embedding_precision,
        device=settings.device,
    )


@contextmanager
def temporary_knowledge_base(embedder: Embedder, database_url: str | None = None) -> Iterator[KnowledgeBase]:
    """Open an empty knowledge base in a temporary folder, on SQLite unless a URL is given; nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="footnote-") as root:
        folder = open_data_folder(Path(root))
        database = Database(database_url or f"sqlite:///{folder.root / 'footnote.db'}")
        Base.metadata.create_all(database.engine)
        originals = Originals(folder, max_bytes=100_000_000, min_free_bytes=0)
        replica = Replica(folder.indexes, embedder.model_id, embedder.dimension)
        with database.read() as session:
            replica.open(session)
        try:
            with Sandbox(folder.scratch) as sandbox:
                yield KnowledgeBase(
                    folder=folder,
                    ingestion=Ingestion(database, originals, sandbox, EmbeddingModels.of(database, embedder)),
                    replica=replica,
                    searcher=Searcher(replica, embedder),
                )
        finally:
            replica.close()
            database.close()
