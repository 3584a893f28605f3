"""The loop of speculative decoding: propose, read the tree in one pass, verify, keep what stands.

Knows the order of the four; the model is a function, and methods are the proposers'.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from torch import Tensor

from rag.generation.speculation._drafts import Draft, Proposer, State
from rag.generation.speculation._verification import Choice, verify

__all__ = ["Cache", "Recorder", "decode"]

Read = Callable[[Sequence[int], Draft], Tensor]
"""(the last token and the drafted ones, the draft) -> (N + 1, V) logits; the cache has the tokens then."""


class Cache(Protocol):
    """What was read."""

    def keep(self, new: int, path: Sequence[int]) -> None:
        """Keep, of the last `new` entries, those at the places `path`, in this order, and drop the rest."""
        ...


class Recorder(Choice, Protocol):
    """A choice that is told what was taken."""

    def accept(self, token_id: int) -> None:
        """Go on behind this token."""
        ...


def decode(
    read: Read,
    *,
    cache: Cache,
    proposer: Proposer,
    choice: Recorder,
    state: State,
    max_tokens: int,
) -> Iterator[int]:
    """Give the tokens behind those of the state, without end but for `max_tokens`.

    Args:
        read: runs the model.
        cache: where `read` puts the tokens.
        proposer: drafts.
        choice: takes tokens.
        state: the prompt and the first token written, which is not read yet.
        max_tokens: to give.
    """
    proposer.begin(state)
    left = max_tokens
    while left > 0:
        state.max_nodes = left - 1  # the pass gives one more than it accepts
        draft = proposer.propose(state)
        read_ids = [state.token_ids[-1], *draft.token_ids]
        logits = read(read_ids, draft)
        proposer.observe(read_ids, logits)
        path = [0]
        for token_id, place in verify(draft, logits, choice):
            left -= 1
            yield token_id
            choice.accept(token_id)
            state.token_ids.append(token_id)
            if place is not None:
                path.append(place + 1)
        cache.keep(len(read_ids), path)
