"""One run of the reader's training; it goes on from its last checkpoint."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from rag.encoders._minilm import Backbone
from rag.generation.readers._windows import Pieces, Window, padded, pieces, window
from rag.networks.bert import Bert
from rag.networks.reader import SpanReader
from rag.training._optimisers import LinearAdamW
from rag.training._reader_data import Example

_BUCKET = 64  # batches that are sorted by length together


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice of a training run."""

    first_trained: int = 2
    rate: float = 1.5e-4
    warmup: float = 0.05  # share of the steps
    clip: float = 1.0
    batch: int = 16
    crop: int = 144  # tokens of a passage, around the answer
    epochs: float = 1.0
    limit: int = 0  # examples that are taken; 0 is all
    checkpoints: int = 4
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """An example as tokens."""

    question: Pieces
    title: Pieces
    passage: Pieces
    spans: tuple[tuple[int, int], ...]  # first and last token of the passage


class Run:
    """The state of a training run."""

    def __init__(self, recipe: Recipe, examples: Sequence[Example], folder: Path) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self._folder = folder / hashlib.sha256(repr(recipe).encode()).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        order = np.random.default_rng(recipe.seed).permutation(len(examples))
        chosen = [examples[number] for number in order[: recipe.limit or None]]
        self._items = items(chosen)
        backbone = Backbone()
        self.reader = SpanReader(Bert.from_directory(backbone.directory), recipe.first_trained).train()
        self.steps = int(recipe.epochs * len(self._items)) // recipe.batch
        self._optimiser = LinearAdamW(
            [each for each in self.reader.parameters() if each.requires_grad],
            rate=recipe.rate,
            warmup_steps=int(recipe.warmup * self.steps),
            steps=self.steps,
        )
        self._step = 0
        self._epoch: tuple[int, list[list[int]]] = (-1, [])

    def checkpoint(self, number: int) -> bool:
        """Bring the reader to a checkpoint, 1 being the first; say whether it was learned just now."""
        file = self._folder / f"{number}.pt"
        if file.exists():
            self._restore(file)
            return False
        self._learn(self.steps * number // self._recipe.checkpoints)
        torch.save([self.reader.trained(), self._step, self._optimiser.state()], file)
        return True

    def _restore(self, file: Path) -> None:
        weights, self._step, state = torch.load(file)
        self.reader.load_state_dict(weights, strict=False)
        self._optimiser.restore(state)

    def _learn(self, steps: int) -> None:
        started, before, losses = time.perf_counter(), self._step, []
        while self._step < steps:
            losses.append(self._learn_batch(self._batch()))
            self._step += 1
            if self._step % 50 == 0 or self._step == steps:
                left = (time.perf_counter() - started) / (self._step - before) * (self.steps - self._step)
                print(  # noqa: T201 -- hours of training show where they are
                    f"step {self._step} of {self.steps}, loss {np.mean(losses[-50:]):.3f},"
                    f" {left / 60:.0f} minutes left",
                    flush=True,
                )

    def _learn_batch(self, batch: Sequence[int]) -> float:
        chooser = np.random.default_rng([self._recipe.seed, self._step])
        cropped = [crop(self._items[number], self._recipe.crop, chooser) for number in batch]
        logits = self.reader(*padded([part for part, _ in cropped]))
        losses = [_loss(row, *cropped[number]) for number, row in enumerate(logits)]
        loss = torch.stack(losses).mean()
        torch.autograd.backward(loss)
        if self._recipe.clip:
            nn.utils.clip_grad_norm_(self.reader.parameters(), self._recipe.clip)
        self._optimiser.step()
        return loss.item()

    def _batch(self) -> list[int]:
        epoch, turn = divmod(self._step, len(self._items) // self._recipe.batch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self._batches(np.random.default_rng([self._recipe.seed, epoch])))
        return self._epoch[1][turn]

    def _batches(self, chooser: np.random.Generator) -> list[list[int]]:
        order = chooser.permutation(len(self._items)).tolist()
        size = self._recipe.batch
        batches: list[list[int]] = []
        for start in range(0, len(order), _BUCKET * size):
            bucket = sorted(order[start : start + _BUCKET * size], key=self._length)
            batches += [bucket[at : at + size] for at in range(0, len(bucket) - size + 1, size)]
        return [batches[number] for number in chooser.permutation(len(batches))]

    def _length(self, number: int) -> int:
        item = self._items[number]
        return len(item.question.ids) + len(item.title.ids) + min(len(item.passage.ids), self._recipe.crop)


def items(examples: Sequence[Example]) -> list[Item]:
    """Cut examples to tokens; one whose answer is no run of tokens is left out."""
    tokenizer = Backbone().tokenizer
    columns = [
        pieces(tokenizer, texts)
        for texts in (
            [example.question for example in examples],
            [example.title for example in examples],
            [example.context for example in examples],
        )
    ]
    found = []
    for example, question, title, passage in zip(examples, *columns, strict=True):
        spans = tuple(_token_spans(passage, example.answers))
        if len(spans) == len(example.answers) or spans:
            found.append(Item(question, title, passage, spans))
    return found


def _token_spans(passage: Pieces, answers: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in answers:
        inside = [
            number for number, (a, b) in enumerate(passage.offsets) if a < end and b > start and b > a
        ]
        if inside:
            yield inside[0], inside[-1]


def crop(item: Item, size: int, chooser: np.random.Generator) -> tuple[Window, list[tuple[int, int]]]:
    """Give a window of a passage that holds one of the answers, and the answers that it holds whole."""
    length = len(item.passage.ids)
    first, last = item.spans[chooser.integers(len(item.spans))] if item.spans else (0, length - 1)
    lowest, highest = max(0, last + 1 - size), min(first, max(0, length - size))
    if not item.spans:
        lowest, highest = 0, max(0, length - size)
    start = int(chooser.integers(min(lowest, highest), max(lowest, highest) + 1))
    part = window(item.question, item.title, item.passage, start, start + size)
    end = start + len(part.offsets)
    spans = [(a - start, b - start) for a, b in item.spans if a >= start and b < end]
    return part, spans


def _loss(logits: Tensor, part: Window, spans: Sequence[tuple[int, int]]) -> Tensor:
    """Give the negative log-likelihood of the accepted starts and of the accepted ends, summed over them.

    Source: Clark & Gardner, 2018, section 2.2.
    """
    inside = logits[part.first : part.first + len(part.offsets)]
    chances = torch.cat((logits[:1], inside)).log_softmax(dim=0)  # [CLS], which stands for none, is first
    starts = sorted({1 + first for first, _ in spans}) or [0]
    ends = sorted({1 + last for _, last in spans}) or [0]
    return -(chances[starts, 0].logsumexp(0) + chances[ends, 1].logsumexp(0)) / 2
