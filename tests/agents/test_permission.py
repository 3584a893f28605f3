"""A run that pauses before a call with side effects, and is taken up: here, elsewhere, after a kill."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import _sender
import pytest
from _sender import SEND, fill, sent, small, with_sender

from agents.checkpoints import checkpoints
from agents.runs import answer_permission, ask, cancel
from rag.compose import Grove
from rag.core.errors import ConflictError, NotFoundError
from rag.core.events import (
    AnswerFinished,
    Event,
    PermissionAnswered,
    PermissionAsked,
    RunFailed,
    RunStarted,
    StepFinished,
)

REPOSITORY = Path(__file__).parents[2]


def collect(events: AsyncGenerator[Event, None]) -> list[Event]:
    async def gather() -> list[Event]:
        return [event async for event in events]

    return asyncio.run(gather())


def steps(events: list[Event]) -> list[str]:
    return [event.step for event in events if isinstance(event, StepFinished)]


def waiting(grove: Grove) -> str:
    """Ask for what needs a permission and give the run that waits."""
    first, *_ = collect(ask(grove, SEND))
    assert isinstance(first, RunStarted)
    return first.run_id


def num_kept(grove: Grove, run_id: str) -> int:
    async def counted() -> int:
        async with checkpoints(grove) as saver:
            return len([each async for each in saver.alist({"configurable": {"thread_id": run_id}})])

    return asyncio.run(counted())


@pytest.fixture
def grove(tmp_path: Path) -> Iterator[Grove]:
    grove = with_sender(small(tmp_path))
    fill(grove)
    yield grove
    grove.database.close()


def test_a_call_that_changes_something_waits_and_nothing_is_done(grove: Grove) -> None:
    events = collect(ask(grove, SEND))
    first, last = events[0], events[-1]
    assert isinstance(first, RunStarted)
    assert isinstance(last, PermissionAsked)
    assert (last.tool, last.arguments, last.effects) == (
        "send",
        {"what": "the report", "to": "Ada"},
        "writes",
    )
    assert steps(events) == ["prepare", "retrieve", "route", "plan"]
    assert grove.runs.run(first.run_id).state == "waiting"
    assert grove.runs.run(first.run_id).finished_at is None
    assert grove.runs.events(first.run_id) == events
    assert sent(grove) == []


def test_allowed_it_is_done_once_and_the_run_goes_on(grove: Grove) -> None:
    run_id = waiting(grove)
    before = grove.runs.events(run_id)
    events = collect(answer_permission(grove, run_id, allow=True))
    assert isinstance(events[0], PermissionAnswered)
    assert events[0].is_allowed
    assert isinstance(events[-1], AnswerFinished)
    assert events[-1].answer.answer == "Sent the report to Ada."
    assert [citation.source for citation in events[-1].answer.citations] == ["tool:send"]
    assert steps(events) == ["act", "read", "generate", "cite"]
    assert sent(grove) == ["the report -> Ada"]
    assert grove.runs.events(run_id) == [*before, *events]
    assert [event.seq for event in [*before, *events]] == list(range(1, len(before) + len(events) + 1))
    assert grove.runs.run(run_id).state == "done"
    assert num_kept(grove, run_id) == 0
    assert {"prepare", "plan", "act", "total"} <= events[-1].answer.timings.keys()


def test_forbidden_it_is_never_done_and_the_documents_answer(grove: Grove) -> None:
    events = collect(answer_permission(grove, waiting(grove), allow=False))
    assert isinstance(events[0], PermissionAnswered)
    assert not events[0].is_allowed
    assert steps(events) == ["read", "refuse"]
    assert isinstance(events[-1], AnswerFinished)
    assert events[-1].answer.refused
    assert "was not called: it was not allowed" in events[-1].answer.answer
    assert sent(grove) == []


def test_a_run_is_answered_once(grove: Grove) -> None:
    run_id = waiting(grove)
    collect(answer_permission(grove, run_id, allow=True))
    with pytest.raises(ConflictError, match="waits for no permission: it is done"):
        collect(answer_permission(grove, run_id, allow=True))
    assert sent(grove) == ["the report -> Ada"]
    with pytest.raises(NotFoundError):
        collect(answer_permission(grove, "nobody", allow=True))


def test_of_several_answers_at_once_one_counts(grove: Grove) -> None:
    run_id = waiting(grove)

    async def both() -> list[object]:
        async def answered() -> list[Event]:
            return [event async for event in answer_permission(grove, run_id, allow=True)]

        return list(await asyncio.gather(answered(), answered(), answered(), return_exceptions=True))

    results = asyncio.run(both())
    assert sorted(type(each).__name__ for each in results) == ["ConflictError", "ConflictError", "list"]
    assert sent(grove) == ["the report -> Ada"]


def test_a_run_that_waits_can_be_cancelled_and_is_forgotten(grove: Grove) -> None:
    run_id = waiting(grove)
    assert num_kept(grove, run_id) == 1
    asyncio.run(cancel(grove, run_id))
    assert grove.runs.run(run_id).state == "cancelled"
    assert num_kept(grove, run_id) == 0
    with pytest.raises(ConflictError, match="it is cancelled"):
        collect(answer_permission(grove, run_id, allow=True))
    assert sent(grove) == []


def test_a_checkpoint_that_is_gone_fails_the_run_with_advice(grove: Grove) -> None:
    run_id = waiting(grove)
    (grove.settings.home_dir / "waiting.db").unlink()
    last = collect(answer_permission(grove, run_id, allow=True))[-1]
    assert isinstance(last, RunFailed)
    assert "ask again" in last.message
    assert (grove.runs.run(run_id).state, sent(grove)) == ("failed", [])


def test_a_tool_that_fails_leaves_the_documents(tmp_path: Path) -> None:
    grove = with_sender(small(tmp_path), is_down=True)
    fill(grove)
    events = collect(answer_permission(grove, waiting(grove), allow=True))
    (acted,) = (each for each in events if isinstance(each, StepFinished) and each.step == "act")
    assert acted.summary == {"error": "the post office is closed"}
    assert isinstance(events[-1], AnswerFinished)
    assert events[-1].answer.refused
    assert "gave nothing: the post office is closed." in events[-1].answer.answer


def test_a_run_that_needs_no_permission_leaves_no_checkpoint(grove: Grove) -> None:
    collect(ask(grove, "What is 17 * 23?"))
    assert not (grove.settings.home_dir / "waiting.db").exists()


def killed_while_waiting(home: Path) -> str:
    """Ask in another process, kill it while its run waits, and give the run."""
    paths = [str(REPOSITORY), str(REPOSITORY / "tests" / "helpers")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    asking = subprocess.Popen(
        [sys.executable, _sender.__file__, str(home)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert asking.stdout is not None
    run_id, kind = asking.stdout.readline().split()
    assert kind == "permission.asked"
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    asking.stdout.close()
    return run_id


def test_a_run_survives_the_death_of_its_process(grove: Grove) -> None:
    run_id = killed_while_waiting(grove.settings.home_dir)
    assert grove.runs.run(run_id).state == "waiting"
    events = collect(answer_permission(grove, run_id, allow=True))
    assert isinstance(events[-1], AnswerFinished)
    assert sent(grove) == ["the report -> Ada"]
    assert grove.runs.run(run_id).state == "done"


@pytest.mark.postgres
def test_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    grove = with_sender(small(tmp_path, postgres_url))
    fill(grove)
    run_id = waiting(grove)
    assert not (tmp_path / "waiting.db").exists()
    assert num_kept(grove, run_id) == 1
    events = collect(answer_permission(grove, run_id, allow=True))
    assert isinstance(events[-1], AnswerFinished)
    assert sent(grove) == ["the report -> Ada"]
    assert num_kept(grove, run_id) == 0
    grove.database.close()
