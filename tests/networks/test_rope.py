import torch

from rag.networks.rope import rotated


def test_a_score_depends_on_the_distance_alone() -> None:
    query, key = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(0))
    near = rotated(query, torch.tensor([5]), 100.0) @ rotated(key, torch.tensor([2]), 100.0).T
    far = rotated(query, torch.tensor([905]), 100.0) @ rotated(key, torch.tensor([902]), 100.0).T
    torch.testing.assert_close(near, far, atol=1e-4, rtol=1e-4)


def test_turning_back_gives_the_same_again() -> None:
    states = torch.randn(2, 3, 7, 8, generator=torch.Generator().manual_seed(0))
    places = torch.arange(7)
    torch.testing.assert_close(rotated(rotated(states, places, 10.0), -places, 10.0), states)
    torch.testing.assert_close(rotated(states, places, 10.0).norm(dim=-1), states.norm(dim=-1))
