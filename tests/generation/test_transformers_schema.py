"""A model in this process keeps a schema, though its weights are random."""

import asyncio
import json

import pytest
from _saved_llama import save_llama
from jsonschema import Draft202012Validator

from rag.core.errors import InvalidInputError
from rag.core.protocols import GenerationOptions, Message, Prompt
from rag.generation.backends.transformers import Transformers

SCHEMA = {
    "type": "object",
    "properties": {
        "tool": {"enum": ["dates", "grep"]},
        "days": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "required": ["tool", "days"],
    "additionalProperties": False,
}
PROMPT = Prompt((Message("user", "How many days?"),), "How many days?")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Transformers:
    """Give a Llama of random weights whose tokens are bytes."""
    folder = save_llama(tmp_path_factory.mktemp("model"))
    return Transformers(folder, str(folder))


def answer(model: Transformers, options: GenerationOptions) -> str:
    async def read() -> str:
        return "".join([delta.text async for delta in model.stream(PROMPT, options)])

    return asyncio.run(read())


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_it_writes_json_of_the_schema_and_ends(model: Transformers, temperature: float) -> None:
    assert model.capabilities.keeps_schema
    text = answer(model, GenerationOptions(200, temperature, schema=SCHEMA))
    Draft202012Validator(SCHEMA).validate(json.loads(text))


def test_it_writes_what_it_likes_without_one(model: Transformers) -> None:
    text = answer(model, GenerationOptions(50))
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_a_schema_that_nothing_keeps_is_an_error(model: Transformers) -> None:
    with pytest.raises(InvalidInputError, match="cannot be kept"):
        answer(model, GenerationOptions(50, schema={"type": "integer", "minimum": 2, "maximum": 1}))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_drafted_tokens_keep_the_schema_as_others_do(model: Transformers, temperature: float) -> None:
    drafted = Transformers(model.models_dir, model.model, speculation="adaptive")
    for seed in range(4):
        options = GenerationOptions(200, temperature, schema=SCHEMA, seed=seed)
        assert answer(drafted, options) == answer(model, options)


def test_answers_with_and_without_a_schema_are_written_together(model: Transformers) -> None:
    alone = Transformers(model.models_dir, model.model, max_batch=1)
    options = [
        GenerationOptions(60, 1.0, seed=seed, schema=SCHEMA if seed % 2 else None) for seed in range(6)
    ]

    async def together() -> list[str]:
        async def one(each: GenerationOptions) -> str:
            return "".join([delta.text async for delta in model.stream(PROMPT, each)])

        return await asyncio.gather(*map(one, options))

    assert asyncio.run(together()) == [answer(alone, each) for each in options]
