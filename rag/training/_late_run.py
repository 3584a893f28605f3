"""One run of the late-interaction head's training by a recipe; it goes on from its last checkpoint."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from rag.networks.late import LateHead
from rag.training._kept import made_of, whole
from rag.training._late_held_out import HeldOut
from rag.training._late_loss import Loss, Normalise, distillation, geometry, in_batch, maxima
from rag.training._late_pool import Columns, Pool
from rag.training._late_start import set_equal, set_principal, set_rarity
from rag.training._late_student import Student
from rag.training._late_teacher import SIGNALS, Examples, Negatives, unprojected
from rag.training._optimisers import LinearAdamW, Optimiser, ScheduleFreeAdamW
from rag.training._progress import Progress
from rag.training._recipes import listed

_GEOMETRY_SCALE = 100  # brings it to the size of the distillation's loss


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice of a training run."""

    scale: Annotated[float, "of the sample of single-hop passages"] = 1.0
    depths: Annotated[tuple[int, ...], "layers whose states the head reads; 6 is the last"] = (6,)
    layers: Annotated[int, "of the encoder, the last, that are trained with the head"] = 0
    layers_rate: Annotated[float, "learning rate of those layers"] = 2e-5
    dim: Annotated[int, "numbers of a token's vector"] = 128
    init: Annotated[Literal["principal", "random"], "how the projection starts"] = "principal"
    weights: Annotated[Literal["rarity", "equal"], "of query tokens, at the start"] = "rarity"
    share: Annotated[float, "the weight of the whole text at the start; the tokens have 1 together"] = 0.5
    teacher: Annotated[str, "teachers, joined by +: words, dense, raw, gold"] = "words+dense+raw+gold"
    ways: Annotated[int, "candidates a question"] = 16
    negatives: Annotated[Negatives, "where candidates come from"] = "mined"
    loss: Annotated[Loss, "what the student learns of the teacher's scores"] = "kl"
    loss_weight: Annotated[float, "of that loss"] = 1.0
    geometry_weight: Annotated[float, "of keeping each token's best similarities"] = 1.0
    normalise: Annotated[Normalise, "whose scores are scaled to 0..1"] = "both"
    temperature: Annotated[float, "that both sides' scores are divided by"] = 0.1
    in_batch_weight: Annotated[float, "of other questions' passages as negatives"] = 0.0
    in_batch_temperature: Annotated[float, "of those"] = 0.05
    optimiser: Annotated[Literal["schedule-free", "linear"], "which AdamW"] = "schedule-free"
    rate: Annotated[float, "learning rate of the head"] = 2e-3
    warmup: Annotated[float, "share of the steps"] = 0.05
    clip: Annotated[float, "norm of the gradients; 0 does not cut them"] = 0.0
    batch: Annotated[int, "questions"] = 16
    repeat_multihop: Annotated[int, "how often multi-hop questions are taken; they are few"] = 6
    steps: Annotated[int, "of the optimiser, all checkpoints together"] = 150
    checkpoints: Annotated[int, "how many, evenly spread"] = 3
    average: Annotated[int, "how many checkpoints: the last, and the best of the others"] = 1
    seed: Annotated[int, "of what is drawn at random"] = 0


Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class _Example:
    examples: Examples
    number: int
    teacher: Tensor  # (N,)


@dataclass(frozen=True, slots=True)
class _Scored:
    """A question with its candidates, gold ones first, as the head sees them."""

    scores: Tensor  # (N,)
    query: Tensor  # (T, dim), as long as the tokens weigh
    gold: Tensor  # (T of the first candidate, dim)
    geometry: Tensor  # ()


