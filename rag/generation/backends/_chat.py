"""Messages as the tokens that a model expects, by the template that came with it.

Knows what templates refuse; what stands in the messages is others' work.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError

from rag.core.errors import InvalidInputError

__all__ = ["chat_tokens"]


def chat_tokens(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> list[int]:
    """Give the tokens of a conversation up to where the answer begins.

    Where a template knows no system messages, as Gemma's, their text stands before the first user's.

    Args:
        tokenizer: of the model; Any: transformers' classes are made at run time.
        messages: each with its `role` and `content`.

    Raises:
        InvalidInputError: the tokenizer has no template, or it refuses the conversation.
    """
    if tokenizer.chat_template is None:
        raise InvalidInputError(
            f"the tokenizer of {tokenizer.name_or_path} has no chat template, which says how messages are"
            " given to the model: take one that was tuned to instructions, or put its chat_template.jinja"
            " into the folder"
        )
    try:
        return _templated(tokenizer, messages)
    except TemplateError as error:
        without = _without_system(messages)
        if len(without) == len(messages):
            raise _refused(tokenizer, error) from error
    try:
        return _templated(tokenizer, without)
    except TemplateError as error:
        raise _refused(tokenizer, error) from error


def _templated(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> list[int]:
    token_ids: list[int] = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return token_ids


def _without_system(messages: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Put the text of system messages before that of the first user's, if there is one."""
    system = [each["content"] for each in messages if each["role"] == "system"]
    others = [each for each in messages if each["role"] != "system"]
    first = next((place for place, each in enumerate(others) if each["role"] == "user"), None)
    if first is None:
        return list(messages)
    others[first] = {"role": "user", "content": "\n\n".join([*system, others[first]["content"]])}
    return others


def _refused(tokenizer: Any, error: TemplateError) -> InvalidInputError:
    return InvalidInputError(f"the chat template of {tokenizer.name_or_path} refuses the messages: {error}")
