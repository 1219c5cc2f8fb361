"""Rules of the whole suite: in CI a skipped test is a failed one, nightly tests run only when asked for, and tests
on data that is no part of the project only where it is."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from ingest.database import Base, Database
from ingest.embed import Embedder, load_embedder

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
