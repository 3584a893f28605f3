"""A heading with a date or a version answers when, or with which version, what is told under it was."""

import asyncio

import pytest
from _passages import passage

from rag.core.protocols import GenerationOptions, Prompt
from rag.core.types import AnswerSpan
from rag.encoders.minilm import Minilm
from rag.generation.backends.extractive import Extractive
from rag.reading.features import units_of
from rag.reading.fitting import fitting
from rag.reading.readers.minilm import Minilm as Reader
from rag.reading.spans import UNREAD
from rag.reading.support import Support

NOTES = passage(
    """# Release notes

## [2.4.1] - 2023-11-20

### Fixed
- The dialog for printers opens again.

## [2.4.0] - 2023-10-02

### Added
- Import from Excel files.
- A search box, in beta until December.

### Removed
- Support for Windows 7.

## Version 1, 11 April 2021
- New command `purge`.
- The old parser is deprecated and will be removed in 3.0.0.
- The server requires OpenSSL 3."""
)
DIARY = passage(
    """# The greenhouse

### May 2, 2025
We decided to plant out the tomatoes. The heating was switched off for the season.

### Opening times in 2025
The shop opens at nine.

12.01.2025
==========
The pump failed. Nobody was hurt. The window was broken last week. We will vote on the shed. The gardener
had moved out when the lease ended.

## Prices valid from 3 March 2024
The ticket was introduced.

## Trips, 4 May 2024

### 6 May 2024
The bus was broken down."""
)


def stated(question: str) -> list[str]:
    given = [NOTES, DIARY]
    spans = fitting(question, given, units_of(given), [])
    return [given[span.passage].text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When was import from Excel added?", "2023-10-02"),
        ("Which version added import from Excel?", "2.4.0"),
        ("In which release was the dialog for printers fixed?", "2.4.1"),
        ("When was support for Windows 7 removed?", "2023-10-02"),
        ("On which date was the heating switched off?", "May 2, 2025"),
        ("Which version added a search box?", "2.4.0"),
        ("Which version introduced the purge command?", "1"),
        ("When was the purge command released?", "11 April 2021"),
        ("Which version requires OpenSSL 3?", "1"),
        ("When was the bus broken down?", "6 May 2024"),
        ("When did we decide to plant out the tomatoes?", "May 2, 2025"),
    ],
)
def test_a_heading_says_when_or_with_which_version(question: str, answer: str) -> None:
    assert stated(question) == [answer]


@pytest.mark.parametrize(
    "question",
    [
        "When was import from PDF added?",
        "When was import from Excel removed?",
        "Which version added support for Windows 7?",
        "When was support for Windows 8 removed?",
        "When was a search box added?",  # it names another time
        "When was somebody hurt?",
        "When was the window broken?",
        "When did we vote on the shed?",
        "When had the gardener moved out?",
        "When was the ticket introduced?",  # prices are valid from then
        "Which version removed the old parser?",
        "Which version of OpenSSL is required by the server?",
        "Which version supports Windows 7?",
        "When does the shop open?",
        "When did the shop open?",  # its heading has no day
        "Who added import from Excel?",
        "Which files can be imported?",
    ],
)
def test_a_heading_says_no_more_than_that(question: str) -> None:
    assert stated(question) == []


def test_no_words_of_the_sentence_itself_say_when() -> None:
    start = DIARY.text.index("for the season")
    read = AnswerSpan(0, start, start + len("for the season"), 5.0)
    question = "When was the heating switched off?"
    scores = {span.start: span.score for span in fitting(question, [DIARY], units_of([DIARY]), [read])}
    assert scores.pop(start) == UNREAD
    assert list(scores) == [DIARY.text.index("May 2")]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When did the pump fail?", "12.01.2025\n\nThe pump failed."),
        (
            "Which version removed support for Windows 7?",
            "2.4.0\n\n## [2.4.0] - 2023-10-02\n\n### Removed\n- Support for Windows 7.",
        ),
        ("When was 2.4.1 released?", "2023-11-20\n\n## [2.4.1] - 2023-11-20"),
        ("When was version 1 released?", "11 April 2021\n\n## Version 1, 11 April 2021"),
    ],
)
def test_what_a_heading_dates_is_quoted_with_it(question: str, answer: str) -> None:
    generator = Extractive(Support(Minilm(), Reader()))

    async def gather() -> str:
        prompt = Prompt((), question, (NOTES, DIARY))
        return "".join([delta.text async for delta in generator.stream(prompt, GenerationOptions())])

    assert asyncio.run(gather()) == answer


def test_a_heading_is_quoted_without_what_underlines_it() -> None:
    notes = passage(
        "Release notes\n=============\n\n1.8.2 (2021-11-30)\n------------------\n* Fixed a leak."
    )
    found = Support().evidence("1.8.2 (2021-11-30)", [notes], question="When was 1.8.2 released?")
    assert found is not None
    assert found.is_verbatim
    assert notes.text[found.start : found.end] == "1.8.2 (2021-11-30)\n------------------"
