"""What a running server holds: its parts, and the search that loads and follows changes in the background."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from api.errors import NotReady
from api.settings import ApiSettings
from api.throttle import SignInThrottle
from generation.answer import Answerer
from ingest.database import Database
from ingest.embedding_models import active_model
from ingest.errors import FootnoteError, StorageBusy
from ingest.replica import Replica
from ingest.sandbox import Sandbox
from ingest.storage import DataFolder, Originals
from retrieval.search import Searcher

logger = logging.getLogger(__name__)

FOLLOW_SECONDS = 0.5
RETRY_LOAD_SECONDS = 10.0
SNAPSHOT_CHANGES = 200
SNAPSHOT_SECONDS = 300.0


@dataclass(frozen=True)
class SearchParts:
    """What finding and answering need; seconds to load, so a server loads it after it has started to answer."""

    replica: Replica
    searcher: Searcher
    answerer: Answerer


@dataclass(frozen=True)
class AppParts:
    """What a server is made of.

    Everything belongs to whoever made it, who closes it after the server has stopped. `load_search` is called in a
    background thread, again after a pause when it fails, and anew when the embedding model was switched.
    `max_upload_bytes` is the limit of `originals`.
    """

    settings: ApiSettings
    folder: DataFolder
    database: Database
    originals: Originals
    sandbox: Sandbox
    max_upload_bytes: int
    load_search: Callable[[], SearchParts]


class Runtime:
    """The parts of a running server and its background thread; `start` and `stop` are called by the app."""

    def __init__(self, parts: AppParts) -> None:
        self.parts = parts
        self.throttle = SignInThrottle()
        self._stop = threading.Event()
        self._settled = threading.Event()
        self._search: SearchParts | None = None
        self._failure: FootnoteError | None = None
        self._thread = threading.Thread(target=self._run, name="index-follower")

    @property
    def database(self) -> Database:
        """The database."""
        return self.parts.database

    def start(self) -> None:
        """Begin to load the search and follow changes, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after a last snapshot; streams end at their next step."""
        self._stop.set()
        self._thread.join()

    @property
    def stopping(self) -> bool:
        """Whether the server is going down."""
        return self._stop.is_set()

    def loading(self) -> list[str]:
        """What is not loaded yet; empty when everything answers."""
        return [] if self._search is not None else ["search"]

    def degraded(self) -> list[str]:
        """Names of what works, but not as it should: `gpu_unavailable` when vectors are searched on the CPU instead,
        `embedding_model_behind` when searches use the model before the last switch, because loading the new one failed.
        """
        name = self._search.replica.view().vectors.degraded if self._search is not None else None
        behind = "embedding_model_behind" if self._search is not None and self._failure is not None else None
        return [name for name in (name, behind) if name is not None]

    def failure(self) -> str | None:
        """Why loading failed, while it is being tried again."""
        return None if self._failure is None else str(self._failure)

    def search(self) -> SearchParts:
        """The loaded search; waits for it for `ready_wait_seconds` at most.

        Raises:
            NotReady: it is still loading.
            FootnoteError: what kept it from loading.
        """
        if self._search is None:
            self._settled.wait(self.parts.settings.ready_wait_seconds)
        if self._search is not None:
            return self._search
        if self._failure is not None:
            raise self._failure
        raise NotReady("The search indexes are still loading; try again in a few seconds.")

    def _run(self) -> None:
        """Load the search, follow changes, and load it again when the embedding model was switched.

        Whoever has the search keeps it to the end of a request, so that nothing mixes two models.
        """
        while not self._stop.is_set():
            if not self._load():
                self._stop.wait(RETRY_LOAD_SECONDS)
            if self._search is not None:
                _Follower(self.database, self._search.replica, self._stop).run()

    def _load(self) -> bool:
        """Load the search with the model that is active now; an older one stays in use until that is done."""
        started = time.monotonic()
        try:
            self._search = self.parts.load_search()
            self._failure = None
            logger.info(
                "loaded the search with %s in %.1f s", self._search.replica.model_id, time.monotonic() - started
            )
        except FootnoteError as error:
            self._failure = error
            logger.error("loading the search failed, will try again: %s", error)
        except Exception as error:
            self._failure = FootnoteError(f"Loading the search failed ({type(error).__name__}); see the server's log.")
            logger.exception("loading the search failed, will try again")
        self._settled.set()
        return self._failure is None


class _Follower:
    """Keeps a replica close to the log's head between searches, and writes snapshots of it."""

    def __init__(self, database: Database, replica: Replica, stop: threading.Event) -> None:
        self._database, self._replica, self._stop = database, replica, stop
        self._saved_seq = replica.view().seq
        self._saved_at = time.monotonic()

    def run(self) -> None:
        """Follow until the server stops or the embedding model is switched.

        What was built at the start, or came last, is saved too.
        """
        self._snapshot()
        while not self._stop.wait(FOLLOW_SECONDS):
            if self._is_switched():
                return
            self._catch_up()
            n_unsaved, age = self._replica.view().seq - self._saved_seq, time.monotonic() - self._saved_at
            if n_unsaved >= SNAPSHOT_CHANGES or (n_unsaved > 0 and age >= SNAPSHOT_SECONDS):
                self._snapshot()
        self._catch_up()
        self._snapshot()

    def _is_switched(self) -> bool:
        """Whether searches shall use another embedding model by now."""
        try:
            with self._database.read() as session:
                active = active_model(session)
        except Exception:
            logger.exception("asking for the embedding model failed, will try again")
            return False
        return active is not None and active.model_id != self._replica.model_id

    def _catch_up(self) -> None:
        try:
            with self._database.read() as session:
                self._replica.catch_up(session)
                self._replica.forget(session)
        except Exception:
            logger.exception("following the change log failed, will try again")

    def _snapshot(self) -> None:
        """Write a snapshot of what is new; another process that writes them, or a full disk, is only noted."""
        seq = self._replica.view().seq
        try:
            self._replica.snapshot()
        except StorageBusy:
            logger.info("another process writes the index snapshots")
        except (OSError, FootnoteError) as error:
            logger.warning("the index snapshot was not written: %s", error)
        self._saved_seq, self._saved_at = seq, time.monotonic()
