"""The compressed RTF of Outlook's messages.

Source: [MS-OXRTFCP] RTF Compression Algorithm, https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxrtfcp
"""

import struct

_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain"
    b"\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4096
_MAX_BYTES = 50_000_000


def decompress_rtf(packed: bytes) -> bytes:
    """The RTF; as much as there is where it is cut off, b"" for anything else."""
    if len(packed) < 16:
        return b""
    _, size, kind, _ = struct.unpack_from("<IIII", packed)
    if kind == _PLAIN:
        return packed[16 : 16 + size]
    if kind != _COMPRESSED:
        return b""
    window = bytearray(_START.ljust(_WINDOW, b"\x00"))
    write, read = len(_START), 16
    written = bytearray()
    limit = min(size, _MAX_BYTES)
    while read < len(packed) and len(written) < limit:
        control = packed[read]
        read += 1
        for bit in range(8):
            is_reference = control >> bit & 1
            if read + is_reference >= len(packed) or len(written) >= limit:
                return bytes(written)
            if not is_reference:
                run = packed[read : read + 1]
                read += 1
                window[write] = run[0]
                write = (write + 1) % _WINDOW
                written += run
                continue
            reference = packed[read] << 8 | packed[read + 1]
            read += 2
            offset, length = reference >> 4, (reference & 15) + 2
            if offset == write:
                return bytes(written)
            for step in range(length):
                byte = window[(offset + step) % _WINDOW]
                window[write] = byte
                write = (write + 1) % _WINDOW
                written.append(byte)
    return bytes(written)
