"""Locks between processes, which end with the process that holds them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.errors import StorageBusy


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock on a file that is made if absent.

    Raises:
        StorageBusy: another process holds it, and `wait` is false.
    """
    file = take_lock(path, wait=wait)
    try:
        yield
    finally:
        file.close()


def take_lock(path: Path, *, wait: bool = True, shared: bool = False) -> IO[str]:
    """An open file that holds the lock until it is closed; see `locked`. `shared` ones go side by side."""
    file = path.open("a")
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise StorageBusy(f"{path.name} is held by another process; try again when that has ended.") from error
    except BaseException:
        file.close()
        raise
    return file
