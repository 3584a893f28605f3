"""Question and passage as the reader's network takes them: windows of tokens, each token with its place."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

MAX_TOKENS = 320  # of a window; a chunk of the default size with its question
STRIDE = 96  # tokens of the passage that two neighbouring windows share
_MAX_QUESTION = 64
_MAX_TITLE = 24
_CLS, _SEP = 101, 102  # BERT's


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokens of a text."""

    ids: Sequence[int]
    offsets: Sequence[tuple[int, int]]  # characters


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids of a question and a part of a passage."""

    ids: list[int]
    first: int  # index of the part's first token; those before it are question and title
    offsets: Sequence[tuple[int, int]]  # characters of the passage, for each of the part's tokens
    num_question: int  # tokens of segment 0


def pieces(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Pieces]:
    """Cut texts to tokens, none of them special."""
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [Pieces(encoding.ids, encoding.offsets) for encoding in encodings]


def window(question: Pieces, title: Pieces, passage: Pieces, start: int, end: int) -> Window:
    """Give [CLS] question [SEP] title passage[start:end] [SEP]; a long question or title is cut."""
    asked = [_CLS, *question.ids[:_MAX_QUESTION], _SEP]
    before = [*asked, *title.ids[:_MAX_TITLE]]
    ids = [*before, *passage.ids[start:end], _SEP]
    return Window(ids, len(before), passage.offsets[start:end], len(asked))


def strides(question: Pieces, title: Pieces, passage: Pieces) -> list[Window]:
    """Give the windows that together hold the whole passage: one, if it fits; none, if it has no tokens."""
    if not passage.ids:
        return []
    around = min(len(question.ids), _MAX_QUESTION) + min(len(title.ids), _MAX_TITLE) + 3
    room = MAX_TOKENS - around
    starts = [0]
    while starts[-1] + room < len(passage.ids):
        starts.append(starts[-1] + room - STRIDE)
    return [window(question, title, passage, start, start + room) for start in starts]


def padded(windows: Sequence[Window]) -> tuple[Tensor, Tensor, Tensor]:
    """Give token ids (B, T) int64, mask (B, T) bool and segments (B, T) int64."""
    shape = (len(windows), max(len(each.ids) for each in windows))
    ids, segments = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape, dtype=torch.int64)
    mask = torch.zeros(shape, dtype=torch.bool)
    for row, each in enumerate(windows):
        ids[row, : len(each.ids)] = torch.tensor(each.ids)
        mask[row, : len(each.ids)] = True
        segments[row, each.num_question : len(each.ids)] = 1
    return ids, mask, segments


def spans_of(part: Window, logits: Tensor, *, max_tokens: int, count: int) -> list[tuple[float, int, int]]:
    """Give the best spans of a window: their logit less that of no answer, first and last character.

    Args:
        part: the window.
        logits: (T, 2) of its tokens.
        max_tokens: of a span.
        count: how many spans at most; they may overlap.
    """
    inside = logits[part.first : part.first + len(part.offsets)]
    length = len(inside)
    ends = torch.nn.functional.pad(inside[:, 1], (0, max_tokens - 1), value=-torch.inf)
    scores = inside[:, :1] + ends.unfold(0, max_tokens, 1)  # (T, max_tokens): by start and length
    best = (scores - logits[0].sum()).flatten().topk(min(count, length))
    return [
        (value, part.offsets[place // max_tokens][0], part.offsets[sum(divmod(place, max_tokens))][1])
        for value, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]
