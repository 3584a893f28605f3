"""How well a reader finds the answers of questions that are held out, and knows passages without one."""

from collections.abc import Sequence

import numpy as np
import torch

from rag.evaluation.metrics import exact_match, token_f1
from rag.generation.readers._windows import padded, spans_of, strides
from rag.networks.reader import SpanReader
from rag.training._reader_data import Example
from rag.training._reader_run import items

_MAX_ANSWER = 30  # tokens
_BATCH = 8


def held_out_figures(
    reader: SpanReader, answered: Sequence[Example], not_: Sequence[Example]
) -> dict[str, float]:
    """Give exact match and token F1 with the gold passage, and how often it scores above one without.

    Args:
        reader: the network.
        answered: questions with a passage that holds the answer.
        not_: the same questions, in the same order, with a passage that does not.
    """
    reader.eval()
    found = _read(reader, answered)
    others = _read(reader, not_)
    reader.train()
    accepted = [[each.context[a:b] for a, b in each.answers] for each in answered]
    texts = [text for text, _ in found]
    gold, none = (np.array([margin for _, margin in each]) for each in (found, others))
    return {
        "em": round(float(np.mean([exact_match(*pair) for pair in zip(texts, accepted, strict=True)])), 4),
        "f1": round(float(np.mean([token_f1(*pair) for pair in zip(texts, accepted, strict=True)])), 4),
        "auc": round(float(np.mean(gold[:, None] > none[None, :])), 4),
        "paired": round(float(np.mean(gold > none)), 4),
        "n": len(answered),
    }


def _read(reader: SpanReader, examples: Sequence[Example]) -> list[tuple[str, float]]:
    cut = items(examples)
    assert len(cut) == len(examples)
    found: list[tuple[str, float]] = [("", 0.0)] * len(examples)
    order = sorted(range(len(cut)), key=lambda number: len(cut[number].passage.ids))
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        parts = [
            (number, part)
            for number in batch
            for part in strides(cut[number].question, cut[number].title, cut[number].passage)
        ]
        with torch.inference_mode():
            logits = reader(*padded([part for _, part in parts]))
        best: dict[int, tuple[float, int, int]] = {}
        for (number, part), row in zip(parts, logits, strict=True):
            (place,) = spans_of(part, row, max_tokens=_MAX_ANSWER, count=1)
            best[number] = max(place, best.get(number, place))
        for number, (margin, first, last) in best.items():
            found[number] = (examples[number].context[first:last], margin)
    return found
