"""Real parts for the tests of answering: a SQLite database, stored documents, the embedding model."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import generation.tables  # noqa: F401  so that its tables are made
from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from generation.answer import Answerer
from generation.extractive import Extractive
from ingest.database import Base, Database
from ingest.embed import Embedder, load_embedder
from ingest.tables import AclEntry, Document, Page, Version
from retrieval.hit import Hit
from tests.generation.hits import StoreDocument, make_hit


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'footnote.db'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def store_document(database: Database) -> StoreDocument:
    """Store a one-page document and give the hit that finding all of its text would give."""

    def store(text: str, *, readers: tuple[str, ...] = ("everyone",), title: str = "Handbook", rank: int = 1) -> Hit:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        with database.write() as session:
            document = Document(collection="default", source=title, filename=f"{title}.md", title=title)
            session.add(document)
            session.flush()
            session.add_all(AclEntry(document_id=document.id, principal=reader) for reader in readers)
            version = Version(
                document_id=document.id,
                number=1,
                sha256=sha256,
                size_bytes=len(text),
                filename=document.filename,
                status="searchable",
                n_pages=1,
                n_passages=1,
            )
            session.add(version)
            session.flush()
            session.add(Page(version_id=version.id, number=1, start=0, text=text))
            document.current_version_id = version.id
        return make_hit(text, document.id, version.id, sha256=sha256, title=title, rank=rank)

    return store


@pytest.fixture(scope="session")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder("all-MiniLM-L6-v2", tmp_path_factory.getbasetemp().parent / "footnote-model")


@pytest.fixture(scope="module")
def knowledge_base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        yield base


@pytest.fixture(scope="module")
def answerer(knowledge_base: KnowledgeBase, embedder: Embedder) -> Answerer:
    return Answerer(knowledge_base.database, knowledge_base.searcher, embedder, Extractive())
