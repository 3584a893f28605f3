from pathlib import Path

import numpy as np
import pytest

from indexing.pipeline import Pipeline, ReadDocument
from rag.compose import Grove
from rag.core.errors import UnreadableDocumentError
from rag.core.settings import IngestionSettings, Part
from rag.db.jobs import JobFile


@pytest.fixture
def pipeline(grove: Grove) -> Pipeline:
    return Pipeline.from_grove(grove)


def read(pipeline: Pipeline, path: Path) -> ReadDocument:
    file = JobFile(path.name, str(path))
    return pipeline.read(file, *pipeline.content(file))


def test_documents_encoded_together_get_the_vectors_they_get_alone(
    pipeline: Pipeline, folder: Path
) -> None:
    documents = [read(pipeline, path) for path in sorted(folder.glob("text*.txt"))]
    together = pipeline.encode(documents, on_chunks=lambda _: None)
    for document, encoded in zip(documents, together, strict=True):
        (alone,) = pipeline.encode([document], on_chunks=lambda _: None)
        assert encoded.source == document.source
        np.testing.assert_array_equal(encoded.vectors, alone.vectors)


def test_every_chunk_is_counted_once(pipeline: Pipeline, folder: Path) -> None:
    documents = [read(pipeline, path) for path in folder.glob("text*.txt")]
    counts: list[int] = []
    pipeline.encode(documents, on_chunks=counts.append)
    assert sum(counts) == sum(len(document.chunks) for document in documents)


def test_no_documents_are_no_vectors(pipeline: Pipeline) -> None:
    assert pipeline.encode([], on_chunks=lambda _: None) == []


def test_the_hash_is_that_of_the_bytes(pipeline: Pipeline, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("same")
    hashes = {pipeline.content(JobFile(name, str(tmp_path / name)))[1] for name in ("a.txt", "b.txt")}
    assert len(hashes) == 1


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"x" * 11, "11 bytes; at most 10")])
def test_empty_and_oversized_files_are_refused(
    grove: Grove, tmp_path: Path, content: bytes, message: str
) -> None:
    limits = IngestionSettings(max_file_bytes=10)
    small = Grove(grove.settings.model_copy(update={"ingestion": limits}))
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(UnreadableDocumentError, match=message):
        Pipeline.from_grove(small).content(JobFile("a.txt", str(path)))


def test_a_file_that_is_gone_is_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocumentError, match="No such file"):
        pipeline.content(JobFile("a.txt", str(tmp_path / "a.txt")))


def test_another_chunker_or_encoder_is_another_version(grove: Grove) -> None:
    def version(**changes: object) -> str:
        return Pipeline.from_grove(Grove(grove.settings.model_copy(update=changes))).version

    versions = {
        version(),
        version(chunker=Part(kind="whole")),
        version(encoder=Part(kind="hashing", options={"dim": 64})),
    }
    assert len(versions) == 3
