"""The reader that the package carries: where in English passages the answer to an English question stands.

Knows tokens and windows; what the spans are good for is support.py's.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor

from rag.core.types import AnswerSpan, Passage
from rag.encoders._minilm import shared_backbone
from rag.encoders._precision import Precision
from rag.networks.reader import SpanReader
from rag.reading.readers._windows import Window, padded, pieces, spans_of, strides
from rag.scoring.languages import is_english, may_be_english

__all__ = ["Minilm"]

_MAX_ANSWER = 30  # tokens
_TRIED = 40  # spans of a window, best first, of which those that overlap a better one are left out
_Place = tuple[float, int, int]  # score, first and last character of a passage


class Minilm:
    """Read each passage with the question, and compare the spans of all."""

    def __init__(
        self, device: str = "cpu", batch_size: int = 4, spans: int = 5, precision: Precision = "auto"
    ) -> None:
        """Set how it reads.

        Args:
            device: where the network is.
            batch_size: windows that are read together.
            spans: at most so many a passage.
            precision: float32, bfloat16, or what the processor is fast at.
        """
        self._backbone = shared_backbone(device, precision)
        self._device, self._batch_size, self._spans = device, batch_size, spans

    def read(self, question: str, passages: Sequence[Passage]) -> list[AnswerSpan]:
        """Give the best spans, a few a passage; none of passages that are not English."""
        if not may_be_english(question, [passage.text for passage in passages]):
            return []
        chosen = [number for number, passage in enumerate(passages) if is_english(passage.text)]
        found: dict[int, list[_Place]] = {number: [] for number in chosen}
        for number, part, logits in self._scored(question, passages, chosen):
            found[number] += spans_of(part, logits, max_tokens=_MAX_ANSWER, count=_TRIED)
        spans = [
            AnswerSpan(number, *_whole(passages[number].text, start, end), score)
            for number, places in found.items()
            for score, start, end in _apart(places, self._spans)
        ]
        return sorted(spans, key=lambda span: -span.score)

    def _scored(
        self, question: str, passages: Sequence[Passage], chosen: Sequence[int]
    ) -> Iterator[tuple[int, Window, Tensor]]:
        titles = [
            " ".join(dict.fromkeys((passages[each].title, *passages[each].heading[-1:]))) for each in chosen
        ]
        texts = [passages[each].text for each in chosen]
        asked, *cut = pieces(self._backbone.tokenizer, [question, *titles, *texts])
        windows = [
            (number, part)
            for number, title, text in zip(chosen, cut[: len(chosen)], cut[len(chosen) :], strict=True)
            for part in strides(asked, title, text)
        ]
        windows.sort(key=lambda window: len(window[1].ids))
        for start in range(0, len(windows), self._batch_size):
            batch = windows[start : start + self._batch_size]
            inputs = padded([part for _, part in batch])
            with torch.inference_mode():
                logits = self._network(*(each.to(self._device) for each in inputs)).cpu()
            for (number, part), row in zip(batch, logits, strict=True):
                yield number, part, row

    @cached_property
    def _network(self) -> SpanReader:
        return SpanReader.shipped(self._backbone.network).to(self._device)


def _apart(places: Sequence[_Place], count: int) -> list[_Place]:
    """Keep the best of the spans that overlap."""
    kept: list[_Place] = []
    for place in sorted(places, reverse=True):
        if len(kept) < count and all(place[2] <= start or place[1] >= end for _, start, end in kept):
            kept.append(place)
    return kept


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span to the words that it begins and ends in: the encoder cuts a name of code to pieces.

    >>> text = "Set GROVE_HOME first."
    >>> start, end = _whole(text, 4, 9)
    >>> text[start:end]
    'GROVE_HOME'
    """
    while start > 0 and _is_of_word(text[start - 1]) and _is_of_word(text[start]):
        start -= 1
    while 0 < end < len(text) and _is_of_word(text[end - 1]) and _is_of_word(text[end]):
        end += 1
    return start, end


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"
