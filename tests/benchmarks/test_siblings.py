"""The chance that a drawn sibling stands is how often verification lets one stand."""

import pytest
import torch

from benchmarks.siblings import _COUNTS, _stands
from rag.generation.backends._choice import TokenChoice
from rag.generation.speculation._drafts import ROOT, Draft
from rag.generation.speculation._verification import verify


def test_chances_are_those_of_verification() -> None:
    random = torch.Generator().manual_seed(4)
    target, law = torch.rand(2, 12, generator=random, dtype=torch.float64).pow(3)
    target, law = target / target.sum(), law / law.sum()
    tokens = [3, 7, 0, 9, 5]
    draft = Draft(tuple(tokens), (ROOT,) * 5, (law,) * 5)
    choice, logits, draws = TokenChoice(temperature=1.0, seed=0), target.log().expand(6, -1), 3000
    places = [next(iter(verify(draft, logits, choice)))[1] for _ in range(draws)]
    often = [sum(place is not None and place < count for place in places) / draws for count in _COUNTS]
    chances = _stands(target, law, tokens)
    assert chances == sorted(chances)
    assert often == pytest.approx(chances, abs=0.035)  # four standard errors
