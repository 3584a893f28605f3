import numpy as np
import pytest
from _passages import passage

from rag.core.types import AnswerSpan
from rag.reading.features import units_of
from rag.reading.fitting import fitting
from rag.reading.spans import (
    UNREAD,
    answerable_features,
    best_spans,
    is_quotable,
    likeliest,
    read_logits,
    said_logits,
)


def test_the_likeliest_are_the_two_best_by_what_is_read_and_by_words() -> None:
    read = np.array([0.0, 5.0, 4.0, -1.0, -2.0], dtype=np.float32)
    words = np.array([0.0, 5.0, 1.0, -1.0, 6.0], dtype=np.float32)
    assert likeliest(read, words) == [1, 2, 4]


def test_all_of_a_few_are_likeliest() -> None:
    assert likeliest(np.zeros(1, np.float32), np.ones(1, np.float32)) == [0]
    assert likeliest(np.array([1, 0], np.float32), np.array([0, 1], np.float32)) == [0, 1]


def test_a_span_does_not_reach_over_the_border_of_a_cell() -> None:
    row = "Outdoor sensor | HX-240 | 60 | -40 to 70 °C | 149"
    table = passage(f"Product | Model | Warranty (months) | Operating range | Price (EUR)\n{row}")
    start = table.text.index("60")
    spans = [AnswerSpan(0, start, start + len("60 | -40"), 5.0)]
    (found,) = best_spans("How long is it?", units_of([table]), spans).values()
    assert table.text[slice(*found)] == "60"


def test_a_span_ends_with_brackets_that_it_did_not_open() -> None:
    text = "All who have passed probation (six months) may work from home for three days."
    start = text.index("six")
    (found,) = best_spans(
        "How long is it?", units_of([passage(text)]), [AnswerSpan(0, start, len(text), 5.0)]
    ).values()
    assert text[slice(*found)] == "six months"


def test_a_span_does_not_end_with_the_bar_of_its_row() -> None:
    text = "| Code | Meaning |\n|---|---|\n| 409 | There is no such shipment |"
    start = text.index("There")
    spans = [AnswerSpan(0, start, len(text), 5.0)]
    (found,) = best_spans("What does 409 mean?", units_of([passage(text)]), spans).values()
    assert text[slice(*found)] == "There is no such shipment"


def test_of_two_sentences_of_its_kind_the_one_with_the_words_of_the_question_answers() -> None:
    """Read alone, the name that a sentence begins with scores below the one beside it."""
    staff = passage("Tomasz Wilk is the head of operations. The chief executive is Marion Pell.")
    units = units_of([staff])
    spans = [AnswerSpan(0, staff.text.index("Marion"), len(staff.text) - 1, 5.0), AnswerSpan(0, 0, 11, 3.0)]
    assert read_logits("who is the head of operations", units, spans).argmax() == 0
    assert read_logits("who is the executive", units, spans).argmax() == 1


def test_a_word_that_a_short_question_has_and_no_passage_tells_more() -> None:
    units = units_of([passage("The salary is 3,400 euros a month.")])
    logits = np.zeros(1, dtype=np.float32)

    def missing(question: str) -> float:
        return float(answerable_features(question, units, logits, without=0.0)[2])

    assert missing("How much is the salary?") == 0
    assert missing("How much is the bonus?") > missing("How much bonus comes with the salary?") > 0
    assert missing("How much bonus was paid to managers in winter besides the salary?") == 0


def test_a_numbered_heading_is_one_and_an_item_is_none() -> None:
    text = "3. Products and warranty\n\nThe warranty runs from delivery.\n\n1. Open the lid\n\n2. Close it"
    assert [unit.is_heading for unit in units_of([passage(text)])] == [True, False, False, False]


def test_what_the_question_says_itself_a_heading_and_other_days_are_no_answers() -> None:
    shop = passage("2. Plans\n\nBrightline sells two plans. The desk is open from Monday to Friday.")
    units = units_of([shop])

    def score(question: str, words: str) -> float:
        start = shop.text.index(words)
        return fitting(question, [shop], units, [AnswerSpan(0, start, start + len(words), 5.0)])[0].score

    assert score("Which plans does Brightline sell?", "Brightline") == UNREAD
    assert score("Who sells plans?", "Brightline") == 5
    assert score("Is it Brightline or Nordnet?", "Brightline") == 5
    assert score("Which product is it?", "2. Plans") == UNREAD
    assert score("When is the desk open on Sundays?", "Monday to Friday") == UNREAD
    assert score("When is the desk open on Tuesday?", "Monday to Friday") == 5
    assert score("Is the desk open on Sundays?", "Monday to Friday") == 5


