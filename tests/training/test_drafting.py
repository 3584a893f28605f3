"""Heads that draft: their losses, their training, and what trained ones are worth, in a made language."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from rag.core.errors import InvalidInputError
from rag.generation.backends._loading import Loaded
from rag.generation.backends._proposing import build_proposer
from rag.networks.fspad import FspadHead
from rag.training import fspad, hidden_transfer
from rag.training._drafting import drafted, save_heads
from rag.training._drafting_run import Method, Run
from rag.training._drafting_texts import batch_of

SIZE, SENTENCES, WORDS = 200, 12, 12
RECIPES = {
    "hidden_transfer": (
        hidden_transfer.METHOD,
        hidden_transfer.Recipe(layers="1,1,1", rate=5e-3, batch=8, rows=16, epochs=6, checkpoints=2),
    ),
    "fspad": (fspad.METHOD, fspad.Recipe(rate=3e-3, batch=8, epochs=6, checkpoints=2)),
}


def language(count: int, seed: int) -> list[list[int]]:
    """Give texts of four sentences each, of the few that there are."""
    words = torch.randperm(SIZE, generator=torch.Generator().manual_seed(0))[: SENTENCES * WORDS]
    sentences = words.view(SENTENCES, WORDS)
    drawn = torch.randint(SENTENCES, (count, 4), generator=torch.Generator().manual_seed(seed))
    texts: list[list[int]] = sentences[drawn].flatten(1).tolist()
    return texts


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """Give a model of two layers that knows the language."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=SIZE,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    model = LlamaForCausalLM(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    texts = torch.tensor(language(128, 1))
    for _ in range(12):
        for batch in texts.view(8, 16, -1):
            logits = model(input_ids=batch).logits
            torch.autograd.backward(
                functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch[:, 1:].flatten())
            )
            optimiser.step()
            optimiser.zero_grad()
    return Loaded(model.eval(), None, frozenset())


def given(loaded: Loaded, name: str, folder: Path, prompts: list[list[int]]) -> float:
    proposer = build_proposer(name, {"heads": str(folder)}, loaded=lambda: loaded, device="cpu")
    return drafted(loaded, prompts, proposer, 24).figures()["tokens a pass"]


@pytest.mark.parametrize("name", RECIPES)
def test_trained_heads_give_more_tokens_a_pass(loaded: Loaded, name: str, tmp_path: Path) -> None:
    method, recipe = RECIPES[name]
    run = Run(method, recipe, loaded.model, language(128, 1), tmp_path)
    save_heads(name, run, tmp_path / "untrained")
    before = run.foreseen(language(16, 3))
    for number in (1, 2):
        assert run.checkpoint(number)
    after = run.foreseen(language(16, 3))
    assert len(before) == len(after) == (1 if name == "fspad" else 3)
    assert after[0] > before[0] + 0.3
    save_heads(name, run, tmp_path / "trained")
    prompts = [text[:14] for text in language(8, 2)]
    nothing = drafted(loaded, prompts, None, 24)
    untrained, trained = (
        given(loaded, name, tmp_path / each, prompts) for each in ("untrained", "trained")
    )
    assert nothing.tokens == nothing.passes
    assert trained > max(untrained, 1) + 0.5


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_that_was_ended_goes_on_where_it_was(loaded: Loaded, name: str, tmp_path: Path) -> None:
    method, recipe = RECIPES[name]
    texts = language(16, 1)
    whole, ended = (Run(method, recipe, loaded.model, texts, tmp_path / each) for each in "ab")
    assert [whole.checkpoint(1), whole.checkpoint(2), ended.checkpoint(1)] == [True] * 3
    again = Run(method, recipe, loaded.model, texts, tmp_path / "b")
    assert [again.checkpoint(1), again.checkpoint(2)] == [False, True]
    weights = again.heads.state_dict()
    for key, tensor in whole.heads.state_dict().items():
        torch.testing.assert_close(weights[key], tensor)


def test_checkpoints_are_of_the_texts_that_were_read(loaded: Loaded, tmp_path: Path) -> None:
    recipe = fspad.Recipe(batch=8, checkpoints=1)
    first, other = language(8, 1), language(8, 2)
    learned = [
        Run(fspad.METHOD, recipe, loaded.model, texts, tmp_path).checkpoint(1)
        for texts in (first, other, first)
    ]
    assert learned == [True, True, False]


