"""The update of TreeHop, by what the paper says of it."""

import pytest
import torch

from rag.networks.treehop import TreeHop


@pytest.fixture
def module() -> TreeHop:
    torch.manual_seed(0)
    return TreeHop(16, gate=32).eval()


def test_the_paper_s_form_has_the_paper_s_parameters() -> None:
    with torch.device("meta"):  # counted, not allocated
        module = TreeHop.paper()
    assert sum(parameter.numel() for parameter in module.parameters()) == 25_192_448


def test_without_an_update_the_passage_is_taken_away(module: TreeHop) -> None:
    torch.nn.init.zeros_(module.update.weight)
    states, passages = torch.randn(3, 16), torch.randn(3, 16)
    assert torch.equal(module(states, passages), states - passages)


def test_attention_runs_over_the_features_of_each_pair(module: TreeHop) -> None:
    attention = module.attention(torch.randn(3, 16), torch.randn(3, 16))
    assert attention.shape == (3, 32)
    assert attention.sum(dim=1).tolist() == pytest.approx([1.0] * 3)


def test_a_batch_gives_what_its_rows_give(module: TreeHop) -> None:
    states, passages = torch.randn(4, 16), torch.randn(4, 16)
    alone = torch.cat([module(states[n : n + 1], passages[n : n + 1]) for n in range(4)])
    torch.testing.assert_close(module(states, passages), alone)


def test_states_are_carried_unnormalised(module: TreeHop) -> None:
    states = torch.nn.functional.normalize(torch.randn(3, 16), dim=-1).numpy()
    assert module.hop(states, -states)[0] @ module.hop(states, -states)[0] > 2  # q - c alone has norm 2


def test_the_shipped_weights_fit_minilm() -> None:
    module = TreeHop.shipped()
    assert module.hop(torch.zeros(2, 384).numpy(), torch.zeros(2, 384).numpy()).shape == (2, 384)
