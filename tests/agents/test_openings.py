"""What is read first where a question wants an overview of a document or of a page."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.openings import Opening, openings
from agents.runs import ask
from agents.tools import tool_scope
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.events import AnswerFinished, Event
from rag.core.layout import Layout, PageSpan
from rag.core.settings import Part, Settings
from rag.core.types import ParsedDocument

FIRST, SECOND = "The lease runs for five years.\n\n", "The rent is due on the third. It is 900 euros."
PAGES = Layout(
    pages=(PageSpan(1, 0, len(FIRST)), PageSpan(2, len(FIRST), len(FIRST + SECOND)), PageSpan(3, 79, 79))
)


def opened(question: str, grove: Grove) -> list[Opening]:
    return openings(question, tool_scope(grove))


@pytest.fixture
def lease(tmp_path: Path) -> Iterator[Grove]:
    grove = Grove(Settings(home=tmp_path, encoder=Part(kind="hashing")))
    index_corpus(
        grove, [("lease.pdf", ParsedDocument(FIRST + SECOND, "Lease", PAGES))], collection="default"
    )
    yield grove
    grove.database.close()


@pytest.mark.parametrize(
    "question",
    [
        "What is on page 2?",
        "what's on page 2 of the lease",
        "Summarise page 2 of lease.pdf.",
        "show me page 2",
        "what does page 2 say",
    ],
)
def test_a_page_is_read_from_its_start(question: str, lease: Grove) -> None:
    (opening,) = opened(question, lease)
    assert opening.query == "Summarize page 2 of Lease"
    (passage,) = opening.passages
    assert (passage.page, passage.start, passage.text) == (2, len(FIRST), SECOND)


@pytest.mark.parametrize(
    ("question", "unmet"),
    [
        ("What is on page 9?", "Lease has pages 1 to 3."),
        ("What is on page 3?", "Page 3 of Lease has no text."),
        (
            "What is on page 2 of the will?",
            "Say of which document, as in “what is on page 2 of handbook.pdf”.",
        ),
    ],
)
def test_a_page_that_cannot_be_read_is_told_why(question: str, unmet: str, lease: Grove) -> None:
    (opening,) = opened(question, lease)
    assert (opening.passages, opening.unmet) == ((), unmet)


def test_a_page_of_one_of_several_documents_is_named(lease: Grove) -> None:
    index_corpus(lease, [("will.txt", ParsedDocument(SECOND, "Will"))], collection="default")
    assert opened("What is on page 2?", lease)[0].unmet.startswith("Say of which document")
    assert opened("What is on page 2 of the will?", lease)[0].unmet == "Will has no pages."
    assert [each.title for each in opened("What is on page 2 of the lease?", lease)] == ["Lease"]


def test_what_cannot_be_read_is_said_in_the_answer(lease: Grove) -> None:
    async def last() -> Event:
        return [event async for event in ask(lease, "What is on page 9?")][-1]

    finished = asyncio.run(last())
    assert isinstance(finished, AnswerFinished)
    assert finished.answer.refused
    assert finished.answer.answer == "I could not find this in the documents. Lease has pages 1 to 3."
