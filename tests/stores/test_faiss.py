"""What the embedded store alone has: files that can be damaged, a graph of many rows, a GPU."""

from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from _kept import Kept
from numpy.typing import NDArray

from rag.compose import Grove
from rag.core.errors import DamagedSegmentError, SegmentGoneError
from rag.core.protocols import Store
from rag.core.queries import TextQuery, VectorQuery
from rag.core.settings import Part, Settings
from rag.core.types import Row, Segment, Vector

ROWS = [Row(f"d.1.{n}", "d.1", f"river number {n}", np.eye(8, dtype=np.float32)[n]) for n in range(8)]
NEAREST, WORDS = VectorQuery(ROWS[0].vector), TextQuery("river")


@pytest.fixture
def grove(tmp_path: Path) -> Grove:
    return Grove(Settings(home=tmp_path, encoder=Part(kind="hashing"), store=Part(kind="faiss")))


@pytest.fixture
def staged(grove: Grove) -> tuple[Segment, Path]:
    """Give a segment and its folder."""
    with grove.database.write() as session:
        segment = grove.store.stage(ROWS, session=session)
    return segment, grove.settings.home_dir / "segments" / segment.segment_id


def search(query: VectorQuery | TextQuery) -> Callable[[Grove, Segment], object]:
    return lambda grove, segment: store_of(grove).search(query, [segment], filter=None, k=3)


def merge(grove: Grove, segment: Segment) -> object:
    with grove.database.read() as session:
        return list(store_of(grove).rows(segment, session=session))


def store_of(grove: Grove) -> Store:
    """Give the store as another process would open it."""
    store: Store = Grove(grove.settings).store
    return store


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def word_files(folder: Path) -> list[str]:
    names = {"meta.json", *(file.name for file in (folder / "words").iterdir() if len(file.stem) > 30)}
    return [f"words/{name}" for name in sorted(names)]


READS = [
    ("vectors.faiss", search(NEAREST)),
    ("rows.json", search(WORDS)),
    ("words", search(WORDS)),
    ("texts.json", merge),
    ("vectors.faiss", merge),
]


@pytest.mark.parametrize(("part", "read"), READS)
@pytest.mark.parametrize("damage", [flip_a_byte, Path.unlink])
def test_a_damaged_file_is_an_error_that_names_the_segment_and_the_file(
    grove: Grove,
    staged: tuple[Segment, Path],
    part: str,
    read: Callable[[Grove, Segment], object],
    damage: Callable[[Path], None],
) -> None:
    segment, folder = staged
    before = {name: (folder / name).read_bytes() for name in word_files(folder)}
    for name in before if part == "words" else [part]:
        assert read(grove, segment)
        damage(folder / name)
        with pytest.raises(DamagedSegmentError, match=f"{segment.segment_id} is damaged: .*{name}"):
            read(grove, segment)
        (folder / name).write_bytes(before.get(name, b""))


@pytest.mark.parametrize(
    "damage", [lambda file: file.write_text("{}"), lambda file: file.write_text(""), Path.unlink]
)
def test_damaged_checksums_are_damage(
    grove: Grove, staged: tuple[Segment, Path], damage: Callable[[Path], None]
) -> None:
    segment, folder = staged
    damage(folder / "checksums.json")
    with pytest.raises(DamagedSegmentError, match=r"checksums\.json|Expecting value"):
        search(NEAREST)(grove, segment)


def test_what_is_not_read_is_not_compared(grove: Grove, staged: tuple[Segment, Path]) -> None:
    segment, folder = staged
    flip_a_byte(folder / "texts.json")
    assert search(NEAREST)(grove, segment)
    assert search(WORDS)(grove, segment)


def test_a_segment_that_was_opened_before_it_was_removed_is_gone(
    grove: Grove, staged: tuple[Segment, Path]
) -> None:
    segment, _ = staged
    store: Store = grove.store
    store.search(WORDS, [segment], filter=None, k=1)
    with grove.database.write() as session:
        store.drop([segment.segment_id], keep=[], session=session)
    assert store.search(WORDS, [segment], filter=None, k=1)  # its words are open
    with pytest.raises(SegmentGoneError, match="search again"):  # its vectors were not
        store.search(NEAREST, [segment], filter=None, k=1)


VECTORS = np.random.default_rng(0).normal(size=(3000, 16)).astype(np.float32)


def recalls(home: Path, *, is_masked: bool, **options: object) -> list[float]:
    """Give the share of the true hundred nearest of several queries; masked, of every sixth row."""
    kept = Kept(Grove(Settings(home=home, store=Part(kind="faiss", options=options))))
    rows = [
        Row(f"{number:04}", f"d{number % 2}.1", "word", vector, {"third": number % 3})
        for number, vector in enumerate(VECTORS)
    ]
    staged = kept.stage(rows)
    alive = Segment(staged.segment_id, staged.num_rows, frozenset({"d1.1"} if is_masked else ()))
    where = {"third": 0} if is_masked else None
    found = []
    for query in VECTORS[1:20]:
        best = [f"{row:04}" for row in np.argsort(-VECTORS @ query) if row % (6 if is_masked else 1) == 0][
            :100
        ]
        hits = kept.nearest(query, [alive], where=where, k=100)
        assert len(set(hits)) == 100
        found.append(len(set(hits) & set(best)) / 100)
    return found


def test_a_graph_finds_what_a_filter_and_deletions_leave(tmp_path: Path) -> None:
    assert np.mean(recalls(tmp_path, is_masked=True, exact_rows=100, ef_search=20)) > 0.98


def test_few_that_may_be_found_are_all_looked_at(tmp_path: Path) -> None:
    assert min(recalls(tmp_path, is_masked=True, exact_rows=2000, ef_search=20)) == 1


@pytest.mark.parametrize("is_masked", [False, True])
def test_a_gpu_finds_no_row_that_may_not_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_masked: bool
) -> None:
    monkeypatch.setattr(faiss, "index_cpu_to_all_gpus", HeedlessIndex, raising=False)
    assert min(recalls(tmp_path, is_masked=is_masked, device="cuda")) == 1


class HeedlessIndex:
    """Searches as FAISS does on a GPU: whatever the parameters."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    def search(self, queries: Vector, k: int, params: object = None) -> tuple[Vector, NDArray[np.int64]]:
        found: tuple[Vector, NDArray[np.int64]] = self._index.search(queries, k)
        return found

    def reconstruct_batch(self, rows: NDArray[np.int64]) -> Vector:
        vectors: Vector = self._index.reconstruct_batch(rows)
        return vectors