def law(logits: Tensor) -> Tensor:
    return logits.exp() / logits.exp().sum()


def test_the_loss_of_transfer_is_the_weighed_divergence() -> None:
    random = torch.Generator().manual_seed(3)
    ours, theirs = (torch.randn(2, 3, 2, 7, generator=random) for _ in range(2))
    is_valid = torch.tensor([[True, True, False], [True, False, False]])
    expected = 0.0
    for text, row in ((0, 0), (0, 1), (1, 0)):
        for step, weight in enumerate((1.0, 0.5)):
            p, q = law(theirs[text, row, step]), law(ours[text, row, step])
            expected += weight / 1.5 * float((p * (p / q).log()).sum()) / 3
    found = hidden_transfer.transfer_loss(ours, theirs, is_valid, 0.5)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_losses_of_alignment_are_the_smooth_error_and_the_cross_entropy() -> None:
    random = torch.Generator().manual_seed(4)
    features, wanted = (2 * torch.randn(1, 3, 5, generator=random) for _ in range(2))
    ours, theirs = (torch.randn(1, 3, 7, generator=random) for _ in range(2))
    error = entropy = 0.0
    for token in (0, 1):
        for one, other in zip(features[0, token].tolist(), wanted[0, token].tolist(), strict=True):
            apart = abs(one - other)
            error += (apart - 0.5 if apart > 1 else apart**2 / 2) / 5 / 2
        entropy -= float((law(theirs[0, token]) * law(ours[0, token]).log()).sum()) / 2
    is_valid = torch.tensor([[True, True, False]])
    found = fspad.alignment_loss(features, wanted, ours, theirs, is_valid)
    assert [float(each) for each in found] == pytest.approx([error, entropy], rel=1e-5)


@pytest.mark.parametrize("name", RECIPES)
def test_what_pads_a_text_changes_no_loss(loaded: Loaded, name: str) -> None:
    method, _ = RECIPES[name]
    every = hidden_transfer.Recipe(layers="0,1,2", rows=999)
    recipe = fspad.Recipe(noise=0.0) if name == "fspad" else every
    heads = method.build(recipe, loaded.model)
    short, long = [text[:size] for text, size in zip(language(2, 5), (20, 30), strict=True)]
    with torch.no_grad():
        losses = [
            float(method.loss(recipe, heads, loaded.model, batch_of(texts, "cpu"), torch.Generator()))
            for texts in ([short], [long], [short, long])
        ]
    sizes = [len(each) - (1 if name == "fspad" else 3) for each in (short, long)]
    mean = (losses[0] * sizes[0] + losses[1] * sizes[1]) / sum(sizes)
    assert losses[2] == pytest.approx(mean, rel=1e-4)


def test_fspad_with_one_part_has_its_feature_give_the_logits(loaded: Loaded) -> None:
    torch.manual_seed(1)
    features, embeddings, mask = torch.randn(1, 4, 64), torch.randn(1, 4, 64), torch.zeros(1, 1, 4, 4)
    angles = loaded.model.model.rotary_emb(features, torch.arange(4)[None])
    for parts in (1, 2):
        head = FspadHead(loaded.model, parts=parts, sampler="joined")
        torch.nn.init.normal_(head.split.weight)
        feature, state = head(features, embeddings, angles=angles, mask=mask)
        assert torch.equal(feature, state) == (parts == 1)


@pytest.mark.parametrize("name", RECIPES)
def test_without_heads_the_error_says_how_to_train_them(name: str, tmp_path: Path) -> None:
    for options in ({}, {"heads": str(tmp_path)}):
        with pytest.raises(InvalidInputError, match=f"rag.training {name.replace('_', '-')} --write"):
            build_proposer(name, dict(options), loaded=lambda: pytest.fail("read"), device="cpu")


def test_recipes_that_make_no_sense_are_errors(loaded: Loaded, tmp_path: Path) -> None:
    method: Method = hidden_transfer.METHOD
    with pytest.raises(ValueError, match="ascending"):
        method.build(hidden_transfer.Recipe(layers="2,1"), loaded.model)
    with pytest.raises(ValueError, match="parts 1 or 2"):
        fspad.METHOD.build(fspad.Recipe(parts=3), loaded.model)
    with pytest.raises(InvalidInputError, match="1 epochs of 8 texts are no step of 9"):
        Run(fspad.METHOD, fspad.Recipe(batch=9), loaded.model, language(8, 1), tmp_path)
