"""Outlook messages written byte by byte: a compound file with a long stream for each property."""

import struct
from pathlib import Path

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_MIN_STREAM_BYTES = 4_096  # shorter ones would go to the format's second, smaller kind of sector

Tree = dict[str, "bytes | Tree"]


def write_msg(path: Path, properties: Tree) -> Path:
    """A .msg file with these properties (and storages of attachments) by name, such as "__substg1.0_0037001F"."""
    streams: list[bytes] = []
    entries = [_entry("Root Entry", 5)]
    _add(properties, entries, streams, owner=0)
    directory = b"".join(entries).ljust(-(-len(entries) // 4) * _SECTOR, b"\x00")
    n_fat = 8
    chain: list[int] = [_FAT] * n_fat
    body = b""
    starts: list[int] = []
    for data in [directory, *streams]:
        n_sectors = -(-len(data) // _SECTOR)
        start = len(chain)
        starts.append(start)
        chain += [*range(start + 1, start + n_sectors), _END]
        body += data.ljust(n_sectors * _SECTOR, b"\x00")
    for i, start in enumerate(starts[1:]):
        body = body.replace(struct.pack("<I", 0xABC00000 + i), struct.pack("<I", start), 1)
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(n_fat * _SECTOR, b"\xff")
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"",
        0, n_fat, starts[0], 0, 4096, _END, 0, _END, 0, 0,
    )  # fmt: skip
    table = struct.pack("<108I", *range(1, n_fat), *[_FREE] * (109 - n_fat))
    path.write_bytes(header + table + fat + body)
    return path


def text(value: str) -> bytes:
    """A Unicode property, filled with NULs to a long stream."""
    return value.encode("utf-16-le").ljust(_MIN_STREAM_BYTES, b"\x00")


def _add(tree: Tree, entries: list[bytes], streams: list[bytes], *, owner: int) -> None:
    """Append the members of a storage, each the right sibling of the one before it."""
    previous = -1
    for name, value in tree.items():
        own = len(entries)
        if previous < 0:
            entries[owner] = entries[owner][:76] + struct.pack("<I", own) + entries[owner][80:]
        else:
            entries[previous] = entries[previous][:72] + struct.pack("<I", own) + entries[previous][76:]
        previous = own
        if isinstance(value, bytes):
            assert len(value) >= _MIN_STREAM_BYTES
            entries.append(_entry(name, 2, start=0xABC00000 + len(streams), size=len(value)))
            streams.append(value)
        else:
            entries.append(_entry(name, 1))
            _add(value, entries, streams, owner=own)


def _entry(name: str, kind: int, *, start: int = _END, size: int = 0) -> bytes:
    """A directory entry (kind 1: storage, 2: stream, 5: root)."""
    encoded = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sIQQIQ", encoded, len(encoded) + 2, kind, 1, _FREE, _FREE, _FREE, b"", 0, 0, 0, start, size
    )
