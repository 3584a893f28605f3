"""One run of the reader's training; it goes on from its last checkpoint."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from rag.core.errors import InvalidInputError
from rag.encoders._minilm import Backbone
from rag.encoders._precision import matrix_dtype
from rag.networks.bert import Bert
from rag.networks.reader import SpanReader
from rag.reading.readers._windows import Window, padded
from rag.training._kept import made_of, whole
from rag.training._low_rank import add_low_rank, merge_low_rank
from rag.training._optimisers import LinearAdamW
from rag.training._progress import Progress
from rag.training._reader_cases import KINDS, Case
from rag.training._reader_data import Example
from rag.training._reader_loss import Cut, span_loss
from rag.training._reader_tokens import crop, items
from rag.training._recipes import listed

__all__ = ["Recipe", "Run", "logits_by_length", "run_name"]

_BUCKET = 32  # batches that are sorted by length together
_GROUP = 16  # windows that are padded together


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice of a training run."""

    start: Annotated[
        Literal["encoder", "shipped"],
        "the encoder, or the reader that the package carries",
    ] = "encoder"
    first_trained: Annotated[
        int, "the lowest layer that is trained; 6 trains the heads and the segments' embeddings"
    ] = 2
    rank: Annotated[int, "of low-rank updates to the layers; 0 trains the layers themselves"] = 0
    rate: Annotated[float, "learning rate"] = 1e-4
    warmup: Annotated[float, "share of the steps"] = 0.05
    clip: Annotated[float, "norm of the gradients; 0 does not cut them"] = 1.0
    batch: Annotated[int, "questions"] = 32
    crop: Annotated[int, "tokens of a passage, around the answer"] = 224
    shortest: Annotated[int, "half of the crops are as short as this, or anything between"] = 32
    epochs: Annotated[float, "how often every question is read"] = 2.0
    negatives: Annotated[float, "passages without an answer, a question"] = 1.0
    kinds: Annotated[
        str, "of them, joined by commas; near where a question has none of the kind that is drawn"
    ] = "near,removed,swapped"
    repeat_everyday: Annotated[int, "how often everyday documents are read an epoch"] = 4
    share: Annotated[float, "of what was learned in the weights; the rest is what they started from"] = 1.0
    without: Annotated[str, "sets that are left out, joined by commas"] = ""
    normaliser: Annotated[
        Literal["passage", "question", "both"],
        "what probabilities sum to 1 over",
    ] = "passage"
    limit: Annotated[int, "questions that are taken; 0 is all"] = 0
    checkpoints: Annotated[int, "how many, evenly spread"] = 4
    seed: Annotated[int, "of what is drawn at random"] = 0


