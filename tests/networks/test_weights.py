"""The weights that the package carries: whole, documented, small."""

from pathlib import Path

import pytest
import torch

from rag.core.errors import DamagedWeightsError
from rag.networks._weights import FOLDER, load_weights, save_weights, sums

MAX_BYTES = 60_000_000


def test_each_file_has_its_digest_and_its_model_card() -> None:
    files = sorted(FOLDER.glob("*.safetensors"))
    assert sorted(sums()) == [file.name for file in files]
    for file in files:
        load_weights(file.stem)
        assert file.with_suffix(".md").read_text().startswith("# ")


def test_they_are_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < MAX_BYTES


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save_weights("one", {"a": torch.arange(3.0).half(), "b": torch.tensor([7])}, tmp_path)
    save_weights("two", {"a": torch.zeros(1)}, tmp_path)
    loaded = load_weights("one", tmp_path)
    assert loaded["a"].dtype == torch.float32
    assert {name: tensor.tolist() for name, tensor in loaded.items()} == {"a": [0.0, 1.0, 2.0], "b": [7]}
    assert sorted(sums(tmp_path)) == ["one.safetensors", "two.safetensors"]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    save_weights("one", {"a": torch.zeros(3)}, tmp_path)
    (tmp_path / "one.safetensors").write_bytes(b"broken")
    with pytest.raises(DamagedWeightsError, match="install the package again"):
        load_weights("one", tmp_path)
    with pytest.raises(DamagedWeightsError):
        load_weights("absent", tmp_path)
