from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from rag.core.access import Access
from rag.core.errors import InvalidInputError, NotFoundError
from rag.core.events import AnswerFinished, RunStarted, TokenGenerated
from rag.core.types import Answer, Usage
from rag.db.conversation_tables import FeedbackRow
from rag.db.conversations import Conversations
from rag.db.feedback import FeedbackLog
from rag.db.pages import Position
from rag.db.runs import RunLog
from rag.db.session import Database
from rag.db.tables import EventRow, RunRow, utc_now


@pytest.fixture
def runs(database: Database) -> RunLog:
    return RunLog(database, Access("default"), silence=timedelta(minutes=5))


@pytest.fixture
def mine(database: Database, runs: RunLog) -> Conversations:
    return Conversations(database, runs, tenant="default", owner="ada")


def asked(
    runs: RunLog,
    run_id: str,
    question: str,
    text: str,
    *,
    is_refused: bool = False,
    collection: str = "c",
) -> str:
    answer = Answer(text, None, is_refused, (), (), run_id, {}, Usage())
    runs.start(run_id, question, collection).result()
    started = RunStarted(1, run_id, question, collection, "default", "echo")
    runs.finish(run_id, "done", [started, TokenGenerated(2, text), AnswerFinished(3, answer)]).result()
    return run_id


def titles(mine: Conversations, query: str = "") -> list[str]:
    return [each.title for each in mine.conversations(query=query)]


def test_a_conversation_is_called_by_its_first_question(mine: Conversations, runs: RunLog) -> None:
    made = mine.create("c")
    for run_id, question in (("1", "Why  is\nthe sky blue? " + "x" * 100), ("2", "And red?")):
        mine.add(made.conversation_id, asked(runs, run_id, question, "Because."), question=question)
    title = mine.conversation(made.conversation_id).title
    assert title.startswith("Why is the sky blue? xx")
    assert len(title) == 80
    turns = mine.turns(made.conversation_id)
    assert [turn.run.run_id for turn in turns] == ["1", "2"]
    assert [event.type for event in turns[0].events] == ["run.started", "answer.finished"]


def test_the_latest_is_first_and_pages_hold_each_once(mine: Conversations, runs: RunLog) -> None:
    ids = [mine.create("c", title=f"number {n}").conversation_id for n in range(5)]
    mine.add(ids[1], asked(runs, "r", "?", "!"), question="?")
    seen: list[str] = []
    after = None
    while page := mine.conversations(limit=2, after=after):
        seen += [each.conversation_id for each in page]
        after = Position(page[-1].updated_at, seen[-1])
        mine.delete(seen[-1])
        mine.add(seen[0], asked(runs, f"r{len(seen)}", "?", "!"), question="?")
    assert seen == [ids[1], ids[4], ids[3], ids[2], ids[0]], "whatever is deleted and asked meanwhile"


def test_words_are_looked_for_in_titles_and_questions(mine: Conversations, runs: RunLog) -> None:
    bees, rate = mine.create("c", title="Bees 100%"), mine.create("c", title="Rates")
    mine.add(rate.conversation_id, asked(runs, "r", "What do honey bees cost?", "!"), question="?")
    assert titles(mine, "bees") == ["Rates", "Bees 100%"]
    assert titles(mine, "RATES honey") == ["Rates"]
    assert titles(mine, "0%") == ["Bees 100%"]
    assert titles(mine, "_") == []
    assert bees.title == "Bees 100%"


def test_history_is_what_was_answered_before_the_turn(mine: Conversations, runs: RunLog) -> None:
    made = mine.create("c").conversation_id
    mine.add(made, asked(runs, "1", "a?", "A."), question="a?")
    mine.add(made, asked(runs, "2", "b?", "no", is_refused=True), question="b?")
    mine.add(made, asked(runs, "3", "c?", "C."), question="c?")
    assert [each.content for each in mine.history(made)] == ["a?", "A.", "c?", "C."]
    assert [each.content for each in mine.history(made, replaces="3")] == ["a?", "A."]
    assert mine.history(made, replaces="1") == []
    with pytest.raises(NotFoundError, match="no turn"):
        mine.history(made, replaces="4")


def test_an_edited_turn_takes_the_place_of_all_that_follow(mine: Conversations, runs: RunLog) -> None:
    made = mine.create("c").conversation_id
    for run_id in "123":
        mine.add(made, asked(runs, run_id, f"{run_id}?", "!"), question=f"{run_id}?")
    mine.add(made, asked(runs, "4", "4?", "!"), question="4?", replaces="2")
    assert [turn.run.run_id for turn in mine.turns(made)] == ["1", "4"]


