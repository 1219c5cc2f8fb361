"""The embedding model is switched under load: no search fails or mixes two models, whatever is killed meanwhile."""

import functools
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shallow_model import make_shallow_model
from sqlalchemy import Select, func, select

from api.parts import Parts
from api.runtime import Runtime
from api.settings import ApiSettings
from generation.settings import GenerationSettings
from ingest.documents import add_version
from ingest.embed import Embedder
from ingest.embedding_models import ModelChoice
from ingest.settings import IngestSettings
from ingest.tables import Embedding, EmbeddingModel, Passage, Version
from ingest.worker import run_worker
from retrieval.hit import Hit
from retrieval.options import SearchOptions
from retrieval.rerank import MaxSimReranker
from retrieval.settings import RetrievalSettings

EVERYONE = frozenset({"everyone"})
SUBJECTS = "travel leave pay hotel laptop visitor badge"
THINGS = "request refund limit deadline form approval receipt report contract allowance"
QUERIES = [f"who signs the {subject} {thing}" for subject in SUBJECTS.split()[:3] for thing in THINGS.split()[:3]]
EXPLAINED = SearchOptions(explain=True, collapse=False)
N_LOAD_THREADS = 2
N_KILLS = 2
CLOSE = 0.02  # how far scores may differ that were computed in batches of other shapes, and stored in half precision


def paragraphs(subject: str) -> str:
    """A text of about 30 passages on one subject."""
    sections = [
        f"## The {thing} for {subject}, part {part}\n\n"
        + " ".join(
            f"Rule {n} says that a {thing} for {subject} is signed by manager {part * 31 + n} within {n + part} days."
            for n in range(1, 7)
        )
        for part in range(3)
        for thing in THINGS.split()
    ]
    return "\n\n".join(sections)


@dataclass
class Searched:
    """What one search found."""

    query: str
    hits: list[Hit]


@dataclass
class Load:
    """Threads that search all the time, and what came of it."""

    runtime: Runtime
    searched: list[Searched] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, seed: int) -> None:
        while not self.stop.is_set():
            query = QUERIES[(len(self.searched) + seed) % len(QUERIES)]
            try:
                searcher = self.runtime.search().searcher
                with self.runtime.database.read() as session:
                    hits = searcher.search(session, query, EVERYONE, 5, options=EXPLAINED)
            except Exception as error:
                self.failures.append(error)
                raise
            self.searched.append(Searched(query, hits))
            time.sleep(0.1)


