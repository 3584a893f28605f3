"""One run of the training of the late-interaction head, by a recipe; it goes on from its last checkpoint."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from rag.networks.late import LateHead
from rag.training._late_held_out import HeldOut
from rag.training._late_loss import Loss, Normalise, distillation, in_batch, maxsim
from rag.training._late_pool import Pool
from rag.training._late_teacher import Examples, Negatives
from rag.training._optimisers import LinearAdamW, Optimiser, ScheduleFreeAdamW

_SAMPLE = 2000  # passages whose tokens the principal components are taken from


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice of a training run."""

    depths: tuple[int, ...] = (6,)
    dim: int = 128
    init: Literal["principal", "random"] = "principal"
    teacher: str = "words+dense+raw+gold"
    ways: int = 16
    negatives: Negatives = "mined"
    loss: Loss = "kl"
    normalise: Normalise = "both"
    temperature: float = 0.1
    in_batch_weight: float = 0.0
    optimiser: Literal["schedule-free", "linear"] = "schedule-free"
    rate: float = 1e-3
    warmup: float = 0.05  # share of the steps
    clip: float = 0.0  # 0: gradients are not clipped
    batch: int = 16
    steps: int = 600
    checkpoints: int = 6
    average: int = 3  # the last checkpoint and the best of the others
    seed: int = 0


class Run:
    """The state of a training run."""

    def __init__(
        self, recipe: Recipe, examples: Sequence[Examples], columns: Sequence[int], folder: Path
    ) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe, self._columns = recipe, columns
        self._folder = folder / hashlib.sha256(repr(recipe).encode()).hexdigest()[:16]
        self._examples = [
            (each, number, torch.from_numpy(teacher))
            for each in examples
            for number, teacher in enumerate(each.teacher(recipe.teacher.split("+")))
        ]
        self.head = LateHead(recipe.depths, dim=recipe.dim)
        if recipe.init == "principal":
            _set_principal(self.head, examples[0].pool, columns)
        self._optimiser = _optimiser(recipe, self.head)
        self._step = 0

    def checkpoint(self, number: int, held_out: Sequence[HeldOut]) -> tuple[Tensor, float]:
        """Give the weights at a checkpoint (1 is the first) and their mean nDCG@10 on held-out questions."""
        file = self._folder / f"{number}.pt"
        if not file.exists():
            self._go_on_from(number - 1)
            while self._step < self._recipe.steps * number // self._recipe.checkpoints:
                self._learn()
            with self._optimiser.averaged():
                score = float(np.mean([each.score(self.head) for each in held_out]))
                weights = self.head.project.weight.detach().clone()
            self._folder.mkdir(parents=True, exist_ok=True)
            torch.save([weights, score, self._step, self._optimiser.state()], file)
        weights, score, *_ = torch.load(file)
        return weights, score

    def _go_on_from(self, number: int) -> None:
        if number and not self._step:
            weights, _, self._step, state = torch.load(self._folder / f"{number}.pt")
            with torch.no_grad():
                self.head.project.weight.copy_(weights)
            self._optimiser.restore(state)

    def _learn(self) -> None:
        batch = self._batch()
        scored = [self._score(each, number) for each, number, _ in batch]
        student = torch.stack([scores for scores, _, _ in scored])
        teacher = torch.stack([scores for _, _, scores in batch])
        recipe = self._recipe
        loss = distillation(
            student, teacher, loss=recipe.loss, normalise=recipe.normalise, temperature=recipe.temperature
        )
        if recipe.in_batch_weight:
            # Gold passages come first among the candidates.
            golds = [passages for _, _, passages in scored]
            scores = torch.stack(
                [maxsim(query, torch.cat(golds), [len(gold) for gold in golds]) for _, query, _ in scored]
            )
            loss = loss + recipe.in_batch_weight * in_batch(scores, _same(batch))
        loss.backward()
        if recipe.clip:
            nn.utils.clip_grad_norm_(self.head.parameters(), recipe.clip)
        self._optimiser.step()
        self._step += 1

    def _batch(self) -> list[tuple[Examples, int, Tensor]]:
        size = self._recipe.batch
        turns = len(self._examples) // size
        epoch, turn = divmod(self._step, turns)
        order = np.random.default_rng([self._recipe.seed, epoch]).permutation(len(self._examples))
        return [self._examples[number] for number in order[turn * size : (turn + 1) * size]]

    def _score(self, examples: Examples, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Give the scores of the candidates (N,), the question's vectors, those of the first candidate."""
        pool = examples.pool
        query, _ = pool.query_states.of([examples.queries[number]], self._columns)
        states, lengths = pool.passage_states.of(examples.candidates[number].tolist(), self._columns)
        tokens, vectors = self.head(query), self.head(states)
        return maxsim(tokens, vectors, lengths), tokens, vectors[: lengths[0]]


def _same(batch: Sequence[tuple[Examples, int, Tensor]]) -> Tensor:
    golds = [
        {(id(each), passage) for passage in each.pool.queries[each.queries[number]].positives}
        for each, number, _ in batch
    ]
    firsts = [(id(each), int(each.candidates[number][0])) for each, number, _ in batch]
    return torch.tensor([[first in gold for first in firsts] for gold in golds])


@torch.no_grad()
def _set_principal(head: LateHead, pool: Pool, columns: Sequence[int]) -> None:
    """Start from the principal components of the token states: nearly their raw similarities."""
    states, _ = pool.passage_states.of(range(min(_SAMPLE, len(pool.passages))), columns)
    flat = nn.functional.normalize(states, dim=-1).flatten(1)
    _, vectors = torch.linalg.eigh(flat.T @ flat)  # not centred: MaxSim does not centre either
    head.project.weight.copy_(vectors[:, -head.dim :].T)


def _optimiser(recipe: Recipe, head: LateHead) -> Optimiser:
    warmup_steps = int(recipe.warmup * recipe.steps)
    if recipe.optimiser == "linear":
        return LinearAdamW(
            head.parameters(), rate=recipe.rate, warmup_steps=warmup_steps, steps=recipe.steps
        )
    return ScheduleFreeAdamW(head.parameters(), rate=recipe.rate, warmup_steps=warmup_steps)
