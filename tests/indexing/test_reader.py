import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexing.chunkers.structure import Structure
from indexing.parse import parse_document
from indexing.reader import Reader
from rag.core.errors import UnreadableDocumentError, UnsupportedFormatError
from rag.encoders.hashing import Hashing
from rag.encoders.minilm import Minilm

REPOSITORY = Path(__file__).parents[2]
HOSTILE = (sys.executable, str(REPOSITORY / "tests" / "helpers" / "_hostile_reader.py"))


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(max_seconds=5, max_bytes=300_000_000, command=HOSTILE) as reader:
        yield reader


@pytest.mark.parametrize("name", ["handbook.pdf", "field-notes.docx", "product.html", "peps/pep-0008.rst"])
def test_a_document_is_read_as_in_this_process(reader: Reader, name: str) -> None:
    content = (REPOSITORY / "examples" / name).read_bytes()
    assert reader.read(content, name=name) == (parse_document(content, name=name), None)


@pytest.mark.parametrize("encoder", [Hashing(), Minilm()])
def test_it_cuts_as_this_process_does_without_the_network(encoder: Hashing | Minilm) -> None:
    content = (REPOSITORY / "examples" / "handbook.pdf").read_bytes()
    chunker = Structure(encoder.portable_token_starts, max_tokens=60)
    assert len(pickle.dumps(chunker)) < 1000
    with Reader(max_seconds=30, max_bytes=300_000_000, chunker=chunker) as reader:
        document, chunks = reader.read(content, name="handbook.pdf")
        assert chunks == Structure(encoder.token_starts, max_tokens=60).chunk(document)
        assert not any("torch" in line for line in maps_of(reader))


def maps_of(reader: Reader) -> list[str]:
    assert reader._process is not None
    return Path(f"/proc/{reader._process.pid}/maps").read_text().splitlines()


def test_a_loaders_errors_come_through(reader: Reader) -> None:
    with pytest.raises(UnsupportedFormatError, match=r"no loader takes \.xyz"):
        reader.read(b"x", name="a.xyz")
    with pytest.raises(UnreadableDocumentError, match="it is no PDF"):
        reader.read(b"x", name="a.pdf")


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        ("hang", r"longer than 5 s; split the file, or raise GROVE_INGESTION__READ_SECONDS"),
        ("hog", r"more than 300000000 bytes of memory.*GROVE_INGESTION__READ_BYTES"),
        ("crash", r"ended the reading process \(SIGABRT\)"),
        ("flaw", r"unexpected KeyError: 'a flaw'"),
    ],
)
def test_what_a_hostile_file_does_is_said_and_the_next_one_is_read(
    reader: Reader, suffix: str, words: str
) -> None:
    with pytest.raises(UnreadableDocumentError, match=rf"'evil\.{suffix}': .*{words}"):
        reader.read(b"x", name=f"evil.{suffix}")
    assert reader.read(b"All is well.", name="a.txt")[0].text == "All is well."


def test_a_process_that_was_killed_between_two_files_is_replaced() -> None:
    with Reader(max_seconds=5, max_bytes=300_000_000) as reader:
        reader.start()
        assert reader._process is not None
        reader._process.kill()
        reader._process.wait()
        assert reader.read(b"All is well.", name="a.txt")[0].text == "All is well."


def test_a_stopped_reader_starts_again_with_the_next_file() -> None:
    with Reader(max_seconds=5, max_bytes=300_000_000) as reader:
        reader.read(b"Hello.", name="a.txt")
        reader.stop()
        assert reader.read(b"All is well.", name="a.txt")[0].text == "All is well."


def test_the_process_ends_with_the_reader() -> None:
    with Reader(max_seconds=5, max_bytes=300_000_000) as reader:
        reader.read(b"Hello.", name="a.txt")
        process = reader._process
        assert process is not None
    assert process.poll() is not None
