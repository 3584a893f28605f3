"""One run that trains heads which draft; it goes on from its last checkpoint.

Knows steps and files; heads and their loss are a method's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor, nn

from rag.core.errors import InvalidInputError
from rag.training._drafting_texts import Batch, batch_of
from rag.training._kept import made_of, whole
from rag.training._optimisers import LinearAdamW
from rag.training._progress import Progress

__all__ = ["Method", "Recipe", "Run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The choices that every method has."""

    rate: Annotated[float, "learning rate"] = 1e-3
    warmup: Annotated[float, "share of the steps"] = 0.05
    clip: Annotated[float, "norm of the gradients; 0 does not cut them"] = 1.0
    batch: Annotated[int, "texts"] = 4
    epochs: Annotated[int, "how often every text is read"] = 1
    limit: Annotated[int, "texts"] = 20_000
    length: Annotated[int, "tokens of a text, at most"] = 320
    written: Annotated[int, "of them, written by the model behind a prompt; 0 takes passages alone"] = 64
    checkpoints: Annotated[int, "how many, evenly spread"] = 4
    seed: Annotated[int, "of what is drawn at random"] = 0


@dataclass(frozen=True, slots=True)
class Method:
    """Heads that draft, and how they learn; Any: a method's own recipe, and a class of transformers."""

    name: str  # of the file of rag/generation/speculation
    recipe: type[Recipe]
    build: Callable[[Any, Any], nn.Module]  # (recipe, model) -> heads, untrained
    loss: Callable[[Any, Any, Any, Batch, torch.Generator], Tensor]  # (recipe, heads, model, texts, chance)
    foreseen: Callable[
        [Any, Any, Batch], Tensor
    ]  # (heads, model, texts) -> (k, 2): how often right, of how many


class Run:
    """The state of a training run; the model stays as it is."""

    def __init__(
        self, method: Method, recipe: Recipe, model: Any, texts: Sequence[Sequence[int]], folder: Path
    ) -> None:  # Any: a class of transformers
        """Build the heads.

        Args:
            method: whose heads they are.
            recipe: the choices.
            model: in float32, as the heads are.
            texts: tokens to train on.
            folder: of this method and this model; checkpoints of a recipe and texts are put in it.
        """
        torch.manual_seed(recipe.seed)
        self._method, self._recipe, self._texts = method, recipe, texts
        self._model = model.requires_grad_(False)
        self._folder = folder / made_of(recipe, *texts)
        self.heads = method.build(recipe, model).to(model.device).requires_grad_(True)
        self.steps = recipe.epochs * (len(texts) // recipe.batch)
        if self.steps < 1:
            raise InvalidInputError(
                f"{recipe.epochs} epochs of {len(texts)} texts are no step of {recipe.batch}; take more, or"
                " a smaller --batch"
            )
        self._optimiser = LinearAdamW(
            self.heads.parameters(),
            rate=recipe.rate,
            warmup_steps=int(recipe.warmup * self.steps),
            steps=self.steps,
        )
        self._step = 0

    def checkpoint(self, number: int) -> bool:
        """Bring the heads to a checkpoint, 1 being the first; say whether it was learned just now."""
        file = self._folder / f"{number}.pt"
        if file.exists():
            weights, self._step, state = torch.load(file, map_location=self._model.device)
            self.heads.load_state_dict(weights)
            self._optimiser.restore(state)
            return False
        self._learn(self.steps * number // self._recipe.checkpoints)
        with whole(file) as partial:
            torch.save([self.heads.state_dict(), self._step, self._optimiser.state()], partial)
        return True

    def foreseen(self, texts: Sequence[Sequence[int]]) -> list[float]:
        """Give how often the heads' likeliest token is the model's, for each step ahead."""
        device, size = str(self._model.device), self._recipe.batch
        parts = [texts[start : start + size] for start in range(0, len(texts), size)]
        with torch.no_grad():
            counts = [
                self._method.foreseen(self.heads, self._model, batch_of(part, device)) for part in parts
            ]
        right, of_all = torch.stack(counts).sum(0).unbind(-1)
        shares: list[float] = (right / of_all.clamp(min=1)).tolist()
        return [round(share, 3) for share in shares]

    def _learn(self, steps: int) -> None:
        progress = Progress(self._step, self.steps, every=10)
        while self._step < steps:
            loss = self._learn_batch(self._batch())
            self._step += 1
            progress.note(self._step, loss, is_last=self._step == steps)

    def _learn_batch(self, batch: Batch) -> Tensor:
        chance = torch.Generator().manual_seed(self._recipe.seed * 1_000_003 + self._step)
        loss = self._method.loss(self._recipe, self.heads, self._model, batch, chance)
        torch.autograd.backward(loss)
        if self._recipe.clip:
            nn.utils.clip_grad_norm_(self.heads.parameters(), self._recipe.clip)
        self._optimiser.step()
        return loss.detach()

    def _batch(self) -> Batch:
        epoch, turn = divmod(self._step, len(self._texts) // self._recipe.batch)
        order = np.random.default_rng([self._recipe.seed, epoch]).permutation(len(self._texts))
        chosen = order[turn * self._recipe.batch : (turn + 1) * self._recipe.batch]
        return batch_of([self._texts[number] for number in chosen], str(self._model.device))
