"""A small library in SQL and a replica that follows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.database import Database
from ingest.replica import Replica
from tests.ingest.published_library import DIMENSION, MODEL, PublishedLibrary


@pytest.fixture
def library(database: Database) -> PublishedLibrary:
    """An empty library."""
    return PublishedLibrary(database)


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    """Where replicas keep their files."""
    return tmp_path / "indexes"


@pytest.fixture
def replica(library: PublishedLibrary, index_folder: Path) -> Iterator[Replica]:
    """An open replica of the library."""
    replica = library.open(Replica(index_folder, MODEL, DIMENSION))
    yield replica
    replica.close()
