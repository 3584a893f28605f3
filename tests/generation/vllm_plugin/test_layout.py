import pytest
import torch
from torch import Tensor

from rag.core.errors import UnavailableError
from rag.generation.vllm_plugin.layout import LAYOUTS, Layout, found_layout

HEADS, SIZE, DIMS = 2, 4, 8


def kernel(layout: Layout, keys: Tensor, values: Tensor, cache: Tensor, slots: Tensor) -> None:
    """Store token by token, as a kernel does."""
    for token, slot in enumerate(slots.tolist()):
        for head in range(HEADS):
            page = torch.tensor([slot // SIZE * HEADS + head])
            old_keys, old_values = layout.read(cache, page, size=SIZE)
            old_keys[slot % SIZE], old_values[slot % SIZE] = keys[token, head], values[token, head]
            layout.write(cache, page, old_keys, old_values, size=SIZE)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_found_by_what_the_kernel_does(layout: Layout) -> None:
    def store(keys: Tensor, values: Tensor, cache: Tensor, slots: Tensor) -> None:
        kernel(layout, keys, values, cache, slots)

    assert found_layout(store, shape=(HEADS, SIZE, DIMS), dtype=torch.float32) == layout


def test_an_unknown_layout_is_refused() -> None:
    def store(keys: Tensor, values: Tensor, cache: Tensor, slots: Tensor) -> None:
        cache.copy_(torch.cat((keys, values), dim=-1).flatten()[: cache.numel()].sum())

    with pytest.raises(UnavailableError, match=r"does not know.*--block-size 32"):
        found_layout(store, shape=(HEADS, SIZE, DIMS), dtype=torch.float32)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [1, 4, 5, 8, 11])
def test_what_is_written_is_read_and_what_is_behind_it_stays(layout: Layout, count: int) -> None:
    cache = torch.full((3, HEADS, SIZE, 2 * DIMS), 5.0)
    pages = torch.tensor([4, 1, 3])
    keys, values = torch.randn(count, DIMS), torch.randn(count, DIMS)
    layout.write(cache, pages[: -(-count // SIZE)], keys, values, size=SIZE)
    got = layout.read(cache, pages, size=SIZE)
    assert torch.equal(got[0][:count], keys)
    assert torch.equal(got[1][:count], values)
    assert (got[0][count:] == 5).all()
    assert (got[1][count:] == 5).all()
    others = layout.read(cache, torch.tensor([0, 2, 5]), size=SIZE)
    assert (torch.stack(others) == 5).all()


def test_a_transposed_page_has_the_first_dimension_of_all_tokens_first() -> None:
    cache = torch.arange(2.0 * SIZE * DIMS).view(1, 1, SIZE, 2 * DIMS)
    keys, values = Layout("transposed").read(cache, torch.tensor([0]), size=SIZE)
    assert keys[:, 0].tolist() == [0, 1, 2, 3]
    assert values[0].tolist() == list(range(32, 40))
