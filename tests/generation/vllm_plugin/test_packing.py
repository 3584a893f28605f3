import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rag.generation.vllm_plugin.packing import MIN_TOKENS, Plan, pages_of, plan_of, slots_of, tables_of


@given(st.integers(1, 5000), st.sampled_from([16, 32, 128]), st.floats(0.05, 1.0))
def test_a_plan_keeps_its_share_and_the_least(prompt: int, size: int, budget: float) -> None:
    plan = plan_of(prompt, block_size=size, budget=budget)
    if plan is None:
        return
    assert plan.num_full == (prompt - 1) // size
    assert budget * plan.num_full - 1e-6 <= plan.num_kept <= plan.num_full
    assert plan.num_kept * size >= min(MIN_TOKENS, plan.num_full * size)
    assert plan.first + plan.num_kept == plan.num_full
    assert budget == 1 or plan.first > 0


@given(
    st.lists(st.floats(0, 40), min_size=1, max_size=8), st.integers(2, 12), st.integers(0, 30), st.data()
)
def test_pages_sum_to_what_there_is(
    counts: list[float], kept: int, given_back: int, data: st.DataObject
) -> None:
    least, most = data.draw(st.integers(1, kept)), kept + given_back
    pages = pages_of(counts, total=kept * len(counts), least=least, most=most)
    assert sum(pages) == kept * len(counts)
    assert all(least <= each <= most for each in pages)
    slots = torch.cat(slots_of(pages, kept)).tolist()
    assert sorted(slots) == list(range(kept * len(counts)))


def test_heads_that_keep_alike_keep_their_own_pages() -> None:
    assert [each.tolist() for each in slots_of([3, 3], 3)] == [[0, 2, 4], [1, 3, 5]]


def test_tables_name_packed_pages_then_those_of_the_answer() -> None:
    blocks = torch.tensor([[50, 51, 52, 53, 54, 0], [60, 61, 62, 63, 64, 65]], dtype=torch.int32)
    plans = [Plan(num_read=130, num_full=4, num_kept=2), Plan(num_read=100, num_full=3, num_kept=2)]
    tables, lengths = tables_of(blocks, [135, 170], plans, [[2, 2], [1, 3]], size=32)
    assert lengths.tolist() == [64 + 7, 64 + 7, 32 + 74, 96 + 74]
    assert tables.dtype == torch.int32
    assert tables[0, :3].tolist() == [104, 106, 108]
    assert tables[1, :3].tolist() == [105, 107, 109]
    assert tables[2, :4].tolist() == [122, 126, 128, 130]
    assert tables[3].tolist() == [123, 125, 124, 127, 129, 131]


@pytest.mark.parametrize("budget", [0.25, 0.5, 0.75])
def test_longer_prompts_never_keep_fewer_blocks(budget: float) -> None:
    plans = [plan_of(prompt, block_size=32, budget=budget) for prompt in range(200, 4000, 32)]
    kept = [plan.num_kept for plan in plans if plan is not None]
    assert kept == sorted(kept)
