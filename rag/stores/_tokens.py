"""Token vectors of many chunks: what stores keep of them, and the search of those that are on disk.

Few tokens are kept as 16-bit floats, exactly enough to learn from later; many are compressed with a
codebook of their own. What is compressed already keeps its codes, for being compressed twice costs 3 points
of recall (docs/experiments.md); few floats among many codes take the codebook that has most of these.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag.core.row_bytes import book_bytes, book_of_bytes
from rag.core.types import Codebook, Row, TokenCodes, Vector
from rag.scoring.centroids import CentroidLists
from rag.scoring.maxsim import join, maxsim, spans
from rag.scoring.residual import (
    centroid_similarity,
    decode,
    encode,
    fits,
    nearest_centroids,
    num_centroids_for,
    score_codes,
    train_codebook,
)

FLOATS = -1  # in place of a codebook's number
NO_TOKENS = -2
_FLOAT = np.dtype("<f2")
_CODED_TOKENS = (
    65_536  # fewer are kept as floats: looking at each takes 20 ms, and a codebook has its weight
)
_ENCODED_AT_ONCE = 256
_SAMPLE_TOKENS = 131_072
_CODES = "codes.bin"
_LAYOUT = "layout.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The tokens of rows as bytes."""

    codebooks: Sequence[Codebook]
    book_of: NDArray[np.int16]  # (N,) a codebook's number, FLOATS or NO_TOKENS
    lengths: NDArray[np.int32]  # (N,) tokens
    parts: Sequence[NDArray[np.uint8]]  # (N,) of (T, bytes of a token)

    @classmethod
    def of(
        cls, rows: Sequence[Row], *, coded_tokens: int = _CODED_TOKENS, known: Sequence[Codebook] = ()
    ) -> Self:
        """Pack; floats are compressed when there are so many tokens in all, or a known codebook fits."""
        given = dict(enumerate(row.tokens for row in rows))
        floats = {index: each for index, each in given.items() if isinstance(each, np.ndarray)}
        of_row = {index: each for index, each in given.items() if isinstance(each, TokenCodes)}
        fresh = _compressed(list(floats.values()), list(of_row.values()), coded_tokens, known)
        of_row |= dict(zip(floats, fresh, strict=False))
        codebooks = list({id(codes.codebook): codes.codebook for codes in of_row.values()}.values())
        numbers = {id(codebook): number for number, codebook in enumerate(codebooks)}
        book_of = np.full(len(rows), NO_TOKENS, dtype=np.int16)
        book_of[list(floats)] = FLOATS
        parts = [np.zeros((0, 0), dtype=np.uint8)] * len(rows)
        for index in given:
            if index in of_row:
                book_of[index] = numbers[id(of_row[index].codebook)]
                parts[index] = of_row[index].codes
            elif index in floats:
                parts[index] = np.ascontiguousarray(floats[index], dtype=_FLOAT).view(np.uint8)
        return cls(codebooks, book_of, np.array([len(part) for part in parts], dtype=np.int32), parts)


def unpacked(part: NDArray[np.uint8], codebook: Codebook | None) -> Vector | TokenCodes:
    """Give what was packed: 16-bit floats, (T, D), or codes."""
    if codebook is not None:
        return TokenCodes(codebook, part)
    floats: Vector = part.view(_FLOAT)
    return floats


def floats_of(tokens: Vector | TokenCodes) -> Vector:
    """Give (T, D) float32, decoded when needed."""
    return decode(tokens) if isinstance(tokens, TokenCodes) else tokens.astype(np.float32)


