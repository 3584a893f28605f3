"""Where the late-interaction head's training starts: principal components; rare words weigh more."""

import numpy as np
import torch
from torch import Tensor, nn

from rag.encoders._minilm import Backbone
from rag.networks.late import LateHead
from rag.training._late_pool import Columns, Pool

_SAMPLE = 2000  # passages that the statistics are taken from
_LEAST_WEIGHT = 0.3  # of a word piece that every passage has


@torch.no_grad()
def set_principal(head: LateHead, pool: Pool, columns: Columns) -> None:
    """Start tokens at the centred principal components of their states, whole texts at their vectors'.

    The latter are turned at random, so that a whole text is near no token.
    """
    states, _ = pool.passage_states.of(_sample(pool), columns.head)
    flat = nn.functional.normalize(states, dim=-1).flatten(1)
    mean = flat.mean(dim=0)
    components = _components(flat - mean, head.dim)
    head.project.weight.copy_(components)
    head.project.bias.copy_(-(components @ mean))
    turn, _ = torch.linalg.qr(torch.randn(head.dim, head.dim))
    head.whole.weight.copy_(turn @ _components(torch.from_numpy(pool.passage_states.vectors), head.dim))


@torch.no_grad()
def set_rarity(head: LateHead, pool: Pool, columns: Columns) -> None:
    """Start the weights of query tokens at the inverse document frequency, as far as states tell it."""
    sample = _sample(pool)
    texts = [pool.passages[number] for number in sample]
    token_ids = [np.array(ids) for ids in Backbone().tokenize(texts)]
    holding = np.bincount(np.concatenate([np.unique(ids) for ids in token_ids]))
    rarity = np.log((len(texts) + 0.5) / (holding + 0.5)).clip(0.0) + _LEAST_WEIGHT
    wanted = torch.from_numpy(rarity[np.concatenate(token_ids)]).float()
    states, _ = pool.passage_states.of(sample, columns.ends)
    rows = nn.functional.pad(states[:, 0], (0, 1), value=1.0)
    target = torch.log(torch.expm1(wanted))  # what softplus makes `wanted` of
    solved = torch.linalg.solve(rows.T @ rows + torch.eye(rows.shape[1]), rows.T @ target)
    head.weigh.weight.zero_()
    head.weigh.weight[0, : len(solved) - 1] = solved[:-1]
    head.weigh.bias.fill_(float(solved[-1]))


@torch.no_grad()
def set_equal(head: LateHead) -> None:
    """Start with the same weight for every token."""
    head.weigh.weight.zero_()
    head.weigh.bias.zero_()


def _sample(pool: Pool) -> range:
    return range(0, len(pool.passages), max(1, len(pool.passages) // _SAMPLE))


def _components(rows: Tensor, count: int) -> Tensor:
    vectors: Tensor = torch.linalg.eigh(rows.T @ rows)[1]
    return vectors[:, -count:].T
