import pytest

from rag.core.errors import InvalidInputError
from rag.generation.vllm_plugin.options import KvOptions, PluginOptions, ProposerOptions


def test_without_the_variable_nothing_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROVE_VLLM", raising=False)
    assert PluginOptions.from_environment() is None


def test_options_come_back_from_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    options = PluginOptions(
        ProposerOptions("suffix", min_chance=0.1), KvOptions("snapkv", 0.25, {"window": 8})
    )
    monkeypatch.setenv("GROVE_VLLM", options.as_json())
    assert PluginOptions.from_environment() == options


def test_what_is_not_named_is_off() -> None:
    options = PluginOptions.from_json('{"proposer": {}}')
    assert (options.proposer, options.kv) == (ProposerOptions(), None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "an object"),
        ('{"speculation": {}}', "it has proposer, kv"),
        ('{"proposer": 1}', "proposer is an object"),
        ('{"proposer": {"kind": "eagle"}}', "suffix, recycling, rasd"),
        ('{"proposer": {"min_chance": 1}}', "min_chance is from 0"),
        ('{"proposer": {"min_chance": "often"}}', "proposer"),
        ('{"proposer": {"answer_tokens": -1}}', "0 or more"),
        ('{"proposer": {"min_shared": 0}}', "min_shared"),
        ('{"kv": {"budget": 0.5}}', "policy"),
        ('{"kv": {"policy": "snapkv", "budget": 1.5}}', "the budget is more than 0"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        PluginOptions.from_json(text)
