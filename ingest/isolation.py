"""What a process may not do once it reads a foreign file: limits, no network, no new processes, no other files.

Every step is the kernel's: resource limits everywhere, Landlock (files, signals) and seccomp (system calls)
on Linux. A step that a kernel does not offer is left out and not named in what `isolate` returns.
"""

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SIGKILL = 9
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_THREAD = 0x10000000, 0x40000000, 0x00010000

# https://docs.kernel.org/userspace-api/landlock.html
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_MAKE_SOCKET = 1 << 9
_WRITE = sum(1 << bit for bit in (1, 4, 5, 7, 8, 9, 13, 14))  # files, folders and sockets below a folder
_FS_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_RIGHTS, _SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals

# System calls that reading a file never needs, by machine.
_DENIED = {
    "x86_64": {
        "socket": 41, "connect": 42, "socketpair": 53, "fork": 57, "vfork": 58, "execve": 59, "kill": 62,
        "ptrace": 101, "setpgid": 109, "setsid": 112, "rt_sigqueueinfo": 129, "personality": 135, "chroot": 161,
        "mount": 165, "tkill": 200, "tgkill": 234, "keyctl": 250, "unshare": 272, "rt_tgsigqueueinfo": 297,
        "perf_event_open": 298, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321,
        "execveat": 322, "userfaultfd": 323, "pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_open": 434,
        "pidfd_getfd": 438,
    },
    "aarch64": {
        "mount": 40, "chroot": 51, "personality": 92, "unshare": 97, "ptrace": 117, "kill": 129, "tkill": 130,
        "tgkill": 131, "rt_sigqueueinfo": 138, "setpgid": 154, "setsid": 157, "socket": 198, "socketpair": 199,
        "connect": 203, "keyctl": 219, "execve": 221, "rt_tgsigqueueinfo": 240, "perf_event_open": 241,
        "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "execveat": 281,
        "userfaultfd": 282, "pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_open": 434, "pidfd_getfd": 438,
    },
}  # fmt: skip
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS, _AF_UNIX = 1, 38, 1


def leave_network() -> bool:
    """Move this process to a network of its own without any interface; whether the kernel allowed it.

    The process must have one thread only.
    """
    return sys.platform == "linux" and bool(_LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)


def isolate(
    *,
    memory_bytes: int,
    cpu_seconds: int,
    file_bytes: int,
    readable: Sequence[Path],
    executable: Sequence[Path] = (),
    writable: Path | None = None,
    sockets_in: Path | None = None,
) -> list[str]:
    """Give up for good all but computing and reading `readable`; the names of the kernel's means that hold.

    A child that becomes another program names what of it may be `executable`; without that nothing is. `writable`
    is a folder, `sockets_in` one where local sockets may be made, to which nothing here can connect.
    """
    held = ["limits"]
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        resource.setrlimit(limit, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    if sys.platform != "linux":
        return held
    _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return held
    if _restrict_files(readable, executable, writable, sockets_in):
        held.append("landlock")
    if _filter_system_calls(may_execute=bool(executable), local_sockets=sockets_in is not None):
        held.append("seccomp")
    return held


def _restrict_files(
    readable: Sequence[Path], executable: Sequence[Path], writable: Path | None, sockets_in: Path | None
) -> bool:
    """Allow reading beneath `readable`, and what the others say; no other access to files, TCP, foreign processes."""
    abi = _LIBC.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    rights = _FS_RIGHTS_BY_ABI[min(abi, 5)]
    attributes = struct.pack("=QQQ", rights, _NET_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _LIBC.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow(ruleset, path, _READ_FILE | _READ_DIR)
        for path in executable:
            _allow(ruleset, path, _READ_FILE | _EXECUTE)
        if writable is not None:
            _allow(ruleset, writable, (_READ_FILE | _READ_DIR | _WRITE) & rights)
        if sockets_in is not None:
            _allow(ruleset, sockets_in, _MAKE_SOCKET)
        return bool(_LIBC.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Allow the rights beneath a folder or on a file; a path that does not exist is left out."""
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = rights if path.is_dir() else rights & (_READ_FILE | _EXECUTE)
        _LIBC.syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, target), 0)
    finally:
        os.close(target)


def _filter_system_calls(*, may_execute: bool, local_sockets: bool) -> bool:
    """Refuse the denied system calls, and new processes while threads are allowed."""
    machine = platform.machine()
    if machine not in _DENIED or sys.byteorder != "little":
        return False
    program = _filter_program(machine, may_execute=may_execute, local_sockets=local_sockets)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    return bool(_LIBC.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0)


def _filter_program(machine: str, *, may_execute: bool, local_sockets: bool) -> bytes:
    """The BPF program; instructions are (code, jump if true, jump if false, value).

    Source: https://docs.kernel.org/userspace-api/seccomp_filter.html
    """

    def instruction(code: int, true: int, false: int, value: int) -> bytes:
        return struct.pack("=HBBI", code, true, false, value)

    load, jump_equal, jump_greater, jump_set, give_back = 0x20, 0x15, 0x35, 0x45, 0x06
    program = [
        instruction(load, 0, 0, 4),  # the architecture
        instruction(jump_equal, 1, 0, _AUDIT_ARCH[machine]),
        instruction(give_back, 0, 0, _KILL),
        instruction(load, 0, 0, 0),  # the number of the call
        instruction(jump_greater, 0, 1, 0x40000000),  # the x32 calls
        instruction(give_back, 0, 0, _ERRNO | _EPERM),
        instruction(jump_equal, 0, 1, _CLONE3),  # its flags cannot be seen; glibc then uses clone
        instruction(give_back, 0, 0, _ERRNO | _ENOSYS),
    ]
    denied = dict(_DENIED[machine])
    if may_execute:
        del denied["execve"]
    if local_sockets:
        program += [
            instruction(jump_equal, 0, 4, denied.pop("socket")),
            instruction(load, 0, 0, 16),  # the low half of the first argument: the family
            instruction(jump_equal, 1, 0, _AF_UNIX),
            instruction(give_back, 0, 0, _ERRNO | _EPERM),
            instruction(load, 0, 0, 0),
        ]
    for number in denied.values():
        program += [instruction(jump_equal, 0, 1, number), instruction(give_back, 0, 0, _ERRNO | _EPERM)]
    program += [
        instruction(jump_equal, 0, 3, _CLONE[machine]),
        instruction(load, 0, 0, 16),  # the low half of the first argument: clone's flags
        instruction(jump_set, 1, 0, _CLONE_THREAD),
        instruction(give_back, 0, 0, _ERRNO | _EPERM),
        instruction(give_back, 0, 0, _ALLOW),
    ]
    return b"".join(program)