class Run:
    """The state of a training run."""

    def __init__(self, recipe: Recipe, cases: Sequence[Case], folder: Path, *, device: str) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe, self._device = recipe, device
        self._is_mixed = device == "cuda" or matrix_dtype("auto", device) == torch.bfloat16
        self._kinds = listed(recipe.kinds, KINDS)
        order = np.random.default_rng(recipe.seed).permutation(len(cases))
        self._cases = [cases[number] for number in order[: recipe.limit or None]]
        backbone = Backbone()
        self._tokenizer = backbone.tokenizer
        self.reader = _started(recipe, backbone.directory)
        self._first = {name: tensor.clone() for name, tensor in self.reader.trained().items()}
        self._folder = folder / run_name(recipe, self._first, self._cases)
        if recipe.rank:
            add_low_rank(self.reader.bert.layers[self.reader.first_trained :], recipe.rank)
        self.reader.to(device).train()
        self.steps = int(recipe.epochs * (len(self._cases) // recipe.batch))
        if self.steps < 1:
            raise InvalidInputError(
                f"{recipe.epochs:g} epochs of {len(self._cases)} questions are no step of {recipe.batch};"
                " take more, or a smaller --batch"
            )
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
        with whole(file) as partial:
            torch.save([self.reader.trained(), self._step, self._optimiser.state()], partial)
        return True

    def merged(self) -> SpanReader:
        """Give the reader as it is used; it learns no further.

        Low-rank updates become part of its layers. Of a share below 1 its weights are the mean of those it
        started from and those it learned, which forgets less (Wortsman et al., Robust fine-tuning of
        zero-shot models, 2022, section 3).
        """
        if self._recipe.rank:
            merge_low_rank(self.reader.bert.layers[self.reader.first_trained :])
        for name, tensor in self.reader.trained().items():
            tensor.lerp_(self._first[name].to(self._device), 1 - self._recipe.share)
        return self.reader

    def _restore(self, file: Path) -> None:
        weights, self._step, state = torch.load(file, map_location=self._device)
        self.reader.load_state_dict(weights, strict=False)
        self._optimiser.restore(state)

    def _learn(self, steps: int) -> None:
        progress = Progress(self._step, self.steps, every=50)
        while self._step < steps:
            loss = self._learn_batch(self._batch())
            self._step += 1
            progress.note(self._step, loss, is_last=self._step == steps)

    def _learn_batch(self, batch: Sequence[int]) -> Tensor:
        chooser = np.random.default_rng([self._recipe.seed, self._step])
        cuts = self._cut(batch, chooser)
        with torch.autocast(self._device, torch.bfloat16, enabled=self._is_mixed):
            logits = logits_by_length(self.reader, [cut.part for cut in cuts], self._device)
        loss = span_loss(logits, cuts, self._recipe.normaliser)
        torch.autograd.backward(loss)
        if self._recipe.clip:
            nn.utils.clip_grad_norm_(self.reader.parameters(), self._recipe.clip)
        self._optimiser.step()
        return loss.detach()

    def _cut(self, batch: Sequence[int], chooser: np.random.Generator) -> list[Cut]:
        drawn = [(number, each) for number in batch for each in self._drawn(self._cases[number], chooser)]
        cuts, numbers = [], dict[tuple[int, str], int]()
        sizes = chooser.integers(self._recipe.shortest, 2 * self._recipe.crop, size=len(drawn))
        cut = items(self._tokenizer, [each for _, each in drawn])
        for (number, example), item, size in zip(drawn, cut, sizes, strict=True):
            if example.answers and not item.spans:
                continue  # its answer is no run of a few tokens
            part, spans = crop(item, min(int(size), self._recipe.crop), chooser)
            asked = numbers.setdefault((number, example.question), len(numbers))
            cuts.append(Cut(asked, part, spans))
        return cuts

    def _drawn(self, case: Case, chooser: np.random.Generator) -> list[Example]:
        """Give the question with its passage, and as many without an answer as the recipe says."""
        drawn = [case.asked]
        whole, rest = divmod(self._recipe.negatives, 1.0)
        for _ in range(int(whole) + int(chooser.random() < rest)):
            kind = self._kinds[int(chooser.integers(len(self._kinds)))]
            found = case.without(kind) or case.without("near")
            if found:
                drawn.append(found[int(chooser.integers(len(found)))])
        return drawn

    def _batch(self) -> list[int]:
        epoch, turn = divmod(self._step, len(self._cases) // self._recipe.batch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self._batches(np.random.default_rng([self._recipe.seed, epoch])))
        return self._epoch[1][turn]

    def _batches(self, chooser: np.random.Generator) -> list[list[int]]:
        order = chooser.permutation(len(self._cases)).tolist()
        size = self._recipe.batch
        batches: list[list[int]] = []
        for start in range(0, len(order), _BUCKET * size):
            bucket = sorted(
                order[start : start + _BUCKET * size], key=lambda each: len(self._cases[each].asked.context)
            )
            batches += [bucket[at : at + size] for at in range(0, len(bucket) - size + 1, size)]
        return [batches[number] for number in chooser.permutation(len(batches))]


def run_name(recipe: Recipe, start: dict[str, Tensor], cases: Sequence[Case]) -> str:
    """Give a name for the training of these weights on these cases, that no other one has."""
    return made_of(recipe, hashlib.sha256(save(start)).hexdigest(), *cases)


def logits_by_length(reader: SpanReader, parts: Sequence[Window], device: str) -> Tensor:
    """Give (B, T, 2) float32, of windows that are read in groups of like length: little is padding."""
    order = sorted(range(len(parts)), key=lambda number: len(parts[number].ids))
    rows: dict[int, Tensor] = {}
    for start in range(0, len(order), _GROUP):
        group = order[start : start + _GROUP]
        inputs = padded([parts[number] for number in group])
        logits = reader(*(each.to(device) for each in inputs)).float()
        rows.update(zip(group, logits, strict=True))
    return pad_sequence([rows[number] for number in range(len(parts))], batch_first=True)


def _started(recipe: Recipe, directory: Path) -> SpanReader:
    if recipe.start == "encoder":
        reader = SpanReader(Bert.from_directory(directory), recipe.first_trained)
    else:  # the segments' embeddings stay, so that nothing runs back through the layers below
        reader = SpanReader.shipped(Bert.from_directory(directory))
        if recipe.first_trained != reader.first_trained:
            raise InvalidInputError(
                f"the reader that the package carries has layers of its own from {reader.first_trained} on,"
                f" got --first-trained {recipe.first_trained}; leave that out, or --start encoder"
            )
        for part in (*reader.bert.layers[reader.first_trained :], reader.spans):
            part.requires_grad_(True)
    return reader