class Run:
    """The state of a training run."""

    def __init__(
        self,
        recipe: Recipe,
        examples: Sequence[Examples],
        columns: Columns,
        folder: Path,
        start: LateHead | None = None,
    ) -> None:
        """Set the start: a head that is trained on, or else what the recipe says."""
        torch.manual_seed(recipe.seed)
        self._recipe, self._columns = recipe, columns
        self._folder = folder / made_of(recipe, *(each.pool.name for each in examples))
        names = listed(recipe.teacher, SIGNALS, by="+")
        self._examples = [
            _Example(each, number, torch.from_numpy(teacher))
            for pool, each in enumerate(examples)
            for number, teacher in enumerate(each.teacher(names))
            for _ in range(recipe.repeat_multihop if pool else 1)
        ]
        head = start or _start(recipe, examples[0].pool, columns)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.student = Student(head, columns, layers=recipe.layers).to(device).train()
        self._optimisers = _optimisers(recipe, self.student)
        self._step = 0

    def checkpoint(self, number: int, held_out: Sequence[HeldOut]) -> tuple[Weights, float]:
        """Give a checkpoint's weights (1 is the first) and their mean nDCG@10 on held-out questions."""
        file = self._folder / f"{number}.pt"
        if not file.exists():
            self._go_on_from(number - 1)
            self.learn(self._recipe.steps * number // self._recipe.checkpoints)
            with ExitStack() as stack:
                for optimiser in self._optimisers:
                    stack.enter_context(optimiser.averaged())
                score = float(np.mean([each.score(self.student) for each in held_out]))
                weights = {name: tensor.clone() for name, tensor in self.student.state_dict().items()}
            states = [optimiser.state() for optimiser in self._optimisers]
            with whole(file) as partial:
                torch.save([weights, score, self._step, states], partial)
        weights, score, *_ = self._stored(number)
        return weights, score

    def learn(self, steps: int) -> None:
        """Go on until so many steps are done."""
        progress = Progress(self._step, self._recipe.steps, every=10)
        while self._step < steps:
            loss = self._learn()
            self._step += 1
            progress.note(self._step, loss, is_last=self._step == steps)

    def _go_on_from(self, number: int) -> None:
        if number and not self._step:
            weights, _, self._step, states = self._stored(number)
            self.student.load_state_dict(weights)
            for optimiser, state in zip(self._optimisers, states, strict=True):
                optimiser.restore(state)

    def _stored(self, number: int) -> list[Any]:  # Any: weights, score, steps, the optimisers' states
        stored: list[Any] = torch.load(
            self._folder / f"{number}.pt", map_location=self.student.head.share.device
        )
        return stored

    def _learn(self) -> Tensor:
        batch = self._batch()
        scored = [self._score(each) for each in batch]
        student = torch.stack([each.scores for each in scored])
        teacher = torch.stack([each.teacher for each in batch]).to(student.device)
        recipe = self._recipe
        loss = recipe.loss_weight * distillation(
            student, teacher, loss=recipe.loss, normalise=recipe.normalise, temperature=recipe.temperature
        )
        if recipe.geometry_weight:
            mean = torch.stack([each.geometry for each in scored]).mean()
            loss = loss + recipe.geometry_weight * _GEOMETRY_SCALE * mean
        if recipe.in_batch_weight:
            golds = [each.gold for each in scored]
            lengths = [len(gold) for gold in golds]
            scores = [maxima(each.query, torch.cat(golds), lengths).sum(dim=1) for each in scored]
            same = _same(batch).to(student.device)
            entropy = in_batch(torch.stack(scores) / recipe.in_batch_temperature, same)
            loss = loss + recipe.in_batch_weight * entropy
        torch.autograd.backward(loss)
        if recipe.clip:
            nn.utils.clip_grad_norm_(self.student.parameters(), recipe.clip)
        for optimiser in self._optimisers:
            optimiser.step()
        return loss.detach()

    def _batch(self) -> list[_Example]:
        size = min(self._recipe.batch, len(self._examples))
        turns = len(self._examples) // size
        epoch, turn = divmod(self._step, turns)
        order = np.random.default_rng([self._recipe.seed, epoch]).permutation(len(self._examples))
        return [self._examples[number] for number in order[turn * size : (turn + 1) * size]]

    def _score(self, example: _Example) -> _Scored:
        pool = example.examples.pool
        question = [example.examples.queries[example.number]]
        candidates = example.examples.candidates[example.number].tolist()
        weights = self.student.weights(pool.query_states, question)
        tokens, _ = self.student.tokens(pool.query_states, question)
        rows, lengths = self.student.tokens(pool.passage_states, candidates)
        best = maxima(tokens, rows, lengths)
        kept = best.new_zeros(())
        if self._recipe.geometry_weight:
            target = unprojected(pool, question[0], candidates, self._columns)
            kept = geometry(best, target.to(best.device), weights.detach())
        return _Scored(best @ weights, tokens * weights[:, None], rows[: lengths[0]], kept)


def _start(recipe: Recipe, pool: Pool, columns: Columns) -> LateHead:
    head = LateHead(recipe.depths, dim=recipe.dim)
    if recipe.init == "principal":
        set_principal(head, pool, columns)
    if recipe.weights == "rarity":
        set_rarity(head, pool, columns)
    else:
        set_equal(head)
    nn.init.constant_(head.share, float(np.log(recipe.share)))
    return head


def _same(batch: Sequence[_Example]) -> Tensor:
    golds = [
        {
            (id(each.examples), passage)
            for passage in each.examples.pool.queries[each.examples.queries[each.number]].positives
        }
        for each in batch
    ]
    firsts = [(id(each.examples), int(each.examples.candidates[each.number][0])) for each in batch]
    return torch.tensor([[first in gold for first in firsts] for gold in golds])


def _optimisers(recipe: Recipe, student: Student) -> Sequence[Optimiser]:
    warmup_steps = int(recipe.warmup * recipe.steps)
    parts: list[tuple[nn.Module, float]] = [(student.head, recipe.rate)]
    if student.layers is not None:
        parts.append((student.layers, recipe.layers_rate))
    if recipe.optimiser == "linear":
        return [
            LinearAdamW(part.parameters(), rate=rate, warmup_steps=warmup_steps, steps=recipe.steps)
            for part, rate in parts
        ]
    return [
        ScheduleFreeAdamW(part.parameters(), rate=rate, warmup_steps=warmup_steps) for part, rate in parts
    ]