def test_nothing_is_left_of_a_deleted_conversation(
    mine: Conversations, runs: RunLog, database: Database
) -> None:
    made = mine.create("c").conversation_id
    mine.add(made, asked(runs, "1", "1?", "!"), question="1?")
    mine.add(made, asked(runs, "2", "2?", "!"), question="2?", replaces="1")
    FeedbackLog(database, runs, tenant="default", owner="ada").give("2", "down", "wrong")
    assert mine.delete(made) == 2
    with database.read() as session:
        for kind in (RunRow, EventRow):
            assert session.scalar(select(func.count()).select_from(kind)) == 0
    with pytest.raises(NotFoundError):
        mine.delete(made)


def test_others_see_nothing_but_by_the_link(mine: Conversations, runs: RunLog, database: Database) -> None:
    made = mine.create("c", title="private").conversation_id
    for tenant, owner in (("default", "bob"), ("other", "ada")):
        other = Conversations(database, runs, tenant=tenant, owner=owner)
        assert other.conversations() == []
        for call in (other.conversation, other.delete, other.share, other.unshare, other.history):
            with pytest.raises(NotFoundError):
                call(made)
        with pytest.raises(NotFoundError):
            other.rename(made, "mine now")
    token = mine.share(made).share_token
    assert token is not None
    assert mine.share(made).share_token == token
    assert Conversations(database, runs, tenant="default", owner="bob").shared(token).title == "private"
    with pytest.raises(NotFoundError):
        Conversations(database, runs, tenant="other", owner="bob").shared(token)
    mine.unshare(made)
    with pytest.raises(NotFoundError):
        mine.shared(token)


def test_what_is_about_a_collection_that_is_not_readable_is_not_there(
    mine: Conversations, runs: RunLog, database: Database
) -> None:
    secret, open_ = mine.create("secret", title="s").conversation_id, mine.create("c", title="o")
    mine.add(secret, asked(runs, "1", "bees?", "B.", collection="secret"), question="bees?")
    mine.add(open_.conversation_id, asked(runs, "2", "rates?", "R."), question="rates?")
    mine.add(
        open_.conversation_id, asked(runs, "3", "wasps?", "W.", collection="secret"), question="wasps?"
    )
    tokens = [mine.share(each).share_token or "" for each in (secret, open_.conversation_id)]
    for readable, seen in (({"c"}, ["o"]), (set[str](), list[str]())):
        limited = Conversations(database, runs, tenant="default", owner="ada", readable=readable)
        assert titles(limited) == seen
        assert titles(limited, "bees") == titles(limited, "wasps") == []
        for call in (limited.conversation, limited.history, limited.share, limited.unshare, limited.delete):
            with pytest.raises(NotFoundError):
                call(secret)
        with pytest.raises(NotFoundError):
            limited.add(secret, "2", question="?")
        for token in tokens:
            with pytest.raises(NotFoundError):
                limited.shared(token)
    limited = Conversations(database, runs, tenant="default", owner="ada", readable={"c"})
    assert [turn.run.run_id for turn in limited.turns(open_.conversation_id)] == ["2"]
    assert [each.content for each in limited.history(open_.conversation_id)] == ["rates?", "R."]
    with pytest.raises(NotFoundError):
        limited.history(open_.conversation_id, replaces="3")
    assert [each.content for each in mine.history(secret)] == ["bees?", "B."]
    assert mine.shared(tokens[1]).title == "o"


def test_a_title_is_a_line_of_at_most_200_characters(mine: Conversations) -> None:
    made = mine.create("c").conversation_id
    assert mine.rename(made, " two \n words ").title == "two words"
    for title in ("", "  ", "x" * 201):
        with pytest.raises(InvalidInputError):
            mine.rename(made, title)


def test_feedback_is_one_judgement_a_person(runs: RunLog, database: Database) -> None:
    asked(runs, "r", "why?", "because")
    ada, bob = (FeedbackLog(database, runs, tenant="default", owner=owner) for owner in ("ada", "bob"))
    ada.give("r", "up", "")
    ada.give("r", "down", " it is wrong ")
    bob.give("r", "up", "")
    assert ada.of(["r", "x"]) == {"r": "down"}
    assert [(each.rating, each.reason, each.question) for each in ada.judgements()] == [
        ("up", "", "why?"),
        ("down", "it is wrong", "why?"),
    ]
    ada.withdraw("r")
    assert ada.of(["r"]) == {}
    for call in (lambda: ada.withdraw("r"), lambda: ada.give("nobody", "up", "")):
        with pytest.raises(NotFoundError):
            call()


def test_feedback_of_one_instant_is_on_one_page_each(runs: RunLog, database: Database) -> None:
    log = FeedbackLog(database, runs, tenant="default", owner="ada")
    for run_id in "abc":
        log.give(asked(runs, run_id, "why?", "because"), "up", "")
    with database.write() as session:
        session.execute(update(FeedbackRow).values(created_at=utc_now()))
    seen: list[str] = []
    after = None
    while page := log.judgements(limit=1, after=after):
        seen += [each.run_id for each in page]
        after = Position(page[-1].created_at, seen[-1])
    assert sorted(seen) == ["a", "b", "c"]
