"""A drafting model that is asked once for each text, and for those of many prompts at once.

At temperature 0 a draft depends on the text alone, so that plain answers say how far it goes. Knows which
proposers ask a model; what stands is others' business.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from benchmarks._side_by_side import SideBySide
from rag.generation.speculation._drafts import Proposer
from rag.generation.speculation.draft import DraftModel
from rag.generation.speculation.dyspec import Dyspec
from rag.generation.speculation.rsd import Rsd

__all__ = ["DRAFTERS", "Asking"]

_BATCH = 64
_NAMED = 32  # tokens whose logits are kept; the others share the rest of the chance alike

_Text = tuple[int, ...]

DRAFTERS: Mapping[str, Callable[["Asking"], Proposer]] = {
    "draft": DraftModel,
    "dyspec": Dyspec,
    "rsd_c": Rsd,
    "rsd_s": lambda asking: Rsd(asking, kind="beam"),
}
"""Proposers that ask a model: RSD-C has (3, 2, 1) children a level, RSD-S as many in all."""


class Asking:
    """A drafter that remembers what it said; jobs that run `together` are answered together."""

    def __init__(self, model: Any) -> None:  # Any: of transformers
        """Take a causal model."""
        self._model = model
        self._known: dict[_Text, tuple[Tensor, Tensor, float]] = {}
        self._vocabulary = 0
        self._side_by_side: SideBySide[list[_Text], None] = SideBySide(self._learn)
        self.together = self._side_by_side.run

    def __call__(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """Give (N, V) logits of what follows each."""
        asked = [tuple(each) for each in sequences]
        if missing := [each for each in asked if each not in self._known]:
            self._side_by_side.ask(missing)
        return torch.stack([self._logits(each) for each in asked])

    def _learn(self, wanted: list[list[_Text]]) -> list[None]:
        texts = {each for asked in wanted for each in asked} - set(self._known)
        for _, same in groupby(sorted(texts, key=lambda each: (len(each), each)), key=len):
            sequences = list(same)
            for start in range(0, len(sequences), _BATCH):
                self._read(sequences[start : start + _BATCH])
        return [None] * len(wanted)

    def _read(self, texts: list[_Text]) -> None:
        """Ask about texts of one length."""
        with torch.inference_mode():
            output = self._model(input_ids=torch.tensor(texts), use_cache=False, logits_to_keep=1)
            logits = output.logits[:, -1].float()
            best = logits.topk(_NAMED)
            rest = logits.scatter(1, best.indices, -torch.inf).logsumexp(dim=1)
        self._vocabulary = logits.shape[-1]
        for number, text in enumerate(texts):
            self._known[text] = (best.values[number], best.indices[number], float(rest[number]))

    def _logits(self, text: _Text) -> Tensor:
        values, indices, rest = self._known[text]
        alike = rest - math.log(self._vocabulary - len(indices))
        return torch.full((self._vocabulary,), alike).scatter(0, indices, values)
