"""A model in this process keeps a schema, though its weights are random."""

import asyncio
import json

import pytest
from jsonschema import Draft202012Validator
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

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
    folder = tmp_path_factory.mktemp("model")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate([*alphabet, "<eos>"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>")
    fast.chat_template = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        eos_token_id=vocabulary["<eos>"],
    )
    LlamaForCausalLM(config).save_pretrained(folder)
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
    with pytest.raises(ValueError, match="Expecting value"):
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
