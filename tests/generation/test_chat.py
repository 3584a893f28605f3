"""Messages become tokens by a model's template, whatever roles it knows."""

from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rag.core.errors import InvalidInputError
from rag.generation.backends._chat import chat_tokens

WORDS = ["unknown", "be", "brief", "who", "I", "more", "user:", "assistant:", "system:"]
PLAIN = "{% for each in messages %}{{ each['role'] }}: {{ each['content'] }} {% endfor %}"
NO_SYSTEM = (
    "{% for each in messages %}{% if each['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}{% endfor %}" + PLAIN
)
MESSAGES = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": "who"},
    {"role": "assistant", "content": "I"},
    {"role": "user", "content": "more"},
]


def tokenizer(template: str | None) -> Any:
    words = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, "unknown"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="unknown")
    made.chat_template = template
    return made


def words_of(template: str) -> str:
    return " ".join(WORDS[token_id] for token_id in chat_tokens(tokenizer(template), MESSAGES))


def test_a_template_is_followed() -> None:
    assert words_of(PLAIN) == "system: be brief user: who assistant: I user: more"


def test_where_a_template_knows_no_system_messages_their_text_is_the_users() -> None:
    assert words_of(NO_SYSTEM) == "user: be brief who assistant: I user: more"


def test_a_template_that_refuses_the_rest_too_says_why() -> None:
    refusing = "{{ raise_exception('no roles at all') }}"
    with pytest.raises(InvalidInputError, match="refuses the messages: no roles at all"):
        chat_tokens(tokenizer(refusing), MESSAGES)
    with pytest.raises(InvalidInputError, match="refuses the messages: no roles at all"):
        chat_tokens(tokenizer(refusing), MESSAGES[1:])


def test_a_tokenizer_without_a_template_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"no chat template.*tuned to instructions"):
        chat_tokens(tokenizer(None), MESSAGES)
