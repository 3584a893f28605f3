"""Pictures of text -> words with boxes, by RapidOCR, which carries the models of PP-OCR in its package.

Knows pictures as arrays. Needs the extra `ocr`: loaders import this only when they meet a picture.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR

from indexing.loaders._pdf_words import Word

__all__ = ["pictures_of", "words_of"]

_TALL = 1.5  # height over width of a line that runs down
_SURE = 0.9  # mean confidence in text that lies the right way round
_TURNS = {True: (1, 3), False: (2,)}  # quarter turns that a page may need whose lines run down, or do not
_DESCENT = 0.2  # of a line's box, below the line that its letters stand on
_Box = tuple[float, float, float, float]


class _Line(NamedTuple):
    text: str
    confidence: float
    box: _Box  # x0, y0, x1, y1 in pixels

    @property
    def runs_down(self) -> bool:
        x0, y0, x1, y1 = self.box
        return len(self.text) > 1 and y1 - y0 > _TALL * (x1 - x0)


def pictures_of(content: bytes) -> list[NDArray[np.uint8]]:
    """Decode a file; several pictures of one with pages, none of what is no picture."""
    if not content:
        return []
    done, pictures = cv2.imdecodemulti(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    return list(pictures) if done else []


def words_of(picture: NDArray[np.uint8], *, points: float) -> list[Word]:
    """Read a picture (height, width, 3: blue, green, red) whose pixels are so many points large.

    When it makes little sense, the page is taken to lie on its side or head; lines that run down and do
    make sense are vertical writing.
    """
    turn, lines = 0, _lines(picture)
    if lines and _confidence(lines) < _SURE:
        runs_down = 2 * sum(line.runs_down for line in lines) > len(lines)
        turned = [
            (side, _lines(np.ascontiguousarray(np.rot90(picture, side)))) for side in _TURNS[runs_down]
        ]
        turn, lines = max([(turn, lines), *turned], key=lambda each: _confidence(each[1]))
    height, width = picture.shape[:2]
    return list(_words(lines, turn, width, height, points))


def _lines(picture: NDArray[np.uint8]) -> list[_Line]:
    found = _engine()(picture, use_cls=False)  # it would turn lines alone, and not their order
    if found.boxes is None:
        return []
    corners = np.asarray(found.boxes, dtype=np.float64)  # (N, 4, 2)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1).tolist()
    lines = zip(found.txts, found.scores, boxes, strict=True)
    return [_Line(text, score, tuple(box)) for text, score, box in lines if text.strip()]


@cache
def _engine() -> Any:  # Any: what it gives depends on what it is asked for
    return RapidOCR(params={"Global.log_level": "critical"})


def _confidence(lines: Sequence[_Line]) -> float:
    num_letters = sum(len(line.text) for line in lines)
    return sum(len(line.text) * line.confidence for line in lines) / max(1, num_letters)


def _words(lines: Sequence[_Line], turn: int, width: int, height: int, points: float) -> Iterator[Word]:
    """Cut lines into words, letters taken as equally wide: the model gives the line's box alone."""
    numbers = count()
    for line in lines:
        x0, y0, x1, y1 = line.box
        for match in re.finditer(r"\S+", line.text):
            start, end = match.start() / len(line.text), match.end() / len(line.text)
            if line.runs_down:
                box = (x0, y0 + start * (y1 - y0), x1, y0 + end * (y1 - y0))
                upright = (box[1], -box[2], box[3], -box[0])
            else:
                upright = box = (x0 + start * (x1 - x0), y0, x0 + end * (x1 - x0), y1)
            left, top, right, bottom = (points * value for value in upright)
            size = bottom - top
            yield Word(
                next(numbers), match[0], left, top, right, bottom, bottom - _DESCENT * size, size,
                bold=False, joined=False, turn=1 if line.runs_down else turn,
                shown=_shown(box, turn, width, height),
            )  # fmt: skip


def _shown(box: _Box, turn: int, width: int, height: int) -> _Box:
    """Map pixels of the picture as it was turned for reading to fractions of it as it is."""
    x0, y0, x1, y1 = box
    if turn == 1:
        x0, y0, x1, y1 = width - y1, x0, width - y0, x1
    elif turn == 2:
        x0, y0, x1, y1 = width - x1, height - y1, width - x0, height - y0
    elif turn == 3:
        x0, y0, x1, y1 = y0, height - x1, y1, height - x0
    clip = (min(max(value, 0.0), 1.0) for value in (x0 / width, y0 / height, x1 / width, y1 / height))
    return next(clip), next(clip), next(clip), next(clip)
