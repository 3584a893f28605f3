"""Several answers written at once: one pass of the model a step for all of them (continuous batching).

A thread owns the model while there are answers to write. They join and leave between two steps; prompts
are read in pieces beside the newest tokens of the others, so that no answer waits for a whole prompt. Knows
when which tokens are read; how is _batched_pass.py, and what may be written is each answer's own choice.

Source: Yu et al., Orca, OSDI 2022; prompts in pieces: Agrawal et al., Sarathi-Serve, OSDI 2024.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

import torch
from torch import Tensor

from rag.core.errors import GenerationError, RagError
from rag.generation.backends._batched_pass import read_pieces
from rag.generation.backends._choice import TokenChoice
from rag.generation.backends._packing import pack_linears
from rag.generation.backends._streaming import Progress
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._prefixes import BLOCK_TOKENS, Prefixes
from rag.generation.speculation._cache import PlainCache

__all__ = ["MAX_BATCH", "Batch"]

MAX_BATCH = 64
_ALONE_TOKENS = 256  # of prompts in a step where no answer waits for it
_STEP_TOKENS = 64  # in a step where some do; as many as packed weights are good for
_LEAST_TOKENS = 16  # of prompts, however many answers run


@dataclass(eq=False, slots=True)
class _Answer:
    """One answer, waiting or running."""

    unread: list[int]  # of the prompt, or the token written last
    choice: TokenChoice
    max_tokens: int
    progress: Progress
    cache: PlainCache = field(default_factory=PlainCache)
    to_keep: list[int] = field(default_factory=list)  # whole blocks of the prompt
    num_written: int = 0
    written: SimpleQueue[int | Exception | None] = field(default_factory=SimpleQueue)

    @property
    def is_writing(self) -> bool:
        """Tell whether its prompt is read."""
        return self.num_written > 0


class Batch:
    """The answers that one model writes together."""

    def __init__(
        self, model: Any, stop_ids: frozenset[int], *, size: int, prefixes: Prefixes | None = None
    ) -> None:
        """Prepare a model, which nobody else runs from now on; Any: transformers' classes.

        Args:
            model: one that can read pieces.
            stop_ids: tokens that end an answer.
            size: answers at once, 1 to 64; more wait in the order in which they came.
            prefixes: beginnings of prompts, kept for those to come; None: nothing is kept.
        """
        use_ragged_attention(model)
        self._model = model
        self._stop_ids = stop_ids
        self._size = size
        self._prefixes = prefixes
        self._is_packed = False
        self._lock = Lock()  # of the two below
        self._waiting: deque[_Answer] = deque()
        self._thread: Thread | None = None

    def tokens(
        self, token_ids: list[int], choice: TokenChoice, *, max_tokens: int, progress: Progress
    ) -> Iterator[int]:
        """Give the tokens of an answer as they are written; the stop event ends it within a step.

        Raises:
            GenerationError: the model failed, for all answers of that step.
            DeadEndError, InvalidInputError: the choice cannot go on.
        """
        if max_tokens < 1:
            return
        answer = _Answer(list(token_ids), choice, max_tokens, progress)
        with self._lock:
            self._waiting.append(answer)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="batch")
                self._thread.start()
        try:
            while (token_id := answer.written.get()) is not None:
                if isinstance(token_id, Exception):
                    raise token_id
                yield token_id
        finally:
            progress.stop.set()

    def _work(self) -> None:
        """Run steps until there is nothing to write."""
        running: list[_Answer] = []
        try:
            with torch.inference_mode():
                while running := self._joined(running):
                    try:
                        running = self._step(running)
                    except (RuntimeError, MemoryError) as error:  # what torch raises
                        _fail(running, error)
                        running = []
        except BaseException as error:  # a fault of ours: nobody may wait for ever
            with self._lock:
                self._thread = None
                _fail([*running, *self._waiting], error)
                self._waiting.clear()
            raise

    def _joined(self, running: list[_Answer]) -> list[_Answer]:
        """Give those that go on and those that join; the thread ends where there are none."""
        with self._lock:
            going = []
            for answer in (*running, *self._waiting):
                if answer.progress.stop.is_set():
                    answer.written.put(None)
                else:
                    going.append(answer)
            self._waiting = deque(going[self._size :])
            if not going:
                self._thread = None
        return going[: self._size]

    def _begin(self, answer: _Answer) -> None:
        """Go on from what earlier prompts began with; a token is left to be read."""
        answer.to_keep = answer.unread[: (len(answer.unread) - 1) // BLOCK_TOKENS * BLOCK_TOKENS]
        if self._prefixes is not None:
            for number, (keys, values) in enumerate(self._prefixes.find(answer.to_keep)):
                answer.cache.update(keys[None], values[None], number)
            answer.progress.reused_tokens = answer.cache.get_seq_length()
            answer.unread = answer.unread[answer.progress.reused_tokens :]

    def _step(self, running: list[_Answer]) -> list[_Answer]:
        """Read what is next of each and write a token of those that are read; give those not at an end."""
        for answer in running:
            if answer.cache.get_seq_length() == 0:
                self._begin(answer)
        pieces = _pieces(running)
        if len(pieces) > 1 and not self._is_packed:
            pack_linears(self._model)  # only now: it takes memory, and one answer gains nothing
            self._is_packed = True
        logits = read_pieces(self._model, [(answer.cache, piece) for answer, piece in pieces])
        ended = set()
        for (answer, piece), row in zip(pieces, logits, strict=True):
            answer.unread = answer.unread[len(piece) :]
            if self._prefixes is not None and not answer.unread and not answer.is_writing:
                layers = [(layer.keys[0], layer.values[0]) for layer in answer.cache.layers]
                self._prefixes.keep(answer.to_keep, layers)
            if not answer.unread and not self._write(answer, row):
                ended.add(answer)
        return [answer for answer in running if answer not in ended]

    def _write(self, answer: _Answer, logits: Tensor) -> bool:
        """Take a token behind the (V,) logits; tell whether the answer goes on."""
        answer.progress.passes += 1
        try:
            token_id = answer.choice.choose(logits)
            if token_id in self._stop_ids:
                answer.written.put(None)
                return False
            answer.choice.accept(token_id)
        except (RagError, RuntimeError) as error:  # of this answer alone
            answer.written.put(error)
            return False
        answer.unread = [token_id]
        answer.num_written += 1
        answer.written.put(token_id)
        if answer.num_written < answer.max_tokens:
            return True
        answer.written.put(None)
        return False


def _pieces(running: list[_Answer]) -> list[tuple[_Answer, list[int]]]:
    """Give the newest token of each answer, and of prompts, the first come first, as much as fits."""
    writing = sum(answer.is_writing for answer in running)
    room = max(_STEP_TOKENS - writing, _LEAST_TOKENS) if writing else _ALONE_TOKENS
    pieces = []
    for answer in running:
        if answer.is_writing:
            pieces.append((answer, answer.unread))
        elif room:
            piece = answer.unread[:room]
            pieces.append((answer, piece))
            room -= len(piece)
    return pieces


def _fail(answers: list[_Answer], error: BaseException) -> None:
    for answer in answers:
        wrapped = GenerationError(f"the model failed: {error}")
        wrapped.__cause__ = error
        answer.written.put(wrapped)