def test_a_role_in_brackets_goes_before_what_is_read() -> None:
    lease = passage('Between Hollin Estates Ltd ("the landlord") and Peregrine Maps Ltd ("the tenant").')
    spans = fitting("Who is the tenant?", [lease], units_of([lease]), [AnswerSpan(0, 0, 7, 3.0)])
    assert (lease.text[spans[0].start : spans[0].end], spans[0].score) == ("Peregrine Maps Ltd", 4)


def test_the_label_of_the_item_that_has_what_is_asked_for_goes_before_what_is_read() -> None:
    plans = passage("Plans\n- **Mini**: 3 GB, 8 a month\n- **Max**: unlimited data\n\nCalls are free.")
    units, spans = units_of([plans]), [AnswerSpan(0, plans.text.index("Calls"), len(plans.text) - 10, 3.0)]
    found = [
        fitting(f"which {words}", [plans], units, spans) for words in ("has unlimited data", "is free")
    ]
    assert [plans.text[each[0].start : each[0].end] for each in found] == ["Max", "Calls"]


def test_the_header_of_a_table_is_no_answer() -> None:
    table = passage("Zone | Data per day\nUSA | 500 MB")
    spans = fitting("what data do i get", [table], units_of([table]), [AnswerSpan(0, 0, 11, 3.0)])
    assert [span.score for span in spans] == [UNREAD]


def test_a_span_in_an_address_is_widened_to_it() -> None:
    desk = passage("Write to help@brightline.example.")
    start = desk.text.index("@")
    (found,) = best_spans("Whom?", units_of([desk]), [AnswerSpan(0, start, start + 5, 5.0)]).values()
    assert desk.text[slice(*found)] == "help@brightline.example"
    assert "email" in " ".join(units_of([desk])[0].words)
    assert "address" not in " ".join(units_of([passage("```\ncurl https://a.example\n```")])[0].words)


def test_a_heading_does_not_decide_whether_there_is_an_answer() -> None:
    units = units_of([passage("Salary and leave\n\nThe salary is 3,400 euros a month.")])
    assert [unit.is_heading for unit in units] == [True, False]
    logits = np.array([2.0, -1.0], dtype=np.float32)
    assert answerable_features("How much is it?", units, logits, without=0.0)[0] == -1


def test_an_address_alone_is_quoted_only_where_one_is_asked_for() -> None:
    first, second = units_of([passage("Prices are listed online.\n\nhttps://example.com/prices")])
    assert is_quotable("How do I find prices?", first)
    assert not is_quotable("How do I find prices?", second)
    assert is_quotable("What is the link to the prices?", second)


def test_a_question_is_no_answer_unless_one_is_asked_for() -> None:
    (unit,) = units_of([passage("On how many computers may I install it?")])
    assert not is_quotable("Can I install it on two computers?", unit)
    assert is_quotable("Which questions does the page answer?", unit)


def test_a_question_in_bold_is_one() -> None:
    question, answer = units_of([passage("**Where can I find the key?**\n\nBelow the mat.")])
    assert not is_quotable("Where is the key?", question)
    none = np.full(2, -9.0, np.float32)
    assert (said_logits("Where is the key?", [question, answer], none) > -9).tolist() == [False, True]
    for other in ("Where is the code?", "What?"):
        assert (said_logits(other, [question, answer], none) > -9).tolist() == [False, False]


def test_a_heading_answers_when_by_its_date() -> None:
    notes = passage("# Larch releases\n\n## 5.1 (2 September 2025)\n\n- Themes\n\n## 5.2\n\n- Sync")
    units = units_of([notes])
    for question, heads in (("When was 5.1 released?", [1]), ("What is new in 5.1?", [])):
        assert [
            n for n, unit in enumerate(units) if unit.is_heading and is_quotable(question, unit)
        ] == heads
    start = notes.text.index("2 Sep")
    (span,) = fitting("When was 5.1 released?", [notes], units, [AnswerSpan(0, start, start + 16, 3.0)])
    assert span.score == 3
    assert units[2].about >= {"5.1", "larch"}


