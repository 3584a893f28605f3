"""Keys and values kept from one prompt to the next, up to a number of bytes; what lay longest goes first.

Knows sizes and order of use. What a key names and what is kept under it is others' business; a store
belongs to one generator, so that two tenants share nothing.
"""

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from torch import Tensor

__all__ = ["ByteStore", "Kept", "text_key"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Keys and values of all layers, in tensors that nothing else holds."""

    tensors: tuple[Tensor, ...]

    @property
    def num_bytes(self) -> int:
        """Count what the tensors take."""
        return sum(tensor.nbytes for tensor in self.tensors)


class ByteStore:
    """What was used last, by key; never more bytes than the limit."""

    def __init__(self, max_bytes: int) -> None:
        """Start empty.

        Raises:
            ValueError: a limit under one byte.
        """
        if max_bytes < 1:
            raise ValueError(f"a store takes at least one byte, got {max_bytes}")
        self.max_bytes = max_bytes
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()  # the one that lay longest stands first
        self._num_bytes = 0
        self._lock = Lock()

    def get(self, key: bytes) -> Kept | None:
        """Give what is kept under a key, as used just now."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep this, and drop what lay longest until it fits; what is larger than the store is not kept."""
        size = kept.num_bytes
        with self._lock:
            before = self._kept.pop(key, None)
            self._num_bytes -= before.num_bytes if before else 0
            if size > self.max_bytes:
                return
            while self._num_bytes + size > self.max_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._num_bytes -= oldest.num_bytes
            self._kept[key] = kept
            self._num_bytes += size

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()
            self._num_bytes = 0

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._kept)

    @property
    def num_bytes(self) -> int:
        """Count the bytes of all that is kept."""
        return self._num_bytes


def text_key(before: bytes, token_ids: Sequence[int]) -> bytes:
    """Name tokens behind a text that has a name already (`b""`: behind nothing)."""
    return hashlib.sha256(before + array("q", token_ids).tobytes()).digest()