class Place:
    """A data folder with a server's runtime, a worker with its own models, and both embedding models."""

    def __init__(self, root: Path, model_folder: Path) -> None:
        self.settings = IngestSettings(data_dir=root)
        self.model_folder = model_folder
        self.serving, self.working = (
            Parts(self.settings, RetrievalSettings(), GenerationSettings(), ApiSettings()) for _ in range(2)
        )
        assert self.serving.models.active()
        self.runtime = Runtime(self.serving.app_parts())
        self.stop = threading.Event()
        self.worker = threading.Thread(target=run_worker, args=(self.working.ingestion, self.stop))

    def start(self) -> None:
        self.runtime.start()
        self.worker.start()

    def close(self) -> None:
        self.stop.set()
        self.worker.join()
        self.runtime.stop()
        self.working.close()
        self.serving.close()

    def upload(self, filename: str, text: str) -> None:
        """Upload a file, and wait until it is searchable."""
        originals = self.serving.originals
        staged = originals.stage(io.BytesIO(text.encode()), filename)
        with self.serving.database.write() as session:
            version_id = add_version(session, originals, staged, filename=filename).version.id
        self.wait_until(lambda: self.value(select(Version.status).where(Version.id == version_id)) == "searchable")

    def value(self, statement: Select[Any]) -> object:
        with self.serving.database.read() as session:
            return session.scalar(statement)

    def n_embedded(self, model_id: str) -> int:
        n = self.value(select(func.count()).select_from(Embedding).where(Embedding.model_id == model_id))
        assert isinstance(n, int)
        return n

    def wait_until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "it did not happen in time"
            time.sleep(0.02)

    def wait_for_growth(self, model_id: str) -> None:
        """Wait until more texts are embedded with a model than now."""
        before = self.n_embedded(model_id)
        self.wait_until(lambda: self.n_embedded(model_id) > before)

    def wait_for_model(self, model_id: str) -> None:
        """Wait until the running server searches with a model."""
        self.wait_until(lambda: self.runtime.search().replica.model_id == model_id)

    def reembed(self, *arguments: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "FOOTNOTE_DATA_DIR": str(self.settings.data_dir)}
        return subprocess.Popen(
            [sys.executable, "-m", "api.cli", "reembed", *arguments, "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def reembedded(self, *arguments: str) -> dict[str, str]:
        """Run the command to its end; the state of each model."""
        process = self.reembed(*arguments)
        output, _ = process.communicate()
        assert process.returncode == 0
        return {model["model_id"]: model["state"] for model in json.loads(output)["models"]}

    def vector_scores(self, query: str) -> dict[str, float | None]:
        """Cosines by file name, with the server's model of now."""
        with self.serving.database.read() as session:
            hits = self.runtime.search().searcher.search(session, query, EVERYONE, 20, options=SearchOptions("vector"))
        return {hit.filename: hit.vector_score for hit in hits}


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shallow_model(tmp_path_factory.mktemp("models") / "shallow")


@pytest.fixture
def place(tmp_path: Path, model_folder: Path) -> Iterator[Place]:
    place = Place(tmp_path / "data", model_folder)
    place.start()
    for subject in SUBJECTS.split():
        place.upload(f"{subject}.md", paragraphs(subject))
    yield place
    place.close()


def test_switch_under_load_with_kills_and_uploads_and_back(place: Place) -> None:
    old = place.serving.models.active()
    new = place.working.models.load(ModelChoice(str(place.model_folder), "f32"))
    load = Load(place.runtime)
    threads = [threading.Thread(target=load.run, args=(seed,)) for seed in range(N_LOAD_THREADS)]
    for thread in threads:
        thread.start()
    command = ("--model", str(place.model_folder), "--precision", "f32")
    for kill in range(N_KILLS):
        process = place.reembed(*command)
        place.wait_for_growth(new.model_id)
        process.kill()
        process.communicate()
        assert place.value(select(EmbeddingModel.state).where(EmbeddingModel.model_id == new.model_id)) == "preparing"
        place.upload(f"late-{kill}.md", f"# Note {kill}\n\nThe zebra crossing number {kill} is painted in August.")
    assert place.n_embedded(new.model_id) < place.n_embedded(old.model_id)
    states = place.reembedded(*command)
    assert states == {new.model_id: "active", old.model_id: "kept"}
    place.wait_for_model(new.model_id)
    found_with_new = place.vector_scores("when is the zebra crossing painted")
    place.upload("after.md", "# After\n\nThe zebra crossing of the yard is painted by the gardener.")
    assert place.reembedded("--back") == {old.model_id: "active", new.model_id: "kept"}
    place.wait_for_model(old.model_id)
    found_after_going_back = place.vector_scores("when is the zebra crossing painted")
    load.stop.set()
    for thread in threads:
        thread.join()

    late = {f"late-{kill}.md" for kill in range(N_KILLS)}
    assert late <= found_with_new.keys()
    assert late | {"after.md"} <= found_after_going_back.keys()
    assert load.failures == []
    with_old, with_new = Expected(place, old), Expected(place, new)
    agreeing = [(with_old.agrees(searched), with_new.agrees(searched)) for searched in load.searched]
    assert agreeing.count((False, False)) == 0
    assert agreeing.count((True, False)) > 0
    assert agreeing.count((False, True)) > 0
    assert place.reembedded("--drop-old") == {old.model_id: "active"}
    assert (place.n_embedded(new.model_id), place.n_embedded(old.model_id)) == (0, place_texts(place))


def place_texts(place: Place) -> int:
    n = place.value(select(func.count(Passage.embedding_hash.distinct())))
    assert isinstance(n, int)
    return n


class Expected:
    """What a model alone makes of queries and passages, from the vectors and codes that are stored."""

    def __init__(self, place: Place, embedder: Embedder) -> None:
        self.place, self.embedder = place, embedder
        statement = select(Passage.id, Embedding.vector).join(Embedding, Embedding.text_hash == Passage.embedding_hash)
        with place.serving.database.read() as session:
            rows = session.execute(statement.where(Embedding.model_id == embedder.model_id)).all()
        self.vectors = {passage_id: np.frombuffer(vector, dtype="<f2") for passage_id, vector in rows}
        self.scores = functools.cache(self._scores)

    def _scores(self, query: str) -> dict[int, tuple[float, float]]:
        """Cosine and MaxSim by passage id."""
        reranker = MaxSimReranker(self.embedder)
        with self.place.serving.database.read() as session:
            maxsim = reranker.score(session, query, list(self.vectors), EVERYONE, len(self.vectors))
        vector = self.embedder.embed_query(query)
        return {key: (float(own @ vector), maxsim[key]) for key, own in self.vectors.items()}

    def agrees(self, searched: Searched) -> bool:
        expected = self.scores(searched.query)
        return all(close(hit, expected[hit.passage_id]) for hit in searched.hits)


def close(hit: Hit, expected: tuple[float, float]) -> bool:
    stages = {stage.stage: stage.score for stage in hit.explanation}
    return abs(stages["vector"] - expected[0]) < CLOSE and abs(stages["maxsim"] - expected[1]) < 2 * CLOSE
