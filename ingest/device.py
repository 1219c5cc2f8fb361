"""The accelerator, if there is one: which, and a thread that does the work on it and notices when it goes away.

PyTorch is imported only where a driver is there, because a process without a GPU never needs it.
"""

import logging
import math
import queue
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from ingest.errors import InvalidInput

logger = logging.getLogger(__name__)

DeviceChoice = Literal["auto", "cpu", "cuda"]
ANSWER_SECONDS = 4.0  # a device that takes longer is as good as gone: nothing waits 5 s for it
RETRY_SECONDS = 60.0

T = TypeVar("T")


class DeviceLost(Exception):
    """The device failed or does not answer: what was asked of it has to be done without it."""


@dataclass(frozen=True)
class _Work:
    generation: int
    run: Callable[[int], Any]
    answer: Future[Any]


class Device:
    """A PyTorch device, and one thread that does all work on it, in order. Safe in any thread.

    After a failure it is left alone for `retry_seconds`, and what was stored on it counts as gone: `generation` grows.
    """

    def __init__(self, name: str, *, retry_seconds: float = RETRY_SECONDS) -> None:
        """`name` is PyTorch's: cuda, or cpu, which runs the same code without a GPU."""
        self.name = name
        self.generation = 0
        self._retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._failure: str | None = None
        self._failed_at = 0.0
        self._start_thread()

    @property
    def failure(self) -> str | None:
        """Why it is not in use; None when all is well."""
        return self._failure

    def usable(self) -> bool:
        """Whether to ask it: it works, or failed so long ago that this caller shall try whether it is back."""
        with self._lock:
            if self._failure is None:
                return True
            if time.monotonic() - self._failed_at < self._retry_seconds:
                return False
            self._failed_at = time.monotonic()
            return True

    def run(self, work: Callable[[int], T]) -> Future[T]:
        """Have the thread do something in its turn; it is told the generation it is done for.

        What PyTorch raises in it means that the device is lost.
        """
        answer: Future[T] = Future()
        with self._lock:
            self._waiting.put(_Work(self.generation, work, answer))
        return answer

    def wait(self, answer: Future[T], seconds: float = ANSWER_SECONDS) -> T:
        """What the work gave.

        Raises:
            DeviceLost: the device failed, or took longer than `seconds`.
        """
        generation = self.generation
        try:
            return answer.result(seconds)
        except TimeoutError:
            self._lose(generation, f"no answer within {seconds:g} s", stuck=True)
            raise DeviceLost(f"{self.name} did not answer") from None

    def close(self) -> None:
        """End the thread; a search that still comes is answered without the device."""
        with self._lock:
            self.generation += 1
            self._failure, self._failed_at = "it was closed", math.inf
            self._waiting.put(None)
        self._thread.join(ANSWER_SECONDS)

    def _start_thread(self) -> None:
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._serve, args=[self._waiting], name=f"device-{self.name}", daemon=True
        )
        self._thread.start()

    def _serve(self, waiting: "queue.SimpleQueue[_Work | None]") -> None:
        while (work := waiting.get()) is not None:
            if work.generation != self.generation:
                work.answer.set_exception(DeviceLost(f"{self.name} was lost before it came to this"))
                continue
            try:
                given = work.run(work.generation)
            except DeviceLost as lost:
                work.answer.set_exception(lost)
            except (RuntimeError, AssertionError) as error:  # PyTorch's out of memory, CUDA errors, and no CUDA at all
                self._lose(work.generation, f"{type(error).__name__}: {error}".splitlines()[0])
                work.answer.set_exception(DeviceLost(str(error)))
            else:
                self._note_success(work.generation)
                work.answer.set_result(given)

    def _lose(self, generation: int, reason: str, *, stuck: bool = False) -> None:
        with self._lock:
            if generation != self.generation:
                return  # somebody noticed before
            self.generation += 1
            self._failure = reason
            self._failed_at = time.monotonic()
            if stuck:
                self._waiting.put(None)
                self._start_thread()
        logger.warning("The device %s failed, vectors are searched on the CPU: %s", self.name, reason)

    def _note_success(self, generation: int) -> None:
        with self._lock:
            if self._failure is None or generation != self.generation:
                return
            self._failure = None
        logger.info("The device %s answers again", self.name)


def find_device(choice: DeviceChoice) -> Device | None:
    """The device that vectors are searched on, None for the CPU.

    Raises:
        InvalidInput: a GPU is demanded where none can be used.
    """
    if choice == "cpu":
        return None
    if has_gpu():
        return Device("cuda")
    if choice == "cuda":
        raise InvalidInput(
            "FOOTNOTE_DEVICE is cuda, but PyTorch sees no GPU here: install a CUDA build of torch and the driver, or "
            "set FOOTNOTE_DEVICE to auto or cpu."
        )
    return None


def has_gpu() -> bool:
    """Whether there is an NVIDIA GPU that PyTorch can use; torch is imported only if a driver is there."""
    if shutil.which("nvidia-smi") is None and not Path("/proc/driver/nvidia/version").exists():
        return False
    import torch  # heavy, and useless without a driver

    return torch.cuda.is_available()
