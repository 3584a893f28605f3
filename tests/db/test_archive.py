"""What is exported is found the same in another database and store; what is broken leaves nothing."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from indexing.corpus import index_corpus
from indexing.pipeline import Pipeline
from rag.compose import Grove
from rag.core.errors import ConflictError, InvalidInputError
from rag.core.layout import Box, BoxSpan, Layout, PageSpan
from rag.core.settings import IngestionSettings, Part, Settings
from rag.core.types import Attribute, ParsedDocument
from rag.db.archive import Archive

QUERIES = ["snow on the river", "the gauge of day 7", "lake"]
RETRIEVERS = ["lexical", "dense", "late", "long", "hybrid", "hybrid+late"]
LAYOUT = Layout((PageSpan(1, 0, 400),), (BoxSpan(0, 3, Box(1, 0.1, 0.1, 0.2, 0.12)),))
Hits = list[tuple[str, float]]
Open = Callable[[str, str], Grove]


@pytest.fixture
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    """Open an installation by name, on SQLite with FAISS or on PostgreSQL with pgvector."""

    def grove(name: str, kind: str) -> Grove:
        return Grove(
            Settings(
                home=tmp_path / name,
                database_url=None if kind == "sqlite" else request.getfixturevalue("postgres_url"),
                encoder=Part(kind="hashing"),
                late_encoder=Part(kind="hashing_late"),
                long_encoder=Part(kind="hashing_long"),
                # All sections: which of equal ones are the best ten is each store's own.
                retrievers={"long": Part(kind="long", options={"sections": 100})},
                ingestion=IngestionSettings(batch_chunks=4),
            )
        )

    return grove


def fill(grove: Grove) -> None:
    words = "snow river lake gauge mast depot".split()
    texts = []
    for n in range(20):
        text = f"The {words[n % 6]} and the {words[n % 5]} of day {n}."
        metadata: dict[str, Attribute] = {"n": n, "tags": ("a", "b")}
        texts.append((f"{n}.txt", ParsedDocument(text, f"t{n}", LAYOUT, metadata=metadata)))
    index_corpus(grove, texts, collection="both", kinds=("dense", "late", "long"))
    index_corpus(grove, texts[:5], collection="dense only", kinds=("dense",))
    changed = [("3.txt", ParsedDocument("The depot has moved.", "t3"))]
    index_corpus(grove, changed, collection="both")
    grove.publisher.delete_documents("both", source="4.txt")
    index_corpus(grove, [], collection="both")  # merges


def archive_of(grove: Grove) -> Archive:
    return Archive(grove.database, grove.store, grove.access, originals=grove.originals)


def export(grove: Grove, path: Path) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    archive_of(grove).export(path, settings={"A": "1"}, on_rows=lambda *at: seen.append(at))
    return seen


def restore(grove: Grove, path: Path) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    counts = archive_of(grove).restore(path, on_rows=lambda *at: seen.append(at))
    assert counts.settings == {"A": "1"}
    return seen


def found(grove: Grove, collection: str, retrievers: list[str]) -> list[Hits]:
    return [
        [
            (passage.chunk_id, passage.score)
            for passage in grove.search(text, collection=collection, retriever=name, k=100).passages
        ]
        for name in retrievers
        for text in QUERIES
    ]


def assert_alike(one: Hits, other: Hits, tolerance: float = 0.05) -> None:
    """Compare rankings of two kinds of store: one keeps 16-bit floats, and lengths of texts differently."""
    scores, others = dict(one), dict(other)
    assert set(scores) == set(others)
    assert scores == pytest.approx(others, abs=tolerance)
    for first, second in pairwise([chunk_id for chunk_id, _ in other]):
        assert scores[first] > scores[second] - tolerance


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("sqlite", "sqlite"),
        pytest.param("sqlite", "postgres", marks=pytest.mark.postgres),
        pytest.param("postgres", "sqlite", marks=pytest.mark.postgres),
    ],
)
def test_what_is_restored_is_found_the_same(opened: Open, tmp_path: Path, source: str, target: str) -> None:
    old, new = opened("old", source), opened("new", target)
    fill(old)
    exported = export(old, tmp_path / "all.grove")
    assert exported[-1] == (24, 24)
    assert restore(new, tmp_path / "all.grove")[-1] == (24, 24)
    for collection, retrievers in (("both", RETRIEVERS), ("dense only", ["lexical", "dense", "hybrid"])):
        pairs = zip(found(old, collection, retrievers), found(new, collection, retrievers), strict=True)
        for one, other in pairs:
            if source == target:
                assert one == other
            else:
                assert_alike(one, other)
    for before in old.catalog.documents("both"):
        assert before.document_id is not None
        assert new.catalog.document(before.document_id) == old.catalog.document(before.document_id)
        assert new.catalog.locate(before.document_id, 1, 0, 3) == old.catalog.locate(
            before.document_id, 1, 0, 3
        )


@pytest.mark.postgres
def test_there_and_back_everything_is_found_as_before(opened: Open, tmp_path: Path) -> None:
    """SQLite and FAISS -> PostgreSQL and pgvector -> SQLite and FAISS: few rows, so every search is exact.

    Words and token vectors come back bit for bit. Dense and section vectors were 16-bit floats on the way:
    a number keeps 11 bits, so that a score moves by at most 2**-11 of it.
    """
    old, between, back = opened("old", "sqlite"), opened("between", "postgres"), opened("back", "sqlite")
    fill(old)
    export(old, tmp_path / "there.grove")
    restore(between, tmp_path / "there.grove")
    export(between, tmp_path / "back.grove")
    restore(back, tmp_path / "back.grove")
    exact = ["lexical", "late"]
    assert found(back, "both", exact) == found(old, "both", exact)
    for name in ("dense", "long"):
        before, after = found(old, "both", [name]), found(back, "both", [name])
        halved = found(between, "both", [name])
        for first, second, third in zip(before, after, halved, strict=True):
            assert_alike(first, second, tolerance=2**-11)
            assert_alike(second, third, tolerance=2**-11)
    everything = found(back, "both", RETRIEVERS)
    export(back, tmp_path / "again.grove")
    again = opened("again", "sqlite")
    restore(again, tmp_path / "again.grove")
    assert found(again, "both", RETRIEVERS) == everything


def test_what_is_restored_can_be_changed_and_exported_again(opened: Open, tmp_path: Path) -> None:
    old, new = opened("old", "sqlite"), opened("new", "sqlite")
    fill(old)
    export(old, tmp_path / "one")
    restore(new, tmp_path / "one")
    index_corpus(new, [("new.txt", ParsedDocument("A zebra in the snow.", "z"))], collection="both")
    assert new.search("zebra", collection="both", retriever="late", k=1).passages[0].source == "new.txt"
    assert export(new, tmp_path / "two")[-1] == (25, 25)


def test_filters_find_what_was_restored(opened: Open, tmp_path: Path) -> None:
    old, new = opened("old", "sqlite"), opened("new", "sqlite")
    fill(old)
    export(old, tmp_path / "one")
    restore(new, tmp_path / "one")
    hits = new.search("snow", collection="both", retriever="late", filter={"n": {"gte": 18}}).passages
    assert {passage.source for passage in hits} == {"18.txt", "19.txt"}


def put(grove: Grove, text: str) -> None:
    """Publish the document `a.txt` without merging: the rows of its former version stay, dead."""
    grove.ensure_collection("c", kinds=("dense",))
    pipeline = Pipeline.from_grove(grove)
    read = pipeline.cut("a.txt", hashlib.sha256(text.encode()).hexdigest(), ParsedDocument(text, "t"))
    encoded = pipeline.encode([read], kinds=("dense",), on_chunks=lambda _: None)
    with grove.database.write() as session:
        grove.publisher.publish(session, "c", encoded, encoder=grove.encoder.fingerprint)


def test_a_segment_whose_rows_are_all_dead_is_not_exported(opened: Open, tmp_path: Path) -> None:
    old, new = opened("old", "sqlite"), opened("new", "sqlite")
    put(old, "The depot is here.")
    put(old, "The depot has moved.")
    assert len(old.catalog.snapshot("c").segments) == 2
    export(old, tmp_path / "one")
    with zipfile.ZipFile(tmp_path / "one") as file:
        assert sum(name.startswith("segments/") for name in file.namelist()) == 2, "an index, and its rows"
    restore(new, tmp_path / "one")
    assert found(new, "c", ["lexical", "dense"]) == found(old, "c", ["lexical", "dense"])


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_an_archive_that_has_a_segment_without_rows_is_restored(
    opened: Open, tmp_path: Path, kind: str
) -> None:
    old, new = opened("old", "sqlite"), opened("new", kind)
    put(old, "The depot is here.")
    export(old, tmp_path / "one")
    empty = "segments/000007/index"
    with zipfile.ZipFile(tmp_path / "one") as file:
        index = file.read("segments/000000/index")

    def with_empty(name: str, content: bytes) -> bytes | None:
        if name == "manifest.json":
            manifest = json.loads(content)
            manifest["entries"][empty] = hashlib.sha256(index).hexdigest()
            return json.dumps(manifest).encode()
        return content

    changed = rewritten(tmp_path / "one", with_empty)
    with zipfile.ZipFile(changed, "a") as file:
        file.writestr(empty, index)
    restore(new, changed)
    assert len(new.catalog.snapshot("c").segments) == 1


def test_an_archive_is_not_written_over_a_file(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("mine")
    with pytest.raises(InvalidInputError, match="exists already"):
        export(opened("old", "sqlite"), tmp_path / "one")
    assert (tmp_path / "one").read_text() == "mine"
    with pytest.raises(InvalidInputError, match="cannot be written"):
        export(opened("old", "sqlite"), tmp_path / "no" / "where")


def test_collections_that_exist_are_left_as_they_are(opened: Open, tmp_path: Path) -> None:
    old = opened("old", "sqlite")
    fill(old)
    export(old, tmp_path / "one")
    before = found(old, "both", RETRIEVERS)
    with pytest.raises(ConflictError, match="both, dense only already"):
        restore(old, tmp_path / "one")
    assert found(old, "both", RETRIEVERS) == before


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Give a copy with other entries; the manifest is as it was."""
    copy = path.with_name("changed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return copy


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_bad_archive_is_refused_and_leaves_nothing(opened: Open, tmp_path: Path, kind: str) -> None:
    old, new = opened("old", "sqlite"), opened("new", kind)
    fill(old)
    path = tmp_path / "one"
    export(old, path)
    whole = path.read_bytes()
    bad: list[Path] = []
    for number, content in enumerate((b"", b"no archive", whole[: len(whole) // 2], whole[:-40])):
        bad.append(tmp_path / f"bad{number}")
        bad[-1].write_bytes(content)
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 0xFF
    bad.append(tmp_path / "flipped")
    bad[-1].write_bytes(flipped)
    for path_of_bad in bad:
        with pytest.raises(InvalidInputError, match="not a whole archive"):
            restore(new, path_of_bad)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        restore(new, tmp_path / "absent")
    assert new.catalog.collections() == []
    assert new.publisher.sweep() == []


def test_an_archive_whose_rows_are_wrong_leaves_nothing(opened: Open, tmp_path: Path) -> None:
    old, new = opened("old", "sqlite"), opened("new", "sqlite")
    fill(old)
    export(old, tmp_path / "one")

    def without_checksums(name: str, content: bytes) -> bytes | None:
        if name == "manifest.json":
            manifest = json.loads(content)
            manifest["entries"] = {
                entry: digest for entry, digest in manifest["entries"].items() if entry != last
            }
            manifest["entries"][last] = "5e2bf57d3f40c4b6df69daf1936cb766f832374b4fc0259a7cbff06e2f70f269"
            return json.dumps(manifest).encode()
        return b"lorem ipsum" if name == last else content

    with zipfile.ZipFile(tmp_path / "one") as file:
        last = [name for name in file.namelist() if name.endswith(".npz")][-1]
    with pytest.raises(InvalidInputError, match="not a whole archive"):
        restore(new, rewritten(tmp_path / "one", without_checksums))
    assert new.catalog.collections() == []
    assert list((new.settings.home_dir / "segments").iterdir()) == []
