"""Examples as the reader's network takes them: tokens, and which of them are the answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from rag.reading.readers._windows import Pieces, Window, pieces, window
from rag.training._reader_data import Example

__all__ = ["Item", "crop", "items"]

_MAX_ANSWER = 64  # tokens; a longer one, up to whole articles in Natural Questions, is no few words


@dataclass(frozen=True, slots=True)
class Item:
    """An example as tokens."""

    question: Pieces
    title: Pieces
    passage: Pieces
    spans: tuple[tuple[int, int], ...]  # first and last token of the passage


def items(tokenizer: Tokenizer, examples: Sequence[Example]) -> list[Item]:
    """Cut examples to tokens; one whose answer is no run of tokens, or a long one, has no spans."""
    texts = [text for each in examples for text in (each.question, each.title, each.context)]
    cut = pieces(tokenizer, texts)
    columns = (cut[0::3], cut[1::3], cut[2::3])
    return [
        Item(question, title, passage, tuple(_token_spans(passage, example.answers)))
        for example, question, title, passage in zip(examples, *columns, strict=True)
    ]


def _token_spans(passage: Pieces, answers: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in answers:
        inside = [
            number for number, (a, b) in enumerate(passage.offsets) if a < end and b > start and b > a
        ]
        if inside and inside[-1] - inside[0] < _MAX_ANSWER:
            yield inside[0], inside[-1]


def crop(item: Item, size: int, chooser: np.random.Generator) -> tuple[Window, list[tuple[int, int]]]:
    """Give a window of a passage that holds one of the answers, and the answers that it holds whole."""
    length = len(item.passage.ids)
    lowest, highest = 0, max(0, length - size)
    if item.spans:
        first, last = item.spans[chooser.integers(len(item.spans))]
        size = max(size, last + 1 - first)
        highest = max(0, length - size)
        lowest, highest = min(max(0, last + 1 - size), highest), min(first, highest)
    start = int(chooser.integers(lowest, highest + 1))
    part = window(item.question, item.title, item.passage, start, start + size)
    end = start + len(part.offsets)
    spans = [(a - start, b - start) for a, b in item.spans if a >= start and b < end]
    return part, spans
