"""How well a reader finds the answers of questions that are held out, and knows passages without one."""

from collections.abc import Sequence

import numpy as np
import torch

from rag.encoders._minilm import Backbone
from rag.evaluation.metrics import exact_match, token_f1
from rag.networks.reader import SpanReader
from rag.reading.readers._windows import padded, spans_of, strides
from rag.training._reader_cases import KINDS, Case
from rag.training._reader_data import Example
from rag.training._reader_tokens import items

__all__ = ["held_out_figures"]

_MAX_ANSWER = 30  # tokens
_BATCH = 8
_WITHHELD = 0.1  # share of the answers that may be lost to what is refused


def held_out_figures(reader: SpanReader, cases: Sequence[Case]) -> dict[str, float]:
    """Give exact match and token F1 with the gold passage, and how well it is told from passages without.

    For each kind of the latter: `auc`, how often a gold passage scores above one of the kind; `refused`,
    the share of the kind below the score that nine gold passages in ten reach.
    """
    reader.eval()
    answered = [case.asked for case in cases]
    found = _read(reader, answered)
    accepted = [[each.context[a:b] for a, b in each.answers] for each in answered]
    pairs = list(zip([text for text, _ in found], accepted, strict=True))
    gold = np.array([margin for _, margin in found])
    figures: dict[str, float] = {
        "em": float(np.mean([exact_match(*pair) for pair in pairs])),
        "f1": float(np.mean([token_f1(*pair) for pair in pairs])),
    }
    lowest = float(np.quantile(gold, _WITHHELD))
    for kind in KINDS:
        others = [each for case in cases for each in case.without(kind)[:1]]
        margins = np.array([margin for _, margin in _read(reader, others)])
        if len(margins):
            figures[f"auc {kind}"] = float(np.mean(gold[:, None] > margins[None, :]))
            figures[f"refused {kind}"] = float(np.mean(margins < lowest))
    reader.train()
    return {name: round(value, 4) for name, value in figures.items()} | {"n": len(cases)}


def _read(reader: SpanReader, examples: Sequence[Example]) -> list[tuple[str, float]]:
    """Give the best span of each and its score less that of none."""
    device = next(reader.parameters()).device
    size = _BATCH if device.type == "cpu" else 16 * _BATCH
    cut = items(Backbone().tokenizer, examples)
    found: list[tuple[str, float]] = [("", 0.0)] * len(examples)
    order = sorted(range(len(cut)), key=lambda number: len(cut[number].passage.ids))
    for start in range(0, len(order), size):
        parts = [
            (number, part)
            for number in order[start : start + size]
            for part in strides(cut[number].question, cut[number].title, cut[number].passage)
        ]
        with torch.inference_mode():
            logits = reader(*(each.to(device) for each in padded([part for _, part in parts]))).cpu()
        best: dict[int, tuple[float, int, int]] = {}
        for (number, part), row in zip(parts, logits, strict=True):
            (place,) = spans_of(part, row, max_tokens=_MAX_ANSWER, count=1)
            best[number] = max(place, best.get(number, place))
        for number, (margin, first, last) in best.items():
            found[number] = (examples[number].context[first:last], margin)
    return found
