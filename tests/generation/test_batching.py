"""Answers that are written together are those that are written alone, token for token in float32.

The small model's likeliest tokens are far apart, and none of its answers may differ. SmolLM2 has near-ties:
there the first token that differs must be one of two that are within a thousandth, and the rest is another
text.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from _tiny import SIZE, generator, prompts
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from rag.core.errors import GenerationError, InvalidInputError
from rag.core.protocols import Delta, GenerationOptions, Message, Prompt
from rag.core.settings import Settings
from rag.generation.backends._batched_pass import can_read_pieces
from rag.generation.backends._streaming import Progress
from rag.generation.backends.transformers import Transformers
from rag.generation.speculation._cache import PlainCache

_TIE = 1e-3  # of logits; rounding moves SmolLM2's by some 1e-4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


@pytest.fixture
def together(folder: Path) -> Transformers:
    return generator(folder)


@pytest.fixture(scope="module")
def alone(folder: Path) -> Transformers:
    return generator(folder, max_batch=1)


class Passes:
    """Takes note of the passes of a model: how many tokens of how many texts each reads."""

    def __init__(self, made: Transformers, before: Callable[[], None] = lambda: None) -> None:
        self.texts: list[int] = []
        self.tokens: list[int] = []
        self._before = before
        made._load().model.register_forward_pre_hook(self._see, with_kwargs=True)

    def _see(self, _: object, __: object, named: dict[str, Any]) -> None:
        self._before()
        self.tokens.append(named["input_ids"].shape[1])
        self.texts.append(len(named["logits_to_keep"]))


def written(
    made: Transformers, prompt: list[int], options: GenerationOptions, progress: Progress | None = None
) -> Iterator[int]:
    return made._tokens(made._load(), prompt, options, progress or Progress(), None)


def mixed(count: int) -> list[list[int]]:
    """Give prompts, of which every third takes several passes to read."""
    return [prompt * (12 if number % 3 == 2 else 1) for number, prompt in enumerate(prompts(count))]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("order", [1, -1])
def test_answers_that_join_and_leave_are_those_written_alone(
    together: Transformers, alone: Transformers, temperature: float, order: int
) -> None:
    asked = list(enumerate(mixed(12)))[::order]
    options = [GenerationOptions(5 + 9 * (number % 5), temperature, seed=number) for number in range(12)]
    expected = {number: list(written(alone, prompt, options[number])) for number, prompt in asked}
    begun = [Event() for _ in asked]
    passes = Passes(together)

    def one(place: int) -> list[int]:
        """Start once the request before wrote its second token."""
        number, prompt = asked[place]
        if place:
            begun[place - 1].wait(10)
        tokens = []
        for token_id in written(together, prompt, options[number]):
            tokens.append(token_id)
            if len(tokens) == 2:
                begun[place].set()
        begun[place].set()
        return tokens

    with ThreadPoolExecutor(12) as threads:
        answers = dict(zip([number for number, _ in asked], threads.map(one, range(12)), strict=True))
    assert answers == expected
    assert sum(map(len, answers.values())) > 100
    assert max(passes.texts) > 1


def test_one_pass_a_step_serves_all_and_more_than_the_batch_wait(folder: Path, alone: Transformers) -> None:
    made = generator(folder, max_batch=4)
    passes = Passes(made)
    options = GenerationOptions(30, seed=3)
    asked = prompts(10)
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda prompt: list(written(made, prompt, options)), asked))
    assert answers == [list(written(alone, prompt, options)) for prompt in asked]
    assert max(passes.texts) == 4
    assert len(passes.texts) < sum(map(len, answers)) / 2


def test_no_answer_waits_for_a_whole_prompt(together: Transformers) -> None:
    passes = Passes(together)
    first = written(together, prompts(1)[0], GenerationOptions(1000, 1.0))
    next(first)
    list(written(together, [7] * 600, GenerationOptions(1)))
    first.close()  # type: ignore[attr-defined]  # it is a generator
    beside = [tokens for tokens, texts in zip(passes.tokens, passes.texts, strict=True) if texts == 2]
    assert sum(beside) >= 600
    assert max(beside) <= 64


def test_a_cancelled_answer_leaves_at_once_and_its_memory_with_it(
    together: Transformers, alone: Transformers
) -> None:
    options = GenerationOptions(200, 1.0, seed=1)
    stays, leaves = prompts(2)
    expected = list(written(alone, stays, options))
    assert len(expected) > 100
    pause = [0.1]  # counting takes some passes, and the first answer must not end meanwhile
    Passes(together, lambda: time.sleep(pause[0]))
    first, progress = written(together, stays, options), Progress()
    tokens = [next(first)]
    second = written(together, leaves, options, progress)
    next(second)
    assert num_caches() == 2
    progress.stop.set()
    assert len(list(second)) < 200
    tokens += [next(first) for _ in range(2)]
    assert num_caches() == 1
    pause[0] = 0.0
    tokens += first
    assert tokens == expected
    deadline = time.monotonic() + 5
    while num_caches():
        assert time.monotonic() < deadline


def num_caches() -> int:
    gc.collect()
    return sum(type(each) is PlainCache for each in gc.get_objects())


def test_a_pass_that_fails_fails_its_answers_and_no_later_one(
    together: Transformers, alone: Transformers
) -> None:
    failing = [True]

    def fail() -> None:
        if failing.pop() if failing else False:
            raise RuntimeError("no memory")

    Passes(together, fail)
    with pytest.raises(GenerationError, match="no memory"):
        list(written(together, [5, 6], GenerationOptions(3)))
    expected = list(written(alone, [5, 6], GenerationOptions(3)))
    assert list(written(together, [5, 6], GenerationOptions(3))) == expected


def test_eight_streams_run_at_once_and_one_that_is_late_holds_up_none(together: Transformers) -> None:
    passes = Passes(together, lambda: time.sleep(0.005))
    events: list[tuple[int, bool]] = []

    async def one(number: int, options: GenerationOptions) -> None:
        question = " ".join(f"w{number * 5 + place + 2}" for place in range(5))
        async with aclosing(
            together.stream(Prompt((Message("user", question),), question), options)
        ) as deltas:
            async for delta in deltas:
                events.append((number, delta.usage is not None))

    async def everything() -> list[Any]:
        late = one(7, GenerationOptions(1000, 1.0, timeout_seconds=0.5))
        others = [one(number, GenerationOptions(100, 1.0)) for number in range(7)]
        return await asyncio.gather(*others, late, return_exceptions=True)

    tokenizer = together._load().tokenizer
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    assert together._batch is not None
    together._batch._stop_ids = frozenset()  # none ends early
    *others, late = asyncio.run(everything())
    assert others == [None] * 7
    assert isinstance(late, GenerationError)
    assert max(passes.texts) == 8
    first_end = next(place for place, (_, is_last) in enumerate(events) if is_last)
    assert len({number for number, _ in events[:first_end]}) > 2  # they stream side by side


@pytest.mark.parametrize("size", [0, -1, 65, 2.0, "8", True])
def test_a_batch_of_no_size_is_an_error(folder: Path, size: Any) -> None:
    with pytest.raises(ValueError, match="max_batch is a whole number from 1 to 64, got"):
        generator(folder, max_batch=size)


def test_drafts_and_smaller_caches_go_one_by_one(folder: Path) -> None:
    for options in (
        {"speculation": "lookup"},
        {"kv_policy": "streaming"},
        {"kv_rank": 0.5},
        {"kv_reuse": "passages"},
    ):
        assert Transformers(folder, str(folder), **options)._batch_size == 1
        with pytest.raises(ValueError, match="one by one, got max_batch 4"):
            Transformers(folder, str(folder), max_batch=4, **options)


def test_attention_of_another_kind_goes_one_by_one(folder: Path, tmp_path: Path) -> None:
    generator(folder)._load().tokenizer.save_pretrained(tmp_path)
    small = {"vocab_size": SIZE, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "eos_token_id": 1}
    MistralForCausalLM(MistralConfig(**small, **heads, sliding_window=8)).save_pretrained(tmp_path)
    made = Transformers(tmp_path, str(tmp_path))
    assert len(list(written(made, prompts(1)[0], GenerationOptions(3)))) == 3
    assert made._batch is None
    with pytest.raises(InvalidInputError, match="another kind than Llama's"):
        Transformers(tmp_path, str(tmp_path), max_batch=2)._load()
    stretched = LlamaConfig(**small, **heads, rope_parameters={"rope_type": "dynamic", "factor": 2.0})
    assert not can_read_pieces(LlamaForCausalLM(stretched))


def test_smollm2_writes_together_what_it_writes_alone() -> None:
    alone, together = (Transformers(Settings().models_dir, max_batch=size) for size in (1, 8))
    options = GenerationOptions(12)
    asked = [
        Prompt((Message("user", question),), question)
        for question in ("Tell a story about a clock.", "What is a depot?", "Name five rivers of Europe.")
    ]

    async def collected(made: Transformers, prompts: list[Prompt]) -> list[list[Delta]]:
        async def one(prompt: Prompt) -> list[Delta]:
            return [delta async for delta in made.stream(prompt, options)]

        return await asyncio.gather(*(one(prompt) for prompt in prompts))

    loaded = alone._load()
    for prompt, ours, theirs in zip(
        asked,
        asyncio.run(collected(together, asked)),
        asyncio.run(collected(alone, asked)),
        strict=True,
    ):
        texts = ["".join(delta.text for delta in each) for each in (ours, theirs)]
        if texts[0] != texts[1]:
            messages = [{"role": each.role, "content": each.content} for each in prompt.messages]
            ids = loaded.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=True, return_dict=False
            )
            assert differs_by_a_tie(loaded, ids, *texts)


def differs_by_a_tie(loaded: Any, prompt: list[int], ours: str, theirs: str) -> bool:
    """Tell whether the first token in which two answers differ is one of two about as likely."""
    answers = [loaded.tokenizer.encode(text, add_special_tokens=False) for text in (ours, theirs)]
    common = next(place for place, (one, other) in enumerate(zip(*answers, strict=False)) if one != other)
    with torch.inference_mode():
        inputs = torch.tensor([[*prompt, *answers[1][:common]]])
        logits = loaded.model(input_ids=inputs, logits_to_keep=1).logits[0, -1]
    best = logits.topk(2)
    is_of_them = {answers[0][common], answers[1][common]} == set(best.indices.tolist())
    return is_of_them and float(best.values[0] - best.values[1]) < _TIE


@pytest.mark.parametrize("order", [1, -1])
def test_a_known_beginning_changes_no_answer_that_is_written_together(
    folder: Path, alone: Transformers, order: int
) -> None:
    reusing = Transformers(folder, str(folder), kv_reuse="prefix")
    beginning = prompts(1)[0] * 4
    asked = [beginning + each for each in mixed(6)][::order]
    options = GenerationOptions(24)
    for _ in range(2):  # the second time all is known
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda prompt: list(written(reusing, prompt, options)), asked))
        assert answers == [list(written(alone, prompt, options)) for prompt in asked]
