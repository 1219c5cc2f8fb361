"""Fixtures of the API's tests: servers over copies of one furnished office."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.embed import Embedder
from ingest.sandbox import Sandbox
from tests.api.office import (
    HIDDEN_NAME,
    HIDDEN_TEXT,
    OPEN_TEXT,
    Furnished,
    Office,
    add_people,
    opened,
    pdf_of,
    running,
)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("scratch")) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, sandbox: Sandbox) -> Furnished:
    """A data folder with people and documents, to be copied for each server."""
    root = tmp_path_factory.mktemp("furnished") / "data"
    with opened(root, embedder, sandbox) as office:
        add_people(office.database)
        open_id = office.add(OPEN_TEXT, "travel.md", ["everyone"])
        hidden_id = office.add(pdf_of(HIDDEN_TEXT), HIDDEN_NAME, ["group:finance"], collection="board")
    return Furnished(root, open_id, hidden_id)


@pytest.fixture
def office(furnished: Furnished, tmp_path: Path, embedder: Embedder, sandbox: Sandbox) -> Iterator[Office]:
    """A server of one's own: the test may change everything."""
    with running(furnished, tmp_path / "data", embedder, sandbox) as office:
        yield office


@pytest.fixture(scope="session")
def reading_office(
    furnished: Furnished, tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, sandbox: Sandbox
) -> Iterator[Office]:
    """A server that tests share which change nothing but sign-ins, keys and answers."""
    with running(furnished, tmp_path_factory.mktemp("reading") / "data", embedder, sandbox) as office:
        yield office
