"""The next token under a condition that can only be asked, token by token, with as few questions as can be.

Knows probabilities and a question; what is asked, and of which model the numbers are, is others' business.
For grammars there is a mask (schema.py): it costs the same whatever it bars.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_CHECKS", "Check", "Draw", "drawn", "first_allowed", "ranked", "weighed"]

Check = Callable[[int], bool]
"""Whether a token may come next."""

_LEAST_LEFT = 1e-15  # of probability: what rounding leaves of 1
MAX_CHECKS = 4096  # by default; a condition that refuses so many of the likeliest wants a mask


@dataclass(frozen=True, slots=True)
class Draw:
    """A token that may come next, and what was learnt of the probability of all that may."""

    token: int | None  # none was found
    log_weight: float  # its mean exponential over draws that give a token is that token's probability
    checks: int  # how many tokens were asked about


def ranked(scores: NDArray[np.floating]) -> Iterator[int]:
    """Give the tokens of (V,) scores, the likeliest first, ties by number; those of -inf not at all.

    >>> list(ranked(np.array([0.5, 2.0, -np.inf, 1.0])))
    [1, 3, 0]
    """
    if not np.isfinite(scores).any():
        return
    first = int(scores.argmax())
    yield first  # where the likeliest is allowed, nothing is sorted
    for token in np.argsort(-scores, kind="stable"):
        if scores[token] == -np.inf:
            return
        if token != first:
            yield int(token)


def drawn(scores: NDArray[np.floating], random: np.random.Generator) -> Iterator[int]:
    """Give tokens drawn without replacement by the softmax of (V,) scores; those of -inf not at all.

    Source: the Gumbel-top-k trick; Kool et al., Stochastic Beams and Where to Find Them, 2019, section 2.
    """
    return ranked(scores + random.gumbel(size=len(scores)))


def first_allowed(
    tokens: Iterable[int], check: Check, *, max_checks: int = MAX_CHECKS
) -> tuple[int | None, int]:
    """Give the first token that may come next, and how many were asked about.

    Of ranked tokens that is the likeliest allowed one. Of drawn ones it follows exactly the law of the
    model restricted to what is allowed. None: there is none, or not among the first `max_checks`.

    >>> first_allowed([3, 1, 2], lambda token: token < 3)
    (1, 2)
    """
    checks = 0
    for token in islice(tokens, max_checks):
        checks += 1
        if check(token):
            return token, checks
    return None, checks


def weighed(
    log_probabilities: NDArray[np.floating],
    check: Check,
    random: np.random.Generator,
    *,
    max_checks: int = MAX_CHECKS,
) -> Draw:
    """Draw a token of those that may come next, with an unbiased weight: adaptive weighted rejection.

    For each token x the mean of `weight * (token == x)` over draws is p(x) where x is allowed, else 0; so
    the mean weight is the probability Z of all that is allowed. Tokens are drawn with replacement until
    two were allowed, and the weight is 1 / (N + 1) for N refused ones (Haldane's estimator). But no token
    is asked about twice: draws that would hit a token known to be refused are counted, not made.

    Args:
        log_probabilities: (V,); where they sum to another probability than 1, the weights do in the mean.
        check: says whether a token may come next.
        random: of the draws.
        max_checks: where so many find no two allowed ones, no token is given and the weight is 0: the mean
            is then too small by what a longer search would have found.

    Source: Lipkin et al., Fast Controlled Generation from Language Models with Adaptive Weighted Rejection
        Sampling, arXiv 2504.05410; this is the estimator that their library genlm-control calls geometric.
        On SmolLM2's distributions it is as good as the paper's own, and steadier than the library's
        recursive one (docs/experiments/decoding.md).
    """
    scores = np.asarray(log_probabilities, dtype=np.float64)
    log_total = float(np.logaddexp.reduce(scores))
    law = np.exp(scores - log_total)
    known: dict[int, bool] = {}
    token: int | None = None
    refused, left = 0, 1.0
    while True:  # twice: until the first allowed one, and until the second
        for drawn_token in drawn(scores, random):
            refused += int(random.geometric(max(left, _LEAST_LEFT))) - 1
            if drawn_token not in known:
                if len(known) >= max_checks:
                    return Draw(None, -math.inf, len(known))
                known[drawn_token] = check(drawn_token)
            if known[drawn_token]:
                break
            refused += 1
            left -= law[drawn_token]
        else:
            return Draw(None, -math.inf, len(known))
        if token is not None:
            return Draw(token, log_total - math.log(refused + 1), len(known))
        token = drawn_token
        scores = np.where(_refused(known, len(scores)), -np.inf, scores)


def _refused(known: dict[int, bool], size: int) -> NDArray[np.bool_]:
    refused = np.zeros(size, dtype=np.bool_)
    refused[[token for token, is_allowed in known.items() if not is_allowed]] = True
    return refused
