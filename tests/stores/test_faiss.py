"""What only files can suffer: a byte that changed, a file that is gone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.compose import Grove
from rag.core.errors import DamagedSegmentError, SegmentGoneError
from rag.core.protocols import Store
from rag.core.queries import TextQuery, VectorQuery
from rag.core.settings import Part, Settings
from rag.core.types import Row, Segment

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
