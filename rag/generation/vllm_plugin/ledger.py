"""What workers remember of requests in flight, by blocks that a request alone has.

vLLM tells attention no request: only blocks. What is known goes with the block: when it comes to another
request, the new one's first pass forgets it. So nothing outlives the memory that it speaks of.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from torch import Tensor

from rag.generation.kv._observations import Observations

__all__ = ["Ledger", "Packed"]


@dataclass(frozen=True, slots=True)
class Packed:
    """How one layer of a request is packed."""

    pages: tuple[int, ...]  # by head
    biases: tuple[Tensor | None, ...] = ()  # by head, of its first entries; () for none at all


@dataclass(slots=True)
class Ledger:
    """Notes by block, and in it by layer."""

    reading: dict[int, dict[int, Observations]] = field(default_factory=dict)
    packed: dict[int, dict[int, Packed]] = field(default_factory=dict)

    def claim(self, blocks: Iterable[int], owner: int | None) -> None:
        """Forget what was known of these blocks, but what is being noted under the owner."""
        for block in blocks:
            self.packed.pop(block, None)
            if block != owner:
                self.reading.pop(block, None)

    @property
    def num_entries(self) -> int:
        """Count what is remembered, over requests and layers."""
        return sum(len(each) for part in (self.reading, self.packed) for each in part.values())
