import asyncio

import pytest
from _sender import fill, small

from agents.abilities import declined
from agents.courtesy import recalled, reply_to
from agents.runs import ask
from rag.compose import Grove
from rag.core.events import AnswerFinished, Event, StepFinished, TokenGenerated
from rag.core.protocols import Message

WARRANTY = "How long does the warranty of the outdoor sensor run?"


@pytest.fixture(scope="module")
def grove(tmp_path_factory: pytest.TempPathFactory) -> Grove:
    grove = Grove(small(tmp_path_factory.mktemp("courtesy")))
    fill(grove)
    return grove


def asked(grove: Grove, question: str, *history: Message) -> list[Event]:
    async def gather() -> list[Event]:
        return [each async for each in ask(grove, question, history=history)]

    return asyncio.run(gather())


def steps(events: list[Event]) -> list[str]:
    return [each.step for each in events if isinstance(each, StepFinished)]


def test_a_greeting_is_returned_and_nothing_is_searched(grove: Grove) -> None:
    events = asked(grove, "Hello!")
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    assert last.answer.answer.startswith("Hello.")
    assert not last.answer.refused
    assert last.answer.citations == ()
    assert steps(events) == ["prepare", "greet"]
    assert "".join(each.text for each in events if isinstance(each, TokenGenerated)) == last.answer.answer


def test_thanks_in_between_do_not_become_the_subject(grove: Grove) -> None:
    said = [Message("user", WARRANTY), Message("assistant", "sixty months")]
    thanked = [*said, Message("user", "Thanks!"), Message("assistant", "You are welcome.")]
    prepared = [
        next(
            each.summary
            for each in asked(grove, "And of the gauge?", *history)
            if isinstance(each, StepFinished)
        )
        for history in (said, thanked)
    ]
    assert prepared[0] == prepared[1]
    assert prepared[0]["query"] == "How long does the warranty of the gauge?"


@pytest.mark.parametrize(
    "question", ["Hello world in Python", "Who are you allowed to call?", "helpful", "x" * 90]
)
def test_a_word_more_makes_it_a_question(question: str) -> None:
    assert reply_to(question) is None


def test_an_utterance_of_several_kinds_gets_one_reply() -> None:
    assert reply_to("ok, thanks, bye!") == reply_to("bye")
    assert reply_to("Good morning!") == reply_to("Guten Morgen") == reply_to("こんにちは") == reply_to("hi")


@pytest.mark.parametrize(
    ("utterance", "begins"),
    [
        ("Are you sure?", "An answer rests on the passages"),
        ("where does it say that?", "An answer rests on the passages"),
        ("Which page?", "An answer rests on the passages"),
        ("No, that is wrong.", "Ask again in other words"),
        ("I don't understand", "Ask again in other words"),
        ("??", "Ask again in other words"),
        ("start over", "All right."),
        ("delete the handbook", "I read documents and change none."),
        ("Please delete handbook.pdf", "I read documents and change none."),
        ("upload a new file", "I read documents and change none."),
        ("are you a robot?", "I answer questions from your documents"),
    ],
)
def test_doubt_and_wishes_have_their_reply(utterance: str, begins: str) -> None:
    reply = reply_to(utterance)
    assert reply is not None
    assert reply.startswith(begins)


@pytest.mark.parametrize(
    "question",
    [
        "What is the source of the Nile?",
        "Delete the old branches of git",
        "yes or no?",
        "stop words",
        "delete my account",
        "upload my receipt",
        "change the document language",
        "remove the file lock",
    ],
)
def test_a_question_with_such_words_is_none_of_these(question: str) -> None:
    assert reply_to(question) is None


@pytest.mark.parametrize(
    "request_",
    [
        "translate that",
        "Translate the handbook into German",
        "in other words?",
        "Can you make it shorter, please?",
        "Explain that in simple words",
        "write me a poem about sensors",
        "tell me a joke",
    ],
)
def test_what_only_quotes_says_so_when_it_is_asked_to_write(grove: Grove, request_: str) -> None:
    events = asked(grove, request_, Message("user", WARRANTY), Message("assistant", "sixty months"))
    assert steps(events) == ["prepare", "greet"]
    assert isinstance(events[-1], AnswerFinished)
    assert "quote the documents" in events[-1].answer.answer


def test_what_was_asked_before_is_told_from_the_conversation(grove: Grove) -> None:
    history = [
        Message("user", WARRANTY),
        Message("assistant", "sixty months"),
        Message("user", "And of the gauge?"),
    ]
    for question, before in (
        ("what was my first question?", WARRANTY),
        ("What did I ask before?", "And of the gauge?"),
    ):
        last = asked(grove, question, *history)[-1]
        assert isinstance(last, AnswerFinished)
        assert last.answer.answer == f"You asked: “{before}”"
    assert recalled("What was the first question of the survey?", history) is None


@pytest.mark.parametrize("question", ["Who may translate the handbook?", "Translate requests to the API"])
def test_a_question_about_writing_is_a_question(question: str) -> None:
    assert declined(question) is None


def test_a_doubt_is_no_subject_to_go_on_from(grove: Grove) -> None:
    history = [
        *(Message("user", WARRANTY), Message("assistant", "sixty months")),
        *(Message("user", "translate that"), Message("assistant", "I quote.")),
        *(Message("user", "are you sure?"), Message("assistant", "An answer rests.")),
    ]
    first = next(
        each for each in asked(grove, "And of the gauge?", *history) if isinstance(each, StepFinished)
    )
    assert first.summary["query"] == "How long does the warranty of the gauge?"
