import json
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete, select

from rag.core.access import Access
from rag.core.errors import NotFoundError, RunCancelledError
from rag.core.events import (
    AnswerFinished,
    CitationFound,
    Event,
    RunFailed,
    RunStarted,
    StepFinished,
    StepStarted,
    TokenGenerated,
)
from rag.core.layout import Box
from rag.core.types import Answer, Citation, Closest, Missing, Sentence, Usage
from rag.db.runs import RunLog
from rag.db.session import Database
from rag.db.tables import EventRow, RunRow

CITATION = Citation(
    0, 5, "d", 1, "d.1.0", "s", "t", 2, (Box(2, 0.1, 0.2, 0.3, 0.4),), 3, 9, "quoté", 0.5, 0.9
)
ANSWER = Answer(
    "Yes.", None, False, (Sentence(0, 4, True, 0.9),), (CITATION,), "r", {"total": 1.5}, Usage(10, 2)
)
CLOSEST = Closest("d", 1, "d.1.0", "s", "t", 2, CITATION.boxes, 3, 9, "quoté")
REFUSED = Answer("No.", None, True, (), (), "r", {}, missing=Missing("why", 6, ("why",), CLOSEST))
EVENTS: list[Event] = [
    RunStarted(1, "r", "why? 🙂", "c", "default", "echo"),
    StepStarted(2, "retrieve"),
    StepFinished(3, "retrieve", 1.25, {"hits": 3, "query": "why"}),
    TokenGenerated(4, "Yes."),
    CitationFound(5, 1, CITATION),
    AnswerFinished(6, ANSWER),
    RunFailed(7, "GenerationError", "down"),
    AnswerFinished(8, REFUSED),
]


@pytest.fixture
def log(database: Database) -> RunLog:
    runs = RunLog(database, Access("default"), silence=timedelta(minutes=5))
    runs.start("r", "why? 🙂", "c").result()
    return runs


def test_every_kind_of_event_comes_back_equal(log: RunLog) -> None:
    log.append("r", EVENTS[:3]).result()
    log.append("r", EVENTS[3:]).result()
    assert log.events("r") == EVENTS


def test_a_refusal_that_was_kept_before_it_showed_the_closest_sentence_is_read(
    log: RunLog, database: Database
) -> None:
    log.append("r", EVENTS[-1:]).result()
    with database.write() as session:
        row = session.scalars(select(EventRow)).one()
        fields = json.loads(row.body)
        del fields["answer"]["missing"]["closest"]
        row.body = json.dumps(fields)
    (event,) = log.events("r")
    assert isinstance(event, AnswerFinished)
    assert event.answer.missing == Missing("why", 6, ("why",))


def test_a_stream_is_resumed_after_a_number(log: RunLog) -> None:
    log.append("r", EVENTS).result()
    assert [event.seq for event in log.events("r", after=5)] == [6, 7, 8]


def test_no_events_are_stored_for_none(log: RunLog) -> None:
    log.append("r", []).result()
    assert log.events("r") == []


def test_a_run_runs_until_it_is_finished(log: RunLog) -> None:
    assert log.run("r").state == "running"
    log.finish("r", "done").result()
    finished = log.run("r")
    assert (finished.state, finished.question) == ("done", "why? 🙂")
    assert finished.finished_at is not None
    assert finished.finished_at >= finished.created_at


def test_runs_are_listed_newest_first(log: RunLog) -> None:
    log.start("r2", "and then?", "c").result()
    assert [run.run_id for run in log.runs()] == ["r2", "r"]
    assert [run.run_id for run in log.runs(1)] == ["r2"]


def test_a_tenant_sees_and_ends_only_its_own_runs(log: RunLog, database: Database) -> None:
    other = RunLog(database, Access("other"), silence=timedelta(minutes=5))
    assert other.runs() == []
    for read in (other.run, other.events):
        with pytest.raises(NotFoundError):
            read("r")
    with pytest.raises(RunCancelledError):
        other.finish("r", "failed").result()
    assert log.run("r").state == "running"


def test_a_run_that_nobody_works_on_any_more_is_interrupted(database: Database) -> None:
    dead = RunLog(database, Access("default"), silence=timedelta(seconds=-1))
    dead.start("r", "why?", "c").result()
    assert dead.run("r").state == "interrupted"
    assert [run.state for run in dead.runs()] == ["interrupted"]


def test_a_run_thought_dead_that_stores_more_runs_again_and_one_that_waits_may_wait(
    log: RunLog, database: Database
) -> None:
    RunLog(database, Access("default"), silence=timedelta(seconds=-1)).append("r", EVENTS[:1]).result()
    assert log.run("r").state == "interrupted"
    log.append("r", EVENTS[1:2]).result()
    assert log.run("r").state == "running"
    RunLog(database, Access("default"), silence=timedelta(seconds=-1)).finish("r", "waiting").result()
    assert log.run("r").state == "waiting"


def test_a_cancelled_run_ends_by_saying_so_and_takes_nothing_more(log: RunLog) -> None:
    log.append("r", EVENTS[:3]).result()
    log.cancel("r")
    for store in (partial(log.append, "r"), partial(log.finish, "r", "done")):
        with pytest.raises(RunCancelledError):
            store(EVENTS[3:6]).result()
    *before, last = log.events("r")
    assert before == EVENTS[:3]
    assert isinstance(last, RunFailed)
    assert (last.error, log.run("r").state) == ("RunCancelledError", "cancelled")
    assert log.events("r", after=100) == [last]


def test_a_run_that_is_gone_takes_nothing(log: RunLog, database: Database) -> None:
    with database.write() as session:
        session.execute(delete(RunRow))
    with pytest.raises(RunCancelledError):
        log.finish("r", "done", EVENTS[:3]).result()
