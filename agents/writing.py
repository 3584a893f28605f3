"""Asking the generator: within the run's budget of tokens, and shown as it comes or not at all."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

from agents.state import Context, State
from rag.core.protocols import Delta, Generator, Message, Prompt
from rag.core.types import Usage
from rag.generation.markers import AnswerStream
from rag.generation.meter import Meter
from rag.generation.prompts import load_prompt

__all__ = ["Emit", "asked", "show_nothing", "write"]

Emit = Callable[[str], None]

_SHORT = 64  # tokens of an answer to one of our own questions: a question, a name


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
    meter = Meter(context.limits.tokens, state.get("usage", Usage()))
    shown = AnswerStream(prompt.passages)
    draft: list[str] = []
    async with aclosing(meter.over(generator).stream(prompt, context.options)) as deltas:
        async for delta in deltas:
            draft.append(delta.text)
            if text := shown.feed(delta.text):
                emit(text)
            if until and until(delta):
                break
    if text := shown.finish():
        emit(text)
    return "".join(draft), meter.usage


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
