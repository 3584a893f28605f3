"""Token vectors in files of a segment: codes stay on disk, mapped into memory, and are searched there.

`codes.bin` has shelf by shelf the vectors of wholes, then the codes or floats; a shelf's rows share a
codebook. `layout.npz` says which rows are on which.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rag.core.row_bytes import book_bytes, book_of_bytes
from rag.core.types import Codebook, TokenCodes, Vector
from rag.scoring.maxsim import maxsim
from rag.scoring.residual import code_bytes, nearest_centroids
from rag.stores._tokens import FLOAT, FLOATS, Kept, Overview, Packed, code_scores, rough_scores

__all__ = ["TokenFile", "write_tokens"]

_Number = TypeVar("_Number", np.int8, np.uint8)
_CODES = "codes.bin"
_LAYOUT = "layout.npz"
_ROUGH = 16  # times the candidates are scored roughly


def write_tokens(directory: Path, packed: Packed) -> None:
    """Write a folder."""
    directory.mkdir()
    with (directory / _CODES).open("wb") as file:
        for _, _, rows in _shelves(packed.book_of, packed.has_whole):
            kept = [packed.tokens[row] for row in rows]
            coded = [each for each in kept if isinstance(each, TokenCodes)]
            file.writelines(each.whole.tobytes() for each in coded if each.whole is not None)
            file.writelines(each.codes.tobytes() for each in coded)
            file.writelines(each.tobytes() for each in kept if isinstance(each, np.ndarray))
    floats = next((each for each in packed.tokens if isinstance(each, np.ndarray)), None)
    np.savez(
        directory / _LAYOUT,
        book_of=packed.book_of,
        has_whole=packed.has_whole,
        lengths=np.array([0 if each is None else len(each) for each in packed.tokens], dtype=np.int32),
        float_bytes=np.array(0 if floats is None else floats.shape[1] * FLOAT.itemsize),
    )
    for number, codebook in enumerate(packed.codebooks):
        (directory / f"book{number}.npz").write_bytes(book_bytes(codebook))


class TokenFile:
    """A folder that `write_tokens` wrote."""

    def __init__(self, directory: Path) -> None:
        with np.load(directory / _LAYOUT) as layout:
            book_of, lengths, width = layout["book_of"], layout["lengths"], int(layout["float_bytes"])
            none = np.zeros(len(book_of), dtype=np.bool_)  # older segments do not say
            self._has_whole: NDArray[np.bool_] = layout.get("has_whole", none)
        count = int(book_of.max(initial=FLOATS)) + 1
        books = [book_of_bytes((directory / f"book{n}.npz").read_bytes()) for n in range(count)]
        self._shelves: list[_Shelf] = []
        self._place = np.full((len(book_of), 2), -1)  # (N, 2) the shelf, and where there
        start = 0
        for number, has_whole, rows in _shelves(book_of, self._has_whole):
            book = None if number == FLOATS else books[number]
            num_wholes, sizes = 0, lengths[rows].astype(np.int64)
            if book is not None and has_whole:
                num_wholes, sizes = len(rows), sizes - 1
            offsets = np.concatenate([[0], np.cumsum(sizes)])
            shape = (int(offsets[-1]), width if book is None else code_bytes(book))
            whole = None
            if book is not None and num_wholes:
                of_wholes = (num_wholes, len(book.rotation))
                whole = _mapped(directory / _CODES, np.int8, start, of_wholes)
                start += whole.size
            codes = _mapped(directory / _CODES, np.uint8, start, shape)
            start += codes.size
            self._place[rows] = np.stack([np.full(len(rows), len(self._shelves)), np.arange(len(rows))], 1)
            self._shelves.append(_Shelf(rows, offsets, codes, book, whole))

    def tokens(self, row: int) -> Kept | None:
        """Give the tokens of a row as they are kept."""
        shelf, place = self._place[row].tolist()
        return None if shelf < 0 else self._shelves[shelf].tokens(place)

    def has_whole(self, row: int) -> bool:
        """Say whether the first of a row's tokens is of the whole text."""
        return bool(self._has_whole[row])

    def search(
        self, query: Vector, mask: NDArray[np.bool_] | None, *, num_candidates: int, num_probes: int
    ) -> list[tuple[int, float]]:
        """Give (row, MaxSim) of the allowed rows that are worth an exact look.

        Estimates by centroids choose 16 times as many as candidates, rough scores choose among these.
        """
        places = [shelf.allowed(mask) for shelf in self._shelves]
        num_rough = _ROUGH * num_candidates
        places = self._best(places, num_rough, lambda shelf, of: shelf.estimates(query, of, num_probes))
        places = self._best(places, num_candidates, lambda shelf, of: shelf.rough_scores(query, of))
        found: list[tuple[int, float]] = []
        for shelf, of in zip(self._shelves, places, strict=True):
            scores = shelf.scores(query, of) if len(of) else of
            found += zip(shelf.rows[of].tolist(), scores.tolist(), strict=True)
        return found

    def _best(
        self,
        places: list[NDArray[np.int64]],
        count: int,
        score: Callable[["_Shelf", NDArray[np.int64]], Vector],
    ) -> list[NDArray[np.int64]]:
        """Keep of the places that have codes so many that score best, and equal ones; all with floats."""
        coded = [n for n, shelf in enumerate(self._shelves) if shelf.is_coded and len(places[n])]
        if sum(len(places[n]) for n in coded) <= count:
            return places
        scores = {n: score(self._shelves[n], places[n]) for n in coded}
        least = -np.partition(-np.concatenate(list(scores.values())), count - 1)[count - 1]
        return [of[scores[n] >= least] if n in scores else of for n, of in enumerate(places)]