def exact_scores(query: Vector, passages: Sequence[Vector | TokenCodes]) -> Vector:
    """Give the MaxSim, (N,), of passages, those of one codebook scored together."""
    scores = np.zeros(len(passages), dtype=np.float32)
    groups: dict[int, list[int]] = {}
    for index, tokens in enumerate(passages):
        groups.setdefault(id(tokens.codebook) if isinstance(tokens, TokenCodes) else 0, []).append(index)
    for indexes in groups.values():
        first = passages[indexes[0]]
        if isinstance(first, TokenCodes):
            codes, offsets = join([passages[index].codes for index in indexes])  # type: ignore[union-attr]
            scores[indexes] = _code_scores(first.codebook, codes, query, offsets)
        else:
            scores[indexes] = maxsim(query, *join([passages[index] for index in indexes]))  # type: ignore[misc]
    return scores


def write_tokens(directory: Path, packed: Packed) -> None:
    """Write a folder: codes book by book, so that those of one book are one array; and what is where."""
    directory.mkdir()
    order = np.argsort(packed.book_of, kind="stable")
    with (directory / _CODES).open("wb") as file:
        for row in order:
            file.write(packed.parts[row].tobytes())
    width = next(
        (part.shape[1] for row, part in enumerate(packed.parts) if packed.book_of[row] == FLOATS), 0
    )
    arrays = {"book_of": packed.book_of, "lengths": packed.lengths, "float_bytes": np.array(width)}
    np.savez(directory / _LAYOUT, **arrays)  # type: ignore[arg-type]
    for number, codebook in enumerate(packed.codebooks):
        (directory / f"book{number}.npz").write_bytes(book_bytes(codebook))


class TokenFile:
    """A folder that `write_tokens` wrote: codes stay on disk, mapped into memory."""

    def __init__(self, directory: Path) -> None:
        with np.load(directory / _LAYOUT) as layout:
            self._book_of, lengths, width = layout["book_of"], layout["lengths"], int(layout["float_bytes"])
        count = int(self._book_of.max(initial=FLOATS)) + 1
        self._books = [book_of_bytes((directory / f"book{n}.npz").read_bytes()) for n in range(count)]
        self._shelves: dict[int, _Shelf] = {}
        start = 0
        for number in range(FLOATS, count):
            rows = np.flatnonzero(self._book_of == number)
            if not len(rows):
                continue
            offsets = np.concatenate([[0], np.cumsum(lengths[rows], dtype=np.int64)])
            book = None if number == FLOATS else self._books[number]
            bytes_each = width if book is None else 2 + int(book.group_bits.sum())
            shape = (int(offsets[-1]), bytes_each)
            codes = np.memmap(directory / _CODES, dtype=np.uint8, mode="r", offset=start, shape=shape)
            self._shelves[number] = _Shelf(rows, offsets, codes, book)
            start += shape[0] * shape[1]
        self._place = np.zeros(len(self._book_of), dtype=np.int64)
        for shelf in self._shelves.values():
            self._place[shelf.rows] = np.arange(len(shelf.rows))

    def tokens(self, row: int) -> Vector | TokenCodes | None:
        """Give the tokens of a row as they are kept."""
        shelf = self._shelves.get(int(self._book_of[row]))
        return None if shelf is None else shelf.tokens(int(self._place[row]))

    def search(
        self, query: Vector, mask: NDArray[np.bool_] | None, *, num_candidates: int, num_probes: int
    ) -> list[tuple[int, float]]:
        """Give (row, MaxSim) of the allowed rows that are worth an exact look."""
        shelves = list(self._shelves.values())
        allowed = [shelf.allowed(mask) for shelf in shelves]
        coded = [number for number, shelf in enumerate(shelves) if shelf.is_coded]
        if sum(len(allowed[number]) for number in coded) > num_candidates:
            estimates = [shelves[n].estimates(query, num_probes)[allowed[n]] for n in coded]
            least = -np.partition(-np.concatenate(estimates), num_candidates - 1)[num_candidates - 1]
            for number, estimate in zip(coded, estimates, strict=True):
                allowed[number] = allowed[number][estimate >= least]
        found: list[tuple[int, float]] = []
        for shelf, places in zip(shelves, allowed, strict=True):
            scores = shelf.scores(query, places) if len(places) else places
            found += zip(shelf.rows[places].tolist(), scores.tolist(), strict=True)
        return found


