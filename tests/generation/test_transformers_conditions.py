"""A model in this process keeps conditions, though its weights are random, drafted tokens or not."""

import asyncio
from dataclasses import dataclass

import pytest
import torch
from _passages import passage
from _saved_llama import save_llama
from tokenizers import pre_tokenizers

from rag.core.errors import DeadEndError
from rag.core.protocols import Condition, GenerationOptions, Message, Prompt
from rag.generation.backends._choice import TokenChoice
from rag.generation.backends.transformers import Transformers
from rag.generation.constrained.conditions import CitationExists, QuoteOccurs, TokenCheck
from rag.generation.speculation._drafts import ROOT, Draft
from rag.generation.speculation._verification import verify

LETTERS = 'abc "[]3'
PASSAGES = (passage("a ba cab, ab 33"), passage("ac a cc"))
PROMPT = Prompt((Message("user", "a ba cab ab"),), "a ba cab", PASSAGES)
CONDITIONS = (QuoteOccurs(PASSAGES), CitationExists(PASSAGES))
LENGTH = 60


@dataclass(frozen=True)
class Anything:
    """Allows all texts, but for those of more than so many characters."""

    most: int = 1 << 30

    def allows_prefix(self, text: str) -> bool:
        return len(text) <= self.most

    def allows_complete(self, text: str) -> bool:
        return self.most == 1 << 30


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Transformers:
    """Give a Llama of random weights whose tokens are few letters, marks and digits."""
    letters = "".join(pre_tokenizers.ByteLevel(False).pre_tokenize_str(each)[0][0] for each in LETTERS)
    folder = save_llama(tmp_path_factory.mktemp("model"), letters, seed=11, initializer_range=0.1)
    return Transformers(folder, str(folder), no_repeat_tokens=0)


def answer(
    model: Transformers, seed: int, *conditions: Condition, temperature: float = 1.0
) -> tuple[str, int]:
    """Give what is written and how many tokens."""
    options = GenerationOptions(LENGTH, temperature, conditions=conditions, seed=seed)

    async def read() -> tuple[str, int]:
        deltas = [delta async for delta in model.stream(PROMPT, options)]
        assert deltas[-1].usage is not None
        return "".join(delta.text for delta in deltas), deltas[-1].usage.completion_tokens

    return asyncio.run(read())


def keeps(text: str, length: int) -> bool:
    if length < LENGTH:
        return all(condition.allows_complete(text) for condition in CONDITIONS)
    return all(condition.allows_prefix(text) for condition in CONDITIONS)


def test_it_keeps_conditions_that_it_breaks_when_it_is_left_alone(model: Transformers) -> None:
    assert model.capabilities.keeps_conditions
    alone = [answer(model, seed) for seed in range(10)]
    assert sum(keeps(*each) for each in alone) <= 3, alone
    held = [answer(model, seed, *CONDITIONS) for seed in range(10)]
    assert all(keeps(*each) for each in held)
    assert any(length < LENGTH and '"' in text and "[" in text for text, length in held)
    assert keeps(*answer(model, 0, *CONDITIONS, temperature=0.0))


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_a_condition_that_allows_all_changes_nothing(model: Transformers, temperature: float) -> None:
    for seed in range(3):
        plain = answer(model, seed, temperature=temperature)
        assert answer(model, seed, Anything(), temperature=temperature) == plain


@pytest.mark.parametrize("speculation", ["adaptive", "recycling"])
def test_drafted_tokens_keep_them_as_others_do(model: Transformers, speculation: str) -> None:
    drafted = Transformers(model.models_dir, model.model, no_repeat_tokens=0, speculation=speculation)
    for seed, temperature in [(0, 0.0), (1, 1.0), (2, 1.0), (3, 0.5)]:
        plain = answer(model, seed, *CONDITIONS, temperature=temperature)
        assert answer(drafted, seed, *CONDITIONS, temperature=temperature) == plain


def test_drafts_of_a_model_keep_them_too(model: Transformers) -> None:
    drafted = Transformers(model.models_dir, model.model, no_repeat_tokens=0, speculation="rsd")
    assert all(keeps(*answer(drafted, seed, *CONDITIONS)) for seed in range(4))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_where_nothing_is_allowed_it_says_so(model: Transformers, temperature: float) -> None:
    with pytest.raises(DeadEndError, match=r"none of the 9 tokens .* keeps .* \(Anything\)"):
        answer(model, 0, Anything(most=7), temperature=temperature)


def test_sampled_tokens_have_the_law_of_those_allowed_whatever_was_drawn() -> None:
    size, samples = 12, 4_000
    random = torch.Generator().manual_seed(3)
    target = torch.randn(size, generator=random).mul(1.5).softmax(0)
    drafted = torch.randn(size, generator=random).mul(1.5).softmax(0).double()
    words = ["x" if number % 3 else '"' for number in range(size)]
    check = TokenCheck(
        (QuoteOccurs(()),), lambda tokens: "".join(words[token] for token in tokens), frozenset()
    )
    choice = TokenChoice(temperature=1.0, seed=0, check=check)
    counts = torch.zeros(size)
    for _ in range(samples):
        token = int(torch.multinomial(drafted, 1, generator=random))
        draft = Draft((token,), (ROOT,), (drafted,))
        counts[next(iter(verify(draft, target.log().expand(2, size), choice)))[0]] += 1
    allowed = torch.tensor([word == "x" for word in words])
    assert counts[~allowed].sum() == 0
    expected = (target * allowed / target[allowed].sum() * samples)[allowed]
    freedom = len(expected) - 1
    chi_square = float(((counts[allowed] - expected) ** 2 / expected).sum())
    assert abs(chi_square - freedom) / (2 * freedom) ** 0.5 < 4
