"""Which process this is, in a way that tells later whether it still runs, without mistaking another for it."""

import os
import socket
from functools import cache
from pathlib import Path


@cache
def this_process() -> str:
    """Machine, process namespace, process id and start time of this process; empty where the system has no /proc."""
    start = _start_ticks(os.getpid())
    return f"{_machine()} {os.getpid()} {start}" if start else ""


def has_vanished(process: str) -> bool:
    """Whether a process of this machine is known to be gone; False for other machines and where that is unknown."""
    if not process or not this_process():
        return False
    machine, process_id, start = process.rsplit(" ", 2)
    return machine == _machine() and _start_ticks(int(process_id)) != start


def _machine() -> str:
    return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"


def _start_ticks(process_id: int) -> str:
    """When a process started, in clock ticks since boot; empty if it does not run."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]
