"""To each layer what a text of ours gave it: PrefixKV's division, found once for a model and a budget."""

import json
from pathlib import Path

import torch
from torch import Tensor

from rag.generation.kv._allocation import calibrated, prefix
from rag.generation.kv._calibration import read
from rag.generation.kv._heads import fingerprint
from rag.generation.kv._observations import Observations
from rag.generation.kv._policy import Reading
from rag.generation.kv.prefixkv import Prefixkv

__all__ = ["PrefixkvOffline"]


class PrefixkvOffline(Prefixkv):
    """Divide as `prefixkv` does for a text that comes with this package, whatever is read.

    A file of the models' folder keeps the shares of the layers, one line a budget.

    Source: PrefixKV (2412.03409), section 3.3, whose shares come from one sample or several; we take one.
    """

    def counts(self, scores: Tensor, reading: Reading) -> Tensor:
        """Divide by the shares that were found."""
        allocate = calibrated(self.shares(reading))
        return allocate(scores, max(1, round(self.budget * scores.numel())))

    def shares(self, reading: Reading) -> Tensor:
        """Give (L,) numbers of entries, of our text, as layers share them at this budget."""
        path = _file(reading)
        known = json.loads(path.read_text()) if path is not None and path.is_file() else {}
        name = f"{self.budget} of {self.sinks} and {self.window}"
        if name not in known:
            known[name] = self._found(reading).tolist()
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_suffix(".part")
                unfinished.write_text(json.dumps(known, indent=1))
                unfinished.replace(path)
        return torch.tensor(known[name])

    def _found(self, reading: Reading) -> Tensor:
        seen = Observations(reading.model, self.needs, self.window)
        cache = read(reading.model, reading.calibration_ids, seen)
        ours = Reading(reading.model, reading.calibration_ids, seen)
        scores = self.protected(self.scores(cache, ours))
        return prefix(scores, max(1, round(self.budget * scores.numel()))).sum(dim=1)


def _file(reading: Reading) -> Path | None:
    if reading.folder is None:
        return None
    return reading.folder / f"prefix_shares-{fingerprint(reading.model)}.json"
