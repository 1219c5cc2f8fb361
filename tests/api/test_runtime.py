"""A server answers at once, says what is still loading, and keeps its indexes close to the database."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api.runtime import SearchParts
from api.settings import ApiSettings
from ingest.device import Device
from ingest.embed import Embedder
from ingest.errors import ModelMissing
from ingest.replica import Replica
from ingest.sandbox import Sandbox
from ingest.snapshot import list_snapshots, read_facts
from tests.api.office import Office, add_people, opened, serving, wait_until


@pytest.fixture
def unserved(tmp_path: Path, embedder: Embedder, sandbox: Sandbox) -> Iterator[Office]:
    """An office without a server, in which nobody waits for a search that loads."""
    with opened(tmp_path / "data", embedder, sandbox) as office:
        add_people(office.database)
        yield replace(office, parts=replace(office.parts, settings=ApiSettings(ready_wait_seconds=0)))


def test_server_answers_while_the_search_loads(unserved: Office) -> None:
    may_load = threading.Event()

    def load_slowly() -> SearchParts:
        may_load.wait(30)
        return unserved.parts.load_search()

    with serving(replace(unserved.parts, load_search=load_slowly)) as url:
        office = replace(unserved, url=url)
        with office.client("ann") as ann:
            health, ready = ann.get("/healthz"), ann.get("/readyz")
            search = ann.post("/v1/search", json={"query": "hotel"})
            may_load.set()
            wait_until(lambda: ann.get("/readyz").status_code == 200)
            later = ann.post("/v1/search", json={"query": "hotel"})

    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert (ready.status_code, ready.json()["status"], ready.json()["loading"]) == (503, "loading", ["search"])
    assert (search.status_code, search.headers["retry-after"], later.status_code) == (503, "2", 200)


def test_search_that_cannot_load_says_why(unserved: Office) -> None:
    def fail() -> SearchParts:
        raise ModelMissing("The model is not there; install it.")

    with serving(replace(unserved.parts, load_search=fail)) as url, replace(unserved, url=url).client("ann") as ann:
        wait_until(lambda: ann.get("/readyz").json()["status"] == "failing")
        search = ann.post("/v1/search", json={"query": "hotel"})
        documents = ann.get("/v1/documents")

    assert (search.status_code, search.json()["detail"]) == (503, "The model is not there; install it.")
    assert documents.status_code == 200


def test_request_waits_for_a_search_that_loads_in_time(unserved: Office) -> None:
    def load_soon() -> SearchParts:
        threading.Event().wait(0.5)
        return unserved.parts.load_search()

    parts = replace(unserved.parts, load_search=load_soon, settings=ApiSettings(ready_wait_seconds=20))
    with serving(parts) as url, replace(unserved, url=url).client("ann") as ann:
        assert ann.post("/v1/search", json={"query": "hotel"}).status_code == 200


def test_indexes_follow_changes_without_a_search(unserved: Office) -> None:
    loaded: list[SearchParts] = []

    def load() -> SearchParts:
        loaded.append(unserved.parts.load_search())
        return loaded[0]

    with serving(replace(unserved.parts, load_search=load)) as url:
        wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        unserved.add(b"# Parking\n\nThe garage opens at six.\n", "parking.md", ["everyone"])
        wait_until(lambda: loaded[0].replica.view().seq == 1)


def test_server_leaves_a_snapshot_when_it_stops(unserved: Office) -> None:
    with serving(unserved.parts) as url:
        wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        unserved.add(b"# Parking\n\nThe garage opens at six.\n", "parking.md", ["everyone"])

    newest = list_snapshots(unserved.parts.folder.indexes / "snapshots")[0]
    assert read_facts(newest)["seq"] == 1


def test_health_names_a_gpu_that_failed(unserved: Office, embedder: Embedder) -> None:
    """The device is a GPU that no machine has, so it fails when the first vectors reach it."""
    device = Device("cuda:99")
    replica = Replica(unserved.parts.folder.indexes, embedder.model_id, embedder.dimension, device)

    def load_search() -> SearchParts:
        parts = unserved.parts.load_search()
        with unserved.parts.database.read() as session:
            replica.open(session)
        return replace(parts, replica=replica)

    unserved.add(b"Hotel bills are paid by the company.\n", "hotel.txt", ["everyone"])
    unserved.work()
    with serving(replace(unserved.parts, load_search=load_search)) as url, httpx.Client(base_url=url) as client:
        wait_until(lambda: client.get("/healthz").json()["degraded"] == ["gpu_unavailable"])
    replica.close()
    device.close()
