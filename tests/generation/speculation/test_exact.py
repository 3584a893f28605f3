"""Speculative decoding writes what plain decoding writes, token for token, whatever is proposed."""

from collections.abc import Sequence

import pytest
import torch
from _tiny import SIZE, generator, prompts, proposal
from torch import Tensor

from rag.core.protocols import GenerationOptions
from rag.core.registry import Family
from rag.generation.backends._causal import CausalModel
from rag.generation.backends._streaming import Progress
from rag.generation.speculation._drafts import ROOT, Draft, State

PROPOSERS = Family("rag.generation.speculation")


def written(model: CausalModel, prompt: list[int], options: GenerationOptions) -> list[int]:
    return list(model._tokens(model._load(), prompt, options, Progress(), None))


class Guesser:
    """Drafts random trees, of which some tokens are right."""

    def __init__(self, answers: dict[tuple[int, ...], list[int]]) -> None:
        self.random = torch.Generator().manual_seed(3)
        self.answers = answers
        self.accepted = 0

    def begin(self, state: State) -> None:
        prompt = tuple(state.token_ids[:-1])
        self.answer = [*prompt, *self.answers[prompt]]

    def propose(self, state: State) -> Draft:
        size = min(12, state.max_nodes)
        at = len(state.token_ids)
        tokens, parents, right = [], [], [ROOT]
        for place in range(size):
            parent = int(torch.randint(ROOT, place, (1,), generator=self.random)) if place else ROOT
            token = int(torch.randint(SIZE, (1,), generator=self.random))
            known = self.answer[at + len(right) - 1 : at + len(right)]
            if parent == right[-1] and known and place % 3:
                token = known[0]
                right.append(place)
            tokens.append(token)
            parents.append(parent)
        return Draft(tuple(tokens), tuple(parents))

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        assert logits.shape == (len(token_ids), SIZE)


def test_random_trees_change_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    plain = generator(tmp_path_factory.mktemp("model"), max_batch=1)
    options = GenerationOptions(40)
    answers = {tuple(prompt): written(plain, prompt, options) for prompt in prompts(20)}
    plain._proposer = Guesser(answers)
    for prompt, answer in answers.items():
        assert written(plain, list(prompt), options) == answer


@pytest.mark.parametrize("name", PROPOSERS.names())
@pytest.mark.parametrize("no_repeat_tokens", [0, 3])
def test_the_greedy_answer_is_that_of_plain_decoding(
    name: str, no_repeat_tokens: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("model")
    plain = generator(folder, no_repeat_tokens=no_repeat_tokens)
    drafted = generator(folder, no_repeat_tokens=no_repeat_tokens, speculation=proposal(name, folder))
    for prompt in prompts(15):
        for options in (GenerationOptions(48), GenerationOptions(1), GenerationOptions(2)):
            assert written(drafted, prompt, options) == written(plain, prompt, options)
