"""A model multiplies in float32 or bfloat16: as asked, or as its file and the processor have it."""

from pathlib import Path

import pytest
import torch
from _tiny import generator
from torch.nn.functional import scaled_dot_product_attention

from rag.core.errors import InvalidInputError
from rag.encoders._precision import Precision, matrix_dtype
from rag.generation.backends import _packing
from rag.generation.backends._loading import load_model
from rag.generation.backends._packing import pack_linears
from rag.generation.backends.transformers import Transformers
from rag.generation.kv._attention import attend


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    generator(made)
    return made


@pytest.mark.parametrize(
    ("stored", "precision", "able", "dtype"),
    [
        (torch.float32, "auto", True, torch.float32),
        (torch.bfloat16, "auto", True, torch.bfloat16),
        (torch.bfloat16, "auto", False, torch.float32),
        (torch.float16, "auto", True, torch.float32),
        (torch.bfloat16, "float32", True, torch.float32),
        (torch.float32, "bfloat16", False, torch.bfloat16),
    ],
)
def test_a_model_is_as_its_file_where_that_is_fast(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stored: torch.dtype,
    precision: Precision,
    able: bool,
    dtype: torch.dtype,
) -> None:
    written = load_model(folder, attention=None, device="cpu", precision="float32")
    written.model.to(stored).save_pretrained(tmp_path)
    written.tokenizer.save_pretrained(tmp_path)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": able})
    loaded = load_model(tmp_path, attention=None, device="cpu", precision=precision)
    assert loaded.model.dtype == dtype
    turning = loaded.model.model.rotary_emb.inv_freq
    assert turning.dtype == torch.float32  # positions are exact in every type


def test_another_precision_is_refused_before_a_model_is_read(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match="one of auto, float32, bfloat16, got 'half'"):
        Transformers(folder, model=str(folder), precision="half")  # type: ignore[arg-type]


@pytest.mark.skipif(matrix_dtype("auto", "cpu") != torch.bfloat16, reason="no fast bfloat16 here")
@pytest.mark.parametrize("rows", [1, 2, 64, 65])
def test_packed_weights_in_bfloat16_give_the_same(rows: int) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 48)).to(torch.bfloat16).requires_grad_(False)
    inputs = torch.randn(1, rows, 64, dtype=torch.bfloat16)
    plain = model(inputs)
    pack_linears(model)
    assert isinstance(model[0], _packing._PackedLinear)
    assert torch.allclose(model(inputs).float(), plain.float(), atol=0.02, rtol=0.01)


class _Doubled(torch.nn.Linear):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(inputs)


def test_layers_that_compute_otherwise_are_not_packed() -> None:
    model = torch.nn.Sequential(_Doubled(8, 8), torch.nn.Linear(8, 8)).requires_grad_(False)
    pack_linears(model)
    assert [type(layer) for layer in model] == [_Doubled, _packing._PackedLinear]


def test_few_tokens_in_bfloat16_are_rounded_once_and_values_may_be_narrower_than_keys() -> None:
    torch.manual_seed(0)
    query, keys = torch.randn(1, 4, 3, 16).bfloat16(), torch.randn(1, 2, 70, 16).bfloat16()
    values, mask = torch.randn(1, 2, 70, 8).bfloat16(), torch.ones(1, 1, 3, 70, dtype=torch.bool)
    found = attend(query, keys, values, mask, scaling=None)
    grouped = keys.float().repeat_interleave(2, dim=1), values.float().repeat_interleave(2, dim=1)
    weights = (query.float() @ grouped[0].transpose(2, 3) / 4).softmax(dim=-1)
    assert torch.equal(found, (weights @ grouped[1]).bfloat16())


@pytest.mark.parametrize("kept", [1, 2, 4])
@pytest.mark.parametrize("scaling", [None, 0.5])
@pytest.mark.parametrize("new", [1, 3, 65])
@pytest.mark.parametrize("kind", ["none", "seen", "added"])
def test_tokens_in_bfloat16_attend_as_torch_has_it(
    kept: int, scaling: float | None, new: int, kind: str
) -> None:
    torch.manual_seed(0)
    query = torch.randn(2, 4, new, 16, dtype=torch.bfloat16)
    keys, values = torch.randn(2, 2, kept, 70, 16, dtype=torch.bfloat16)
    seen = (torch.rand(2, 1, new, 70) < 0.5) | (torch.arange(70) == 0)
    mask = {"none": None, "seen": seen, "added": torch.where(seen, 0.0, -torch.inf)}[kind]
    exact = scaled_dot_product_attention(
        query.float(),
        keys.float(),
        values.float(),
        attn_mask=mask,
        is_causal=mask is None and new > 1,
        scale=scaling,
        enable_gqa=True,
    )
    mask = mask.to(torch.bfloat16) if mask is not None and kind == "added" else mask
    found = attend(query, keys, values, mask, scaling=scaling)
    assert found.dtype == torch.bfloat16
    assert found.shape == exact.shape
    assert torch.allclose(found.float(), exact, atol=0.02)
