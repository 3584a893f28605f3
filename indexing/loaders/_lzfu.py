"""Compressed RTF, as Outlook keeps message bodies.

Source: [MS-OXRTFCP], sections 2.1 and 3.1.
"""

import struct

__all__ = ["decompressed"]

_HEADER_BYTES = 16
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_DICTIONARY_BYTES = 4096
_MAX_BYTES = 100_000_000
_START = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def decompressed(content: bytes) -> bytes:
    """Give the RTF.

    Raises:
        ValueError: no compressed RTF, or it unpacks to too much.
    """
    if len(content) < _HEADER_BYTES:
        raise ValueError("the compressed text is cut short")
    _, size, kind, _ = struct.unpack("<II4sI", content[:_HEADER_BYTES])
    if kind == _PLAIN:
        return content[_HEADER_BYTES : _HEADER_BYTES + size]
    if kind != _COMPRESSED:
        raise ValueError(f"the compressed text is of a kind not known: {kind!r}")
    return _unpacked(content)[:size]


def _unpacked(content: bytes) -> bytes:
    dictionary = bytearray(_START.ljust(_DICTIONARY_BYTES, b" "))
    write = len(_START)
    out = bytearray()
    position = _HEADER_BYTES
    while position < len(content):
        control = content[position]
        position += 1
        for bit in range(8):
            is_reference = control >> bit & 1
            if position + is_reference >= len(content):
                return bytes(out)
            if is_reference:
                offset, length = divmod(int.from_bytes(content[position : position + 2], "big"), 16)
                position += 2
                if offset == write:
                    return bytes(out)
                steps = range(offset, offset + length + 2)
            else:
                dictionary[write] = content[position]
                steps = range(write, write + 1)
                position += 1
            for step in steps:
                byte = dictionary[step % _DICTIONARY_BYTES]
                dictionary[write] = byte
                write = (write + 1) % _DICTIONARY_BYTES
                out.append(byte)
            if len(out) > _MAX_BYTES:
                raise ValueError(f"the compressed text unpacks to more than {_MAX_BYTES} bytes")
    return bytes(out)
