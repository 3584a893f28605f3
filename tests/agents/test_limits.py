"""How far a run may go, and what is left of one that went too far or was ended."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from _sender import fill, small
from _shop import sqlite_shop

from agents.runs import ask, cancel
from rag.compose import Grove
from rag.core.errors import ConflictError
from rag.core.events import AnswerFinished, Event, RunFailed, RunStarted, StepFinished, TokenGenerated
from rag.core.orchestration_settings import OrchestrationSettings
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Message, Prompt
from rag.core.sql_settings import SqlSettings, SqlSourceSettings
from rag.core.types import Usage

QUESTION = "How long does the warranty of the outdoor sensor run?"


class QueryWriter:
    """Write one query, and say that it took a hundred tokens."""

    capabilities = GeneratorCapabilities("writer", 100_000, follows_instructions=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        yield Delta("SELECT COUNT(*) FROM product", Usage(90, 10, 10))


class Slow:
    """Write a word now and then, without end."""

    capabilities = GeneratorCapabilities("slow", 100_000)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        for _ in range(options.max_tokens):
            await asyncio.sleep(0.02)
            yield Delta("word ")


def grove_with(home: Path, limits: OrchestrationSettings) -> Grove:
    grove = Grove(small(home).model_copy(update={"orchestration": limits}))
    grove._generators["slow"] = Slow()
    fill(grove)
    return grove


@pytest.fixture
def grove(tmp_path: Path) -> Iterator[Grove]:
    grove = grove_with(tmp_path, OrchestrationSettings())
    yield grove
    grove.database.close()


def asked(grove: Grove, *, generator: str = "default", history: list[Message] | None = None) -> list[Event]:
    async def gather() -> list[Event]:
        return [each async for each in ask(grove, QUESTION, generator=generator, history=history or [])]

    return asyncio.run(gather())


@pytest.mark.parametrize(
    ("limits", "error", "state"),
    [
        (OrchestrationSettings(max_seconds=1), "OutOfTimeError", "out_of_time"),
        (OrchestrationSettings(max_tokens=30), "OutOfTokensError", "out_of_tokens"),
    ],
)
def test_a_limit_ends_the_run_and_keeps_what_was_found(
    tmp_path: Path, limits: OrchestrationSettings, error: str, state: str
) -> None:
    grove = grove_with(tmp_path, limits)
    events = asked(grove, generator="slow")
    first, last = events[0], events[-1]
    assert isinstance(first, RunStarted)
    assert isinstance(last, RunFailed)
    assert last.error == error
    assert "GROVE_ORCHESTRATION__" in last.message
    assert [passage.source for passage in last.found] == ["handbook.txt"]
    assert {"prepare", "retrieve", "read"} <= {
        each.step for each in events if isinstance(each, StepFinished)
    }
    assert grove.runs.run(first.run_id).state == state
    assert grove.runs.events(first.run_id) == events
    grove.database.close()


def test_steps_are_counted(tmp_path: Path) -> None:
    limits = OrchestrationSettings.model_construct(
        **{**OrchestrationSettings().model_dump(), "max_steps": 3}
    )
    grove = grove_with(tmp_path, limits)
    events = asked(grove)
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFailed)
    assert events[-1].error == "OutOfStepsError"
    assert grove.runs.run(events[0].run_id).state == "out_of_steps"
    grove.database.close()


def test_a_budget_shortens_the_answer_before_it_forbids_it(tmp_path: Path) -> None:
    grove = grove_with(tmp_path, OrchestrationSettings(max_tokens=250))
    events = asked(grove, generator="slow")
    num_written = sum(isinstance(event, TokenGenerated) for event in events)
    assert isinstance(events[-1], AnswerFinished)
    assert 0 < num_written < grove.settings.generation.max_tokens
    grove.database.close()


def test_the_default_answer_costs_no_tokens_of_the_budget(tmp_path: Path) -> None:
    grove = grove_with(tmp_path, OrchestrationSettings(max_tokens=1))
    assert isinstance(asked(grove)[-1], AnswerFinished)
    grove.database.close()


@pytest.mark.parametrize(("max_tokens", "error"), [(20, "OutOfTokensError"), (1000, None)])
def test_what_is_written_for_a_tool_counts(tmp_path: Path, max_tokens: int, error: str | None) -> None:
    shop = SqlSettings(sources={"shop": SqlSourceSettings(url=sqlite_shop(tmp_path))}, generator="writer")
    limits = OrchestrationSettings(max_tokens=max_tokens)
    home = small(tmp_path / "home")
    grove = Grove(home.model_copy(update={"orchestration": limits, "sql": shop}))
    grove._generators["writer"] = QueryWriter()
    fill(grove)

    async def gather() -> list[Event]:
        return [each async for each in ask(grove, "How many products are there?")]

    last = asyncio.run(gather())[-1]
    grove.database.close()
    if error is not None:
        assert isinstance(last, RunFailed)
        assert last.error == error
        return
    assert isinstance(last, AnswerFinished)
    assert last.answer.answer.startswith("6\n")
    assert (last.answer.usage.prompt_tokens, last.answer.usage.completion_tokens) == (90, 10)


def test_a_run_is_cancelled_from_elsewhere_while_it_writes(grove: Grove) -> None:
    async def both() -> list[Event]:
        events: list[Event] = []
        async for event in ask(grove, QUESTION, generator="slow"):
            events.append(event)
            if isinstance(event, TokenGenerated) and len(events) < 20:
                first = events[0]
                assert isinstance(first, RunStarted)
                if grove.runs.run(first.run_id).state == "running":
                    await cancel(grove, first.run_id)
        return events

    events = asyncio.run(both())
    first, last = events[0], events[-1]
    assert isinstance(first, RunStarted)
    assert isinstance(last, RunFailed)
    assert last.error == "RunCancelledError"
    assert len(events) < 100
    assert grove.runs.run(first.run_id).state == "cancelled"
    with pytest.raises(ConflictError, match="has ended"):
        asyncio.run(cancel(grove, first.run_id))


def test_of_a_long_conversation_the_newest_turns_that_fit_are_read(tmp_path: Path) -> None:
    grove = grove_with(tmp_path, OrchestrationSettings(max_history_tokens=60))
    history = [Message("user", f"Question {number} of the sensor?" + " so" * 10) for number in range(20)]
    prepared = next(each for each in asked(grove, history=history) if isinstance(each, StepFinished))
    assert prepared.inputs["turns"] == 20
    assert 0 < int(str(prepared.inputs["turns_read"])) < 5
    grove.database.close()


def test_a_setting_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="max_steps"):
        OrchestrationSettings(max_steps=2)
