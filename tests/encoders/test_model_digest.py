"""Models of equal names are told apart by their files."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from _colbert_checkpoints import save_stanford
from safetensors.torch import load_file, save_file

from rag.encoders._model_digest import model_digest
from rag.encoders.late import Late
from rag.encoders.long import Long
from rag.encoders.sentence_transformers import SentenceTransformers


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Give a model, its copy, and one that was trained further, in folders of one name."""
    first, same, other = (tmp_path_factory.mktemp(name) / "model" for name in ("first", "same", "other"))
    first.mkdir()
    save_stanford(first)
    copytree(first, same)
    copytree(first, other)
    tensors = load_file(other / "model.safetensors")
    name = next(name for name in tensors if name.endswith("layer.1.output.dense.weight"))
    tensors[name] += 0.1
    save_file(tensors, other / "model.safetensors")
    return [str(folder) for folder in (first, same, other)]


@pytest.mark.parametrize(
    "fingerprint",
    [
        lambda folder: Late(model=folder).fingerprint,
        lambda folder: Long("windows", model=folder).fingerprint,
        lambda folder: SentenceTransformers(folder).fingerprint,
    ],
)
def test_a_model_that_was_trained_further_has_another_fingerprint(
    fingerprint: Callable[[str], str], folders: list[str]
) -> None:
    first, same, other = map(fingerprint, folders)
    assert first == same != other
    assert ":model:" in first


@pytest.mark.parametrize("place", [0, 2_000_003, 9_999_999])
def test_large_files_are_told_apart_by_their_parts(tmp_path: Path, place: int) -> None:
    weights = np.random.default_rng(0).bytes(10_000_000)
    (tmp_path / "model.safetensors").write_bytes(weights)
    before = model_digest(tmp_path)
    trained = bytearray(weights)
    trained[place : place + 200_000] = bytes(len(trained[place : place + 200_000]))
    (tmp_path / "model.safetensors").write_bytes(trained)
    assert model_digest(tmp_path) != before
    (tmp_path / "model.safetensors").write_bytes(weights)
    (tmp_path / "README.md").write_text("of a model")
    assert model_digest(tmp_path) == before