class _Shelf:
    """The rows whose tokens share a codebook, or are floats."""

    def __init__(
        self,
        rows: NDArray[np.int64],
        offsets: NDArray[np.int64],
        codes: NDArray[np.uint8],
        book: Codebook | None,
    ) -> None:
        self.rows = rows
        self._offsets = offsets
        self._codes = codes
        self._book = book
        self._lists: CentroidLists | None = None
        if book is not None:
            nearest = nearest_centroids(codes)
            self._lists = CentroidLists.of(nearest, offsets, num_centroids=len(book.centroids))

    def tokens(self, place: int) -> Vector | TokenCodes:
        return unpacked(self._codes[self._offsets[place] : self._offsets[place + 1]], self._book)

    @property
    def is_coded(self) -> bool:
        return self._book is not None

    def allowed(self, mask: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Give the places of the rows that may be found."""
        return np.arange(len(self.rows)) if mask is None else np.flatnonzero(mask[self.rows])

    def estimates(self, query: Vector, num_probes: int) -> Vector:
        """Give every place an estimate of its MaxSim."""
        assert self._book is not None
        assert self._lists is not None
        return self._lists.scores(centroid_similarity(self._book, query), num_probes=num_probes)

    def scores(self, query: Vector, places: NDArray[np.int64]) -> Vector:
        lengths = self._offsets[places + 1] - self._offsets[places]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        shift = np.repeat(self._offsets[places] - offsets[:-1], lengths)
        codes = self._codes[np.arange(offsets[-1]) + shift]
        if self._book is None:
            return maxsim(query, codes.view(_FLOAT), offsets)
        return _code_scores(self._book, codes, query, offsets)


def _code_scores(
    book: Codebook, codes: NDArray[np.uint8], query: Vector, offsets: NDArray[np.int64]
) -> Vector:
    scores = np.zeros(len(offsets) - 1, dtype=np.float32)
    for first, last in spans(offsets, num_tokens=4096):  # what they decode to stays in the cache
        some = TokenCodes(book, codes[offsets[first] : offsets[last]])
        scores[first:last] = score_codes(some, query, offsets[first : last + 1] - offsets[first])
    return scores


def _compressed(
    passages: Sequence[Vector], coded: Sequence[TokenCodes], coded_tokens: int, known: Sequence[Codebook]
) -> list[TokenCodes]:
    """Compress floats, or give nothing when there are too few tokens."""
    fresh = sum(map(len, passages))
    fitting = next((each for each in known if passages and fits(each, _sample(passages, fresh))), None)
    if fitting is not None:
        return _encoded(fitting, passages)
    sizes: Counter[int] = Counter()
    for each in coded:
        sizes[id(each.codebook)] += len(each.codes)
    if not passages or fresh + sizes.total() < coded_tokens:
        return []
    if fresh >= coded_tokens or not coded:
        codebook = train_codebook(_sample(passages, fresh), num_centroids=num_centroids_for(fresh))
    else:
        (largest, _), *_ = sizes.most_common(1)
        codebook = next(each.codebook for each in coded if id(each.codebook) == largest)
    return _encoded(codebook, passages)


def _encoded(codebook: Codebook, passages: Sequence[Vector]) -> list[TokenCodes]:
    codes: list[TokenCodes] = []
    for start in range(0, len(passages), _ENCODED_AT_ONCE):
        some = passages[start : start + _ENCODED_AT_ONCE]
        bounds = np.cumsum([len(each) for each in some])[:-1]
        codes += [TokenCodes(codebook, part) for part in np.split(encode(codebook, join(some)[0]), bounds)]
    return codes


def _sample(passages: Sequence[Vector], num_tokens: int) -> Vector:
    """Give tokens enough to learn from, of whole passages spread over all."""
    step = max(1, num_tokens // _SAMPLE_TOKENS)
    return join([each.astype(np.float32, copy=False) for each in passages[::step]])[0]