def test_what_stands_below_a_question_says_what_is_asked() -> None:
    units = units_of([passage("May I sell my drawings? Everything you draw belongs to you.")])
    said = said_logits("may I sell drawings", units, np.full(2, -9.0, np.float32))
    assert (said > -9).tolist() == [False, True]


def test_code_and_headers_of_fields_say_nothing_however_many_words_they_share() -> None:
    texts = (
        "def indent(tabs, spaces): return tabs or spaces",
        "Title: Tabs Author: Ann Lee Keywords: spaces",
        "Use spaces, and no tabs.",
    )
    units = units_of([passage(text) for text in texts])
    said = said_logits("should i use tabs or spaces", units, np.full(3, -9.0, np.float32))
    assert (said > -9).tolist() == [False, False, True]


def test_code_says_how_with_what_leads_to_it() -> None:
    text = "Sensors are built like this:\n\n```sh\nmake all\n```\n\n```sh\nmake rest\n```"
    units = units_of([passage(text)])
    assert [unit.is_code for unit in units] == [False, True, True]
    assert {"sensor", "built"} <= units[1].about
    assert units[2].about == {"handbook"}
    none = np.full(3, -9.0, np.float32)
    assert (said_logits("How are sensors built?", units, none) > -9).tolist() == [True, False, False]
    assert (said_logits("How do I make sensors?", units, none) > -9).tolist() == [True, True, False]


def test_a_picture_front_matter_and_a_row_of_figures_say_nothing() -> None:
    text = (
        "---\ntitle: Valves\n---\n\n![A valve](valve.png)\n\n| kind | price |\n|---|---|\n| valve | 4.50 |"
    )
    units = units_of([passage(text)])
    assert [unit.text[:7] for unit in units if is_quotable("What is a valve?", unit)] == [
        "| kind ",
        "|---|--",
    ]
    assert is_quotable("How much is a valve?", units[-1])


@pytest.mark.parametrize(
    ("span", "found"), [("py", "rag/core/settings.py"), ("`rag/core", "rag/core/settings.py")]
)
def test_a_span_in_a_name_of_code_is_widened_to_it(span: str, found: str) -> None:
    text = "It is made from `rag/core/settings.py`, they say."
    start = text.index(span)
    (place,) = best_spans(
        "Whence?", units_of([passage(text)]), [AnswerSpan(0, start, start + len(span), 5.0)]
    ).values()
    assert text[slice(*place)].strip("`") == found


@pytest.mark.parametrize(
    ("question", "text", "span", "found"),
    [
        ("When is the office open?", "Open on Friday 14:00-15:30.", "14:00", "14:00-15:30"),
        ("When is it served?", "It is served from 7 to 9:30 am.", "9:30 am", "7 to 9:30 am"),
        ("When does it end?", "It is served from 7 to 9:30 am.", "9:30 am", "9:30 am"),
        ("How hot may it be?", "It is kept between 5 and 35 degrees.", "5", "between 5 and 35"),
        ("Where is the lab?", "The lab is in office B 4.12.", "B 4", "B 4.12"),
        ("How cold is it kept?", "Kept at -20 °C for 2-3 days.", "20 °C", "-20 °C"),
        ("How big is it?", "It has 2.3 hectares.", "2", "2.3 hectares"),
        ("How much is it?", "The bowl is 49 EUR, the whisk 18 EUR.", "EUR", "49 EUR"),
        ("Which buses go there?", "Take bus 14 or 27 to the gate.", "14", "14 or 27"),
    ],
)
def test_a_span_in_a_number_or_a_range_is_widened_to_it(
    question: str, text: str, span: str, found: str
) -> None:
    start = text.index(span)
    marked = AnswerSpan(0, start, start + len(span), 5.0)
    (place,) = best_spans(question, units_of([passage(text)]), [marked]).values()
    assert text[slice(*place)] == found


def test_a_definition_goes_before_a_sentence_that_only_has_the_words() -> None:
    texts = (
        "Note that a namespace package is created at once.",
        "Namespace packages are a way to split one.",
    )
    units = units_of([passage(text) for text in texts])
    assert said_logits("What is a namespace package?", units, np.zeros(2, np.float32)).argmax() == 1
