"""Sections beside the rows that they hold: a file of their vectors, and the search through them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.core.queries import SectionQuery
from rag.core.types import Row, Section, Vector

__all__ = ["SectionFile", "best_in_sections", "write_sections"]


def write_sections(path: Path, rows: Sequence[Row]) -> None:
    """Write the sections of rows as 16-bit floats, each once; `SectionFile` reads them."""
    places: dict[tuple[str, int], int] = {}
    section_of = np.full(len(rows), -1, dtype=np.int32)
    vectors = []
    for number, row in enumerate(rows):
        if row.section is not None:
            key = (row.version_id, row.section.number)
            if key not in places:
                places[key] = len(places)
                vectors.append(row.section.vector)
            section_of[number] = places[key]
    numbers = np.array([number for _, number in places], dtype=np.int32)
    np.savez(path, vectors=np.stack(vectors).astype("<f2"), numbers=numbers, section_of=section_of)


class SectionFile:
    """What `write_sections` wrote."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as arrays:
            self._vectors: Vector = arrays["vectors"].astype(np.float32)
            numbers = arrays["numbers"].tolist()
            self._sections = list(map(Section, numbers, self._vectors))
            self.section_of: NDArray[np.int32] = arrays["section_of"]  # (N,), -1: in none

    def section(self, row: int) -> Section | None:
        """Give the section of a row."""
        place = int(self.section_of[row])
        return None if place < 0 else self._sections[place]

    def scores(self, query: Vector, mask: NDArray[np.bool_] | None) -> Vector:
        """Give the cosines of all sections, (S,); minus infinity for those without an allowed row."""
        scores: Vector = self._vectors @ query
        if mask is not None:
            is_allowed = np.zeros(len(scores), dtype=np.bool_)
            held = self.section_of[mask]
            is_allowed[held[held >= 0]] = True
            scores[~is_allowed] = -np.inf
        return scores


def best_in_sections(
    query: SectionQuery,
    files: Sequence[SectionFile | None],
    vectors: Sequence[Callable[[NDArray[np.int64]], Vector]],
    masks: Sequence[NDArray[np.bool_] | None],
) -> list[list[tuple[int, float]]]:
    """Give for each segment (row, score) of the allowed rows inside the best sections of all segments.

    Args:
        query: what to look for.
        files: of each segment, none where it has no sections.
        vectors: of each segment: numbers of rows -> their vectors (N, D).
        masks: of each segment, which rows may be found, (N,); none for all.
    """
    none = np.zeros(0, dtype=np.float32)
    scores = [
        none if file is None else file.scores(query.section_vector, mask)
        for file, mask in zip(files, masks, strict=True)
    ]
    lowest = _lowest(np.concatenate([none, *scores]), query.num_sections)
    found: list[list[tuple[int, float]]] = [[] for _ in files]
    for place, (file, mask, of_section) in enumerate(zip(files, masks, scores, strict=True)):
        if file is None:
            continue
        of_row = np.where(file.section_of < 0, -np.inf, of_section[file.section_of])  # (N,)
        rows = np.flatnonzero((of_row >= lowest) & np.isfinite(of_row) & (True if mask is None else mask))
        if len(rows):
            totals = vectors[place](rows) @ query.vector + query.weight * of_row[rows]
            found[place] = list(zip(rows.tolist(), totals.tolist(), strict=True))
    return found


def _lowest(scores: Vector, count: int) -> float:
    """Give the score of the last of so many best ones."""
    last = len(scores) - min(count, len(scores))
    return float(np.partition(scores, last)[last]) if len(scores) else np.inf
