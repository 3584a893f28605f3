"""The other estimators of adaptive weighted rejection sampling, to choose between by measurement.

Each gives a weight, unbiased for the probability of what is allowed, and how many tokens it asked about.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rag.generation.backends._loading import Loaded
from rag.generation.constrained.rejection import Check, drawn, first_allowed, weighed

__all__ = ["weights"]

Estimate = Callable[[NDArray[np.float64], Check, np.random.Generator], tuple[float, int]]

_TEXTS = [
    "The capital of France is",
    "The report says that the depot opens at nine, and that",
    '"I have never seen',
    "She bought 12 apples and",
    "According to the passage, the warranty covers",
    'He wrote: "The',
]
_WORDS: dict[str, Callable[[str], bool]] = {
    "a lower-case word": lambda word: re.fullmatch(" [a-z]+", word) is not None,
    "no letter e": lambda word: "e" not in word,
    "at most four characters": lambda word: len(word) <= 4,
    "not a space first": lambda word: not word.startswith(" "),
}
_LEAST = 1e-7  # tokens less likely than this are left out, for time


def _geometric(law: NDArray[np.float64], check: Check, random: np.random.Generator) -> tuple[float, int]:
    """As the product has it."""
    draw = weighed(np.log(law), check, random)
    return math.exp(draw.log_weight), draw.checks


def _two_loops(law: NDArray[np.float64], check: Check, random: np.random.Generator) -> tuple[float, int]:
    """As the paper has it: refused tokens of the first loop are left out of the second."""
    refused: list[int] = []

    def noted(token: int) -> bool:
        is_allowed = check(token)
        if not is_allowed:
            refused.append(token)
        return is_allowed

    scores = np.log(law)
    token, checks = first_allowed(drawn(scores, random), noted, max_checks=len(law))
    if token is None:
        return 0.0, checks
    left = float(law.sum() - law[refused].sum())
    scores[refused] = -np.inf
    _, more = first_allowed(drawn(scores, random), check, max_checks=len(law))
    return left / (checks + more - 1), checks + more


def _recursive(law: NDArray[np.float64], check: Check, random: np.random.Generator) -> tuple[float, int]:
    """As their library has it: refused ones are left out one by one, and one more is asked about."""
    left = weight = float(law.sum())
    checks = 0
    order = drawn(np.log(law), random)
    for token in order:
        share = min(float(law[token]) / left, 1.0)
        checks += 1
        if check(token):
            other = next(order, None)
            is_other_allowed = other is None or check(other)
            return weight * (1.0 if is_other_allowed else share), checks + 1
        weight *= 1.0 - share
        left -= float(law[token])
    return 0.0, checks


_ESTIMATORS = {"geometric": _geometric, "two loops": _two_loops, "recursive": _recursive}


def weights(loaded: Loaded, samples: int) -> Iterator[dict[str, Any]]:
    """Give a row for each condition and estimator, over the distributions behind some texts."""
    random = np.random.default_rng(0)
    words = [loaded.text([token]) for token in range(loaded.model.config.vocab_size)]
    with torch.inference_mode():
        ids = [torch.tensor([loaded.tokenizer.encode(text)]) for text in _TEXTS]
        laws = [loaded.model(input_ids=each).logits[0, -1].double().softmax(-1).numpy() for each in ids]
    for name, is_allowed in _WORDS.items():
        allowed = np.array([is_allowed(word) for word in words])
        for estimator, estimate in _ESTIMATORS.items():
            figures = np.array([_figures(law, allowed, estimate, random, samples) for law in laws])
            mean, variance, checks = figures.mean(axis=0)
            yield {
                "part": "weights",
                "way": f"{name}: {estimator}",
                "n": samples * len(laws),
                "mean": round(float(mean), 3),
                "variance": round(float(variance), 3),
                "checks": f"{checks:.2f} mean",
                "variance x checks": round(float((figures[:, 1] * figures[:, 2]).mean()), 2),
            }


def _figures(
    law: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    estimate: Estimate,
    random: np.random.Generator,
    samples: int,
) -> tuple[float, float, float]:
    """Give the mean of the weights, as a share of the right one, their variance, and the mean checks."""
    likely = law > _LEAST
    kept, may = law[likely] / law[likely].sum(), allowed[likely]
    drawn_ones = [estimate(kept, lambda token: bool(may[token]), random) for _ in range(samples)]
    shares = np.array([weight for weight, _ in drawn_ones]) / kept[may].sum()
    return float(shares.mean()), float(shares.var()), float(np.mean([count for _, count in drawn_ones]))
