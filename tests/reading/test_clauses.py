"""Which of two clauses answers: the same sentence, asked about either of its things."""

from collections.abc import Sequence

import pytest
from _passages import passage

from rag.core.types import AnswerSpan, Passage
from rag.reading.clauses import asked_clause, duration, in_clause
from rag.reading.support import Support

KEPT = "Readings are kept on the device for 30 days and in the archive for seven years."
LIFE = "The life of a pair is 40 months at one reading a minute and 11 months at one reading a second."
LAMPS = "Five lamps are with amber glass, and two with clear glass."
MEMBERS = "The sum was 214 euros in June, up from 198 euros in January."
OPEN = "From Monday to Friday it closes at 9 pm, on Saturdays at 8 pm and on Sundays at 6 pm."
WARRANTY = "The warranty of the sensor is two years; that of the cable is one year."


@pytest.mark.parametrize(
    ("question", "sentence", "marked", "expected"),
    [
        ("How long are readings kept in the archive?", KEPT, ["30 days"], "seven years."),
        ("How long are readings kept in the archive?", KEPT, ["30 days", "seven years"], "seven years"),
        (
            "How long are readings kept in the archive?",
            KEPT,
            ["30 days and in the archive for seven years"],
            "seven years",
        ),
        (
            "How long are readings kept on the device?",
            KEPT,
            ["30 days and in the archive for seven years"],
            "30 days",
        ),
        (
            "How long do they last at one reading a second?",
            LIFE,
            ["40 months at one reading a minute and 11 months"],
            "11 months",
        ),
        (
            "How long does a pair last at one reading a minute?",
            LIFE,
            ["40 months at one reading a minute and 11 months"],
            "40 months at one reading a minute",
        ),
        ("How long is the warranty of the cable?", WARRANTY, ["two years", "one year"], "one year"),
        ("How long is the warranty of the sensor?", WARRANTY, ["one year", "two years"], "two years"),
        ("How many are in Oslo?", "We have 30 in Lund, and 3 in Oslo.", ["30"], "3 in Oslo"),
        ("How many have clear glass?", LAMPS, ["Five"], "two with clear glass"),
        ("How many have amber glass?", LAMPS, ["two"], "Five lamps are with amber glass"),
        (
            "How many spaces are for guests?",
            "It has 60 spaces, four of them for guests.",
            ["60"],
            "four of them for guests.",
        ),
        ("How many connect by cable?", "Up to 64, of which 8 by cable.", ["64"], "8 by cable."),
        ("What was the sum in January?", MEMBERS, ["214 euros"], "198 euros in January."),
        ("What was the sum in June?", MEMBERS, ["198 euros"], "214 euros in June"),
        (
            "How much is it per year?",
            "It costs 3 EUR per month or 30 EUR per year.",
            ["3 EUR"],
            "30 EUR per year.",
        ),
        ("What time does it close on Sundays?", OPEN, ["9 pm"], "Sundays at 6 pm."),
        ("What time does it close on Saturdays?", OPEN, ["9 pm"], "Saturdays at 8 pm"),
    ],
)
def test_the_answer_is_of_the_clause_that_is_asked_about(
    question: str, sentence: str, marked: list[str], expected: str
) -> None:
    clause = asked_clause(question, sentence, marked[0])
    assert clause is not None
    spans = [(sentence.index(text), sentence.index(text) + len(text)) for text in marked]
    assert sentence[slice(*in_clause(question, sentence, clause, spans))] == expected


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How long does a pair last?", LIFE),
        ("How many were sold in 2022?", "They sold 5 and 10 units in 2022 and 2023."),
        ("How many are in Bergen?", "There are 40 in Uppsala and 30 in Lund, and 3 in Oslo."),
        ("How long are readings kept?", KEPT),
        ("Where does she live?", "She lives in London and in Paris."),
        ("Who wrote it?", "Ada wrote it with Charles and with Mary."),
        ("Who walked across the towers in 1974?", "Ada did; Mary walked across the towers in 1974."),
        ("How long did she stay in Arvika?", "She came in 1901; in Arvika she was at home."),
        ("How long are readings kept in the archive?", "Readings are kept in the archive for a year."),
        ("How many hours does the walk take?", "The walk takes 3 or 4 hours."),
        ("How many days does delivery take?", "Delivery takes 2 or 3 working days."),
    ],
)
def test_where_no_clause_stands_out_the_reader_is_right(question: str, sentence: str) -> None:
    assert asked_clause(question, sentence) is None


def test_the_short_answer_is_cut_to_its_clause() -> None:
    class Both:
        """Mark both times at once."""

        def read(self, question: str, passages: Sequence[Passage]) -> list[AnswerSpan]:
            start = passages[0].text.index("30 days")
            return [AnswerSpan(0, start, len(KEPT), 5.0)]

    support = Support(None, Both())
    for place, time in (("on the device", "30 days"), ("in the archive", "seven years")):
        best = support.rank(f"How long are readings kept {place}?", [passage(KEPT)])[0]
        assert best.short_answer == time


STEP = "Bake at 240 °C for 15 minutes, then lower the heat to 190 °C and bake for another 40 minutes."


@pytest.mark.parametrize(
    ("question", "sentence", "read", "wanted"),
    [
        ("how long does it bake", STEP, "240 °C for 15 minutes", STEP[STEP.index("15") : -1]),
        ("How hot is the oven?", STEP, "240 °C", "240 °C"),
        ("How long does it rest?", "It rests for two hours in a bowl.", "two hours", "two hours"),
        ("How long is it kept?", "It is kept for about a week.", "about a week", "about a week"),
        ("How long is the rope?", "The rope is 12 m long.", "12 m", "12 m"),
        (
            "How long is it?",
            "Boil 2 eggs for 5 minutes; fry for 3 minutes.",
            "2 eggs for 5 minutes",
            "5 minutes",
        ),
    ],
)
def test_how_long_is_a_time_with_what_is_added_to_it(
    question: str, sentence: str, read: str, wanted: str
) -> None:
    start = sentence.index(read)
    first, last = duration(question, sentence, (start, start + len(read)))
    assert sentence[first:last] == wanted