class _Shelf:
    """Rows whose tokens share a codebook, or are floats; all or none have a vector of the whole."""

    def __init__(
        self,
        rows: NDArray[np.int64],
        offsets: NDArray[np.int64],
        codes: NDArray[np.uint8],
        book: Codebook | None,
        whole: NDArray[np.int8] | None,
    ) -> None:
        self.rows = rows
        self._offsets = offsets
        self._codes = codes
        self._book = book
        self._whole = whole
        self._overview: Overview | None = None
        if book is not None:
            self._overview = Overview.of(book, nearest_centroids(book, codes), offsets, whole)

    def tokens(self, place: int) -> Kept:
        part = self._codes[self._offsets[place] : self._offsets[place + 1]]
        if self._book is None:
            return part.view(FLOAT)
        return TokenCodes(self._book, part, None if self._whole is None else self._whole[place])

    def allowed(self, mask: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Give the places of the rows that may be found."""
        return np.arange(len(self.rows)) if mask is None else np.flatnonzero(mask[self.rows])

    @property
    def is_coded(self) -> bool:
        return self._overview is not None

    def estimates(self, query: Vector, places: NDArray[np.int64], num_probes: int) -> Vector:
        """Give places an estimate of their MaxSim, by centroids."""
        assert self._overview is not None
        return self._overview.estimates(query, num_probes=num_probes)[places]

    def rough_scores(self, query: Vector, places: NDArray[np.int64]) -> Vector:
        """Give places about their MaxSim."""
        assert self._overview is not None
        book, nearest = self._overview.book, self._overview.nearest
        rows, offsets = self._rows_of(places)
        return rough_scores(book, self._codes, nearest, self._wholes_of(places), query, rows, offsets)

    def scores(self, query: Vector, places: NDArray[np.int64]) -> Vector:
        """Give places their MaxSim."""
        codes, offsets = self._codes_of(places)
        if self._book is None:
            return maxsim(query, codes.view(FLOAT), offsets)
        return code_scores(self._book, codes, self._wholes_of(places), query, offsets)

    def _codes_of(self, places: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        rows, offsets = self._rows_of(places)
        return self._codes[rows], offsets

    def _rows_of(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give where the codes of places are, (T,), and where among these each place's begin."""
        starts = self._offsets[places]
        lengths = self._offsets[places + 1] - starts
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths), offsets

    def _wholes_of(self, places: NDArray[np.int64]) -> NDArray[np.int8] | None:
        return None if self._whole is None else self._whole[places]


def _mapped(path: Path, kind: type[_Number], start: int, shape: tuple[int, int]) -> NDArray[_Number]:
    """Map a part of a file; as a plain array, of which a slice takes a tenth of the time."""
    return np.memmap(path, kind, "r", offset=start, shape=shape).view(np.ndarray)


def _shelves(
    book_of: NDArray[np.int16], has_whole: NDArray[np.bool_]
) -> Iterator[tuple[int, bool, NDArray[np.int64]]]:
    """Give of each shelf, in their order, the codebook, whether there are wholes, and the rows."""
    for number in range(FLOATS, int(book_of.max(initial=FLOATS)) + 1):
        for is_whole in (False, True):
            rows = np.flatnonzero((book_of == number) & (has_whole == is_whole))
            if len(rows):
                yield number, is_whole, rows
