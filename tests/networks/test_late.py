"""The head of the late-interaction encoder, without a backbone."""

import torch

from rag.networks.late import ENDS, LateHead

LENGTHS = [3, 2]


def head() -> LateHead:
    torch.manual_seed(0)
    return LateHead((2, 6), size=8, dim=4).eval()


def test_the_first_row_of_a_passage_is_of_the_whole_text() -> None:
    late, states, vectors = head(), torch.randn(5, 2, 8), torch.randn(2, 8)
    rows = late.passages(states, LENGTHS, vectors)
    wanted = torch.nn.functional.normalize(late.whole(vectors), dim=-1)
    torch.testing.assert_close(rows[[0, 3]], wanted)
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(5))


def test_a_passage_is_projected_alike_beside_others_and_alone() -> None:
    late, states, vectors = head(), torch.randn(5, 2, 8), torch.randn(2, 8)
    together = late.passages(states, LENGTHS, vectors)
    torch.testing.assert_close(together[3:], late.passages(states[3:], [2], vectors[1:]))


def test_the_weights_of_a_querys_tokens_sum_to_one_beside_the_whole_texts() -> None:
    late = head()
    weights = late.weights(torch.randn(5, len(ENDS), 8), LENGTHS)
    torch.testing.assert_close(weights[[0, 3]], late.share.exp().expand(2))
    torch.testing.assert_close(torch.stack([weights[1:3].sum(), weights[4:].sum()]), torch.ones(2))
