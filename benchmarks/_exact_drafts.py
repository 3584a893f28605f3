"""A drafting model that is asked once for each text, and for those of many prompts at once.

At temperature 0 a draft depends on the text alone, so that plain answers say how far it goes. Knows which
proposers ask a model; what stands is others' business.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from rag.generation.speculation._drafts import Proposer
from rag.generation.speculation.draft import DraftModel
from rag.generation.speculation.dyspec import Dyspec
from rag.generation.speculation.rsd import Rsd

__all__ = ["DRAFTERS", "Asking"]

_BATCH = 64
_NAMED = 32  # tokens whose logits are kept; the others share the rest of the chance alike

DRAFTERS: Mapping[str, Callable[["Asking"], Proposer]] = {
    "draft": DraftModel,
    "dyspec": Dyspec,
    "rsd_c": Rsd,
    "rsd_s": lambda asking: Rsd(asking, kind="beam"),
}
"""Proposers that ask a model: RSD-C has (3, 2, 1) children a level, RSD-S as many in all."""


class Asking:
    """A drafter that remembers what it said, and answers several threads at once."""

    def __init__(self, model: Any) -> None:  # Any: of transformers
        """Take a causal model."""
        self._model = model
        self._known: dict[tuple[int, ...], tuple[Tensor, Tensor, float]] = {}
        self._wanted: set[tuple[int, ...]] = set()
        self._turn = threading.Condition()
        self._working = self._waiting = self._vocabulary = 0

    def __call__(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """Give (N, V) logits of what follows each."""
        asked = [tuple(each) for each in sequences]
        with self._turn:
            missing = [each for each in asked if each not in self._known]
            if missing:
                self._wanted.update(missing)
                self._waiting += 1
            while any(each not in self._known for each in missing):
                if self._waiting >= self._working:
                    self._ask()
                else:
                    self._turn.wait()
        return torch.stack([self._logits(each) for each in asked])

    def together(self, jobs: Sequence[Callable[[], int]]) -> list[int]:
        """Run jobs side by side; the model is asked when each of them waits for it."""
        self._working = len(jobs)

        def run(job: Callable[[], int]) -> int:
            try:
                return job()
            finally:
                with self._turn:
                    self._working -= 1
                    self._turn.notify_all()

        with ThreadPoolExecutor(max(len(jobs), 1)) as pool:
            found = list(pool.map(run, jobs))
        self._working = 0
        return found

    def _ask(self) -> None:
        """Ask what is wanted, texts of one length together; nobody waits behind it."""
        wanted = sorted(self._wanted, key=lambda each: (len(each), each))
        for _, same in groupby(wanted, key=len):
            sequences = list(same)
            for start in range(0, len(sequences), _BATCH):
                piece = sequences[start : start + _BATCH]
                with torch.inference_mode():
                    logits = (
                        self._model(input_ids=torch.tensor(piece), use_cache=False, logits_to_keep=1)
                        .logits[:, -1]
                        .float()
                    )
                best = logits.topk(_NAMED)
                rest = logits.scatter(1, best.indices, -torch.inf).logsumexp(dim=1)
                for number, each in enumerate(piece):
                    self._known[each] = (best.values[number], best.indices[number], float(rest[number]))
                self._vocabulary = logits.shape[-1]
        self._wanted.clear()
        self._waiting = 0
        self._turn.notify_all()

    def _logits(self, sequence: tuple[int, ...]) -> Tensor:
        values, indices, rest = self._known[sequence]
        others = self._vocabulary - len(indices)
        alike = rest - float(torch.tensor(float(others)).log())
        return torch.full((self._vocabulary,), alike).scatter(0, indices, values)
