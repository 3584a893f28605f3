"""Asking the generator: within the run's budget of tokens, and shown as it comes or not at all."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

from agents.state import Context, State
from rag.core.errors import OutOfTokensError
from rag.core.protocols import Delta, GenerationOptions, Generator, Message, Prompt
from rag.core.types import Usage
from rag.generation.answer import AnswerStream
from rag.generation.prompts import load_prompt

__all__ = ["Emit", "asked", "show_nothing", "write"]

Emit = Callable[[str], None]

_SHORT = 64  # tokens of an answer to one of our own questions: a question, a name
_MESSAGE_TOKENS = 8  # what chat templates put around a message, at most


async def write(
    prompt: Prompt,
    context: Context,
    emit: Emit,
    *,
    generator: Generator,
    state: State,
    until: Callable[[Delta], bool] | None = None,
) -> tuple[str, Usage]:
    """Let a generator write, and give the text and what the run has read and written by now.

    Args:
        prompt: what is asked.
        context: its options and limits.
        emit: is given what can be shown, as it comes.
        generator: what writes.
        state: says what was spent before.
        until: ends the writing with the first piece of which it is true.

    Raises:
        OutOfTokensError: the budget leaves no room for an answer.
        GenerationError: the model failed or the time limit passed.
    """
    spent = state.get("usage", Usage())
    options = context.options
    if not generator.capabilities.quotes_verbatim:  # no model, no tokens
        options = await asyncio.to_thread(_affordable, prompt, context, generator, spent)
    shown = AnswerStream(prompt.passages)
    usage = Usage()
    draft: list[str] = []
    async with aclosing(generator.stream(prompt, options)) as deltas:
        async for delta in deltas:
            draft.append(delta.text)
            usage = delta.usage or usage
            if text := shown.feed(delta.text):
                emit(text)
            if until and until(delta):
                usage = await asyncio.to_thread(_so_far, prompt, draft, generator)
                break
    if text := shown.finish():
        emit(text)
    total = Usage(
        spent.prompt_tokens + usage.prompt_tokens,
        spent.completion_tokens + usage.completion_tokens,
        spent.passes + usage.passes,
        usage.cache_bytes,
        spent.reused_tokens + usage.reused_tokens,
    )
    return "".join(draft), total


async def asked(
    name: str, values: dict[str, str], context: Context, state: State, *, history: tuple[Message, ...] = ()
) -> tuple[str, Usage]:
    """Ask the generator one of our own questions (rag/generation/prompts/NAME.md); the reply is short."""
    *system, last = load_prompt(name).render(values)
    prompt = Prompt((*system, *history, last), values["question"])
    short = replace(context, options=replace(context.options, max_tokens=_SHORT, temperature=0.0))
    text, usage = await write(prompt, short, show_nothing, generator=context.generator, state=state)
    return text.strip(), usage


def show_nothing(text: str) -> None:
    """Keep a text to oneself."""


def _so_far(prompt: Prompt, draft: list[str], generator: Generator) -> Usage:
    """Give what was read and written by a generator that was stopped: it does not say so itself."""
    return Usage(_read(prompt, generator), generator.count_tokens("".join(draft)))


def _read(prompt: Prompt, generator: Generator) -> int:
    return sum(generator.count_tokens(message.content) + _MESSAGE_TOKENS for message in prompt.messages)


def _affordable(prompt: Prompt, context: Context, generator: Generator, spent: Usage) -> GenerationOptions:
    left = context.limits.tokens - spent.prompt_tokens - spent.completion_tokens
    left -= _read(prompt, generator)
    if left < 1:
        raise OutOfTokensError(
            f"the model would have read and written more than {context.limits.tokens} tokens for this"
            " question (GROVE_ORCHESTRATION__MAX_TOKENS)"
        )
    return replace(context.options, max_tokens=min(context.options.max_tokens, left))
