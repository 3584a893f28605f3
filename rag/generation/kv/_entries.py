"""What is kept of a layer's keys and values as it is stored: head behind head, each as long as it is.

Knows storage and its bytes; what is kept is the policies' choice (_policy.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rag.generation.kv._low_rank import LowRank
from rag.generation.kv._quantised import Quantised

__all__ = ["WHOLE_TOKENS", "Entries", "Head", "NarrowEntries"]

WHOLE_TOKENS = 4  # first of a text: half of all attention goes there, and they are like no other


@dataclass(frozen=True, slots=True)
class Head:
    """What stays of one head."""

    keys: Tensor  # (N, D)
    values: Tensor  # (N, D)
    bias: Tensor | None = None  # (N,), added to the logits
    positions: Tensor | None = None  # (N,) of the keys in the text, -1 where a key stands for several


class Entries:
    """Keys and values of one layer, head behind head."""

    def __init__(self, heads: Sequence[Head], bits: int | None) -> None:
        """Store what stays of each head, in 4 or 8 bits a number or (None) as it is."""
        self.counts = [len(head.keys) for head in heads]
        self._ends = torch.tensor(self.counts).cumsum(0).tolist()
        keys, values = torch.cat([head.keys for head in heads]), torch.cat([head.values for head in heads])
        self._keys = keys if bits is None else Quantised(keys, bits)
        self._values = values if bits is None else Quantised(values, bits)
        self._bias = [head.bias for head in heads]

    def head(self, number: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Give a head's (N, D) keys and values and its (N,) biases."""
        rows = slice(self._ends[number] - self.counts[number], self._ends[number])
        return self._keys[rows], self._values[rows], self._bias[number]

    @property
    def num_bytes(self) -> int:
        """Count keys, values, scales, biases and an 8-byte length a head."""
        stored = sum(
            part.num_bytes if isinstance(part, Quantised) else part.nbytes
            for part in (self._keys, self._values)
        )
        return stored + sum(bias.nbytes for bias in self._bias if bias is not None) + 8 * len(self.counts)


class NarrowEntries:
    """The same in fewer dimensions, but for the first tokens and what stands for several.

    Keys are held as they were before rotation, with their positions, and rotated when they are read: what a
    rotation does to them depends on the position, so that rotated ones fill many more dimensions.
    """

    def __init__(self, heads: Sequence[Head], bits: int | None, low_rank: LowRank) -> None:
        """Store what stays of each head; its positions must be known."""
        self.counts = [len(head.keys) for head in heads]
        self._low_rank = low_rank
        whole, narrow, self._positions = [], [], []
        for number, head in enumerate(heads):
            assert head.positions is not None
            is_whole = head.positions < WHOLE_TOKENS
            rest = head.positions[~is_whole].int()
            keys = low_rank.rotation.undo(head.keys[~is_whole], rest)
            codes = (
                low_rank.keys.narrow(keys, number),
                low_rank.values.narrow(head.values[~is_whole], number),
            )
            bias = (None, None) if head.bias is None else (head.bias[is_whole], head.bias[~is_whole])
            whole.append(Head(head.keys[is_whole], head.values[is_whole], bias[0]))
            narrow.append(Head(*codes, bias[1]))
            self._positions.append(rest)
        self._whole, self._narrow = Entries(whole, bits), Entries(narrow, bits)

    def head(self, number: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Give a head's (N, D) keys and values and its (N,) biases, those held whole before the others."""
        keys, values, bias = self._whole.head(number)
        narrow_keys, narrow_values, narrow_bias = self._narrow.head(number)
        wide = self._low_rank.keys.widen(narrow_keys, number)
        wide = self._low_rank.rotation.do(wide, self._positions[number])
        keys = torch.cat((keys, wide))
        values = torch.cat((values, self._low_rank.values.widen(narrow_values, number)))
        return keys, values, None if bias is None or narrow_bias is None else torch.cat((bias, narrow_bias))

    @property
    def num_bytes(self) -> int:
        """Count both parts and the positions; the maps to fewer dimensions are one for all texts."""
        positions = sum(each.nbytes for each in self._positions)
        return self._whole.num_bytes + self._narrow.num_bytes + positions
