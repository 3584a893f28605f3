"""What is likely behind each token is asked of the model once, kept for it, and changes no answer."""

from pathlib import Path

import pytest
import torch
from _tiny import SIZE, generator, prompts

from rag.core.errors import InvalidInputError
from rag.core.protocols import GenerationOptions
from rag.generation.backends._causal import CausalModel
from rag.generation.backends._streaming import Progress
from rag.generation.backends._vocabulary import likely_followers, read_vocabulary

TEMPLATE = "{% if add_generation_prompt %}w4{% endif %}"


@pytest.mark.parametrize("template", [None, TEMPLATE])
def test_each_token_is_read_behind_what_opens_an_answer(template: str | None, tmp_path: Path) -> None:
    loaded = generator(tmp_path)._load()
    loaded.tokenizer.chat_template = template
    followers = read_vocabulary(loaded)
    opening = [4] if template else []
    alike = 0
    for token_id in range(SIZE):
        logits = loaded.model(input_ids=torch.tensor([[*opening, token_id]])).logits[0, -1]
        alike += logits.topk(8).indices.tolist()[:4] == followers[token_id].tolist()[:4]
    assert alike >= 0.9 * SIZE  # where matrices are multiplied in bfloat16 near ones change places


def test_it_is_kept_for_the_model_that_said_it(tmp_path: Path) -> None:
    loaded = generator(tmp_path / "one")._load()
    followers = likely_followers(loaded, tmp_path / "kept")
    assert torch.equal(likely_followers(loaded, tmp_path / "kept"), followers)
    assert len(list((tmp_path / "kept").iterdir())) == 1
    with torch.no_grad():
        loaded.model.model.layers[0].mlp.up_proj.weight.mul_(-1)
    assert not torch.equal(likely_followers(loaded, tmp_path / "kept"), followers)


def written(model: CausalModel, prompt: list[int], limit: int = 40) -> tuple[list[int], int]:
    progress = Progress()
    tokens = list(model._tokens(model._load(), prompt, GenerationOptions(limit), progress, None))
    return tokens, progress.passes


def passes(kind: str, folder: Path, *, knows: bool) -> int:
    plain = generator(folder)
    drafting = generator(folder, speculation={"kind": kind, "options": {"vocabulary": knows}})
    runs = [written(drafting, prompt) for prompt in prompts(12)]
    assert [tokens for tokens, _ in runs] == [written(plain, prompt)[0] for prompt in prompts(12)]
    return sum(count for _, count in runs)


def test_answers_stay_and_take_fewer_passes(tmp_path: Path) -> None:
    assert passes("recycling", tmp_path, knows=True) < passes("recycling", tmp_path, knows=False)


def test_fused_answers_stay(tmp_path: Path) -> None:
    assert passes("rasd", tmp_path, knows=True)


def test_another_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="true or false"):
        generator(tmp_path, speculation={"kind": "recycling", "options": {"vocabulary": "all"}})
