"""Slowing down whoever guesses passwords, without locking out the person whose password it is."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from api.errors import TooManyTries

FREE_TRIES = 5
FREE_TRIES_PER_ADDRESS = 50
MAX_WAIT_SECONDS = 60
FORGET_SECONDS = 15 * 60
MAX_ENTRIES = 10_000


@dataclass(frozen=True)
class _Failures:
    """How often in a row, and when last (seconds of the clock)."""

    count: int
    last: float


class SignInThrottle:
    """Counts failed sign-ins per e-mail address and network address, and per network address alone.

    After `FREE_TRIES` failures each further try has to wait, 1, 2, 4 … up to `MAX_WAIT_SECONDS`. Somebody at another
    network address is not held up, and all is forgotten after `FORGET_SECONDS`. Kept in memory: one server's view.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def begin(self, email: str, address: str) -> None:
        """Count a try as failed until `succeeded` says otherwise, so that tries in parallel count too.

        Raises:
            TooManyTries: the wait is not over; this try is not counted.
        """
        keys = self._keys(email, address)
        with self._lock:
            now = self._clock()
            wait = max(self._wait(key, free, now) for key, free in keys)
            if wait > 0:
                seconds = int(wait) + 1
                raise TooManyTries(f"Too many failed sign-ins; wait {seconds} seconds and try again.", seconds)
            for key, _ in keys:
                self._failures[key] = _Failures(self._count(key, now) + 1, now)
                self._failures.move_to_end(key)
            while len(self._failures) > MAX_ENTRIES:
                self._failures.popitem(last=False)

    def succeeded(self, email: str, address: str) -> None:
        """Forget the failures of this person at this address, and take the try off the address's count."""
        (person, _), (everybody, _) = self._keys(email, address)
        with self._lock:
            self._failures.pop(person, None)
            counted = self._failures.get(everybody)
            if counted is not None:
                self._failures[everybody] = _Failures(counted.count - 1, counted.last)

    @staticmethod
    def _keys(email: str, address: str) -> list[tuple[tuple[str, str], int]]:
        return [((email.strip().lower()[:320], address), FREE_TRIES), (("", address), FREE_TRIES_PER_ADDRESS)]

    def _count(self, key: tuple[str, str], now: float) -> int:
        failures = self._failures.get(key)
        return failures.count if failures is not None and now - failures.last < FORGET_SECONDS else 0

    def _wait(self, key: tuple[str, str], free: int, now: float) -> float:
        """Seconds until the next try is heard."""
        count = self._count(key, now)
        if count < free:
            return 0
        pause = min(MAX_WAIT_SECONDS, 2 ** min(count - free, 10))
        return float(max(0.0, self._failures[key].last + pause - now))
