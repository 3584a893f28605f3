from dataclasses import replace

import pytest
from _passages import passage
from _timing import least_seconds

from rag.core.types import AnswerSpan, Passage
from rag.reading.features import units_of
from rag.reading.fitting import fitting
from rag.reading.named import of_named
from rag.reading.prose import defines, is_address, is_code, is_front_matter, is_markup
from rag.reading.spans import UNREAD, best_spans
from rag.scoring.words import content_words


def _scores(question: str, text: str, *marked: str) -> list[float]:
    found = passage(text)
    spans = [AnswerSpan(0, text.index(words), text.index(words) + len(words), 5.0) for words in marked]
    return [span.score for span in fitting(question, [found], units_of([found]), spans)]


@pytest.mark.parametrize(
    ("question", "text", "right", "wrong"),
    [
        ("When was the plan accepted?", "The plan was first heard and accepted in May.", "May", "first"),
        ("when does it melt", "The ice melts after the storms of spring.", "after the storms", "ice"),
        ("What year did he leave?", "He left for Oslo in 1901.", "1901", "Oslo"),
        ("How many came?", "A dozen people came by boat.", "A dozen", "boat"),
        ("How often is it paid?", "Card holders pay rent monthly.", "monthly", "Card holders"),
        ("How often do they meet?", "The board meets fortnightly.", "fortnightly", "The board"),
        ("How often do they meet?", "The board meets on Mondays.", "on Mondays", "The board"),
        ("How long is the break?", "The break of the desk is an hour.", "an hour", "the desk"),
        ("How much notice do I give?", "Guests give a week's notice.", "a week's notice", "Guests"),
        ("How far is the beach?", "The beach is a short walk away.", "a short walk", "The beach"),
        ("How much is breakfast?", "Breakfast is included in the rate.", "included", "Breakfast"),
        ("How much salt goes in?", "Add a pinch of salt to the dough.", "a pinch", "the dough"),
        ("How wide is the hall?", "It is 22 metres long, 9 metres wide.", "9 metres wide", "22 metres"),
        ("How tall is the mast?", "It is 12 m high and 30 cm thick.", "12 m", "30 cm"),
        ("How wide is the furnace?", "It is 42 tonnes and only 9 m across.", "9 m", "42 tonnes"),
        ("What is the rent of the studio?", "The rent of Studio 7 is 640 pounds.", "640 pounds", "7"),
        ("How deep is the pool?", "At 28 °C and 3.5 m it is for divers.", "3.5 m", "28 °C"),
        ("When can I hire it?", "Hire it in May for up to six weeks a year.", "in May", "up to six weeks"),
        ("When do I cancel?", "Cancel up to 2 weeks before the day.", "up to 2 weeks", "Cancel"),
        ("When do I water it?", "Water the fern if the soil is dry.", "the soil is dry", "the fern"),
    ],
)
def test_what_is_no_time_or_number_is_no_answer_to_when_or_how_many(
    question: str, text: str, right: str, wrong: str
) -> None:
    assert _scores(question, text, right, wrong) == [5.0, UNREAD]


@pytest.mark.parametrize(
    ("question", "text", "score"),
    [
        ("What is the topic of evening 3?", "Evening 2: hives and frames.", UNREAD),
        ("What is the topic of evening 2?", "Evening 2: hives and frames.", 5.0),
        ("What comes after evening 2?", "Evening 3: hives and frames.", 5.0),
        ("What fits the MP3 player?", "The player is 8 years old: hives and frames.", 5.0),
        ("What is in Hall C?", "Hall B: hives and frames.", UNREAD),
        ("What is in Hall C?", "Hall B and hall C have hives and frames.", 5.0),
        ("Who opens the second talk?", "The first talk, on hives and frames, is by Ann.", UNREAD),
        ("Who opens the second talk?", "The first talk is on hives and frames, the second on wax.", 5.0),
        ("What are the first and second talks on?", "The first talk is on hives and frames.", 5.0),
        ("Who was the first director?", "Ann, director 1950 to 1962, kept hives and frames.", 5.0),
        ("What has the Pro plan?", "The Basic plan has hives and frames.", UNREAD),
        ("What has the Pro plan?", "The Basic plan has hives, the Pro plan hives and frames.", 5.0),
        ("What has the Pro plan?", "Unlike the Basic plan, it has hives and frames.", 5.0),
        ("What has the Pro plan?", "The plan has hives and frames.", 5.0),
        ("what is shown at check out", "At check-in we show hives and frames.", UNREAD),
        ("what is shown at check out", "At check-in and check-out we show hives and frames.", 5.0),
        ("what do adults get", "Children get hives and frames.", UNREAD),
        ("How is the buffer kept?", "- Standard, hives and frames\n- Buffer, 50 mM", UNREAD),
        ("How is the salt kept?", "- Standard, hives and frames\n- Buffer, 50 mM", 5.0),
        ("How much rye is in it?", "- 2 hives and frames\n- 3 g of finest rye flour", UNREAD),
    ],
)
def test_what_is_of_another_number_or_name_or_the_opposite_is_no_answer(
    question: str, text: str, score: float
) -> None:
    assert _scores(question, text, "hives and frames") == [score]


def test_a_number_behind_a_property_that_begins_a_line_is_no_name() -> None:
    facts = "Population 5400\nElevation 320 m"
    assert _scores("What is the population of Marsh End?", facts, "5400") == [5.0]
    assert _scores("How many parking spaces are there?", "Parking 25 spaces.", "25") == [5.0]


@pytest.mark.parametrize(
    ("question", "text", "first"),
    [
        ("What is the rent of the studio?", "The studio has heating.\n3.1 The rent is 640 pounds.", None),
        ("What is the rent?", "The deposit is one rent.\n3.1 The rent is 640 pounds.", "640 pounds"),
        (
            "What is the tax?",
            "The tax is 2 EUR a bed and night and is due.",
            "2 EUR a bed and night",
        ),
        ("What is in hall C?", "Museum\n- Hall B: hives\n- Hall C: frames", "frames"),
        ("What is the fee for Minors?", "- **Minors**: under 16, fee 20 EUR", "20 EUR"),
        ("What is the fee for Minors?", "- **Masters**: above 2100, fee 60 EUR", None),
        ("Who is the treasurer?", "- Treasurer: Ann Lee\n- Room: 4", "Ann Lee"),
        ("Who is the treasurer?", "- Treasurer: not yet found\n- Room: 4", None),
        ("How much rye is in the bread?", "# Bread\n\n- 200 g flour\n- 300 g rye", "300 g rye"),
        ("How much rye is in the bread?", "# Scones\n\n- 2 g rye\n\n# Bread\n\n- 3 g rye", "3 g rye"),
        ("How much rye is in the bread?", "# Bread\n\n- 2 g rye\n\n## Top\n\n- 3 g rye", None),
        ("What is the price of the sauna?", "# Price\n\n- Sauna: in the basement", None),
        ("Who is the manager?", "- Manager: Lena Frost, in the shop since 2012", "Lena Frost"),
        ("What is the rent?", "The rent is due on the first of each month.", None),
        ("What is the rent?", "The rent was 600 pounds.", None),
        ("What is the rent?", "The rent is 1,560.50 EUR, paid in May.", "1,560.50 EUR"),
        ("How much is the tour?", "The tour is 2 hours long.", None),
        ("What is the budget?", "The budget was cut in 2023.", None),
        ("How high is the tower?", "The tower was built in 1889.", None),
        ("How long is the pool?", "The pool is 3 m deep.", None),
        ("How much rye is in the soup?", "# Bread\n\n- 200 g flour\n- 300 g rye", None),
    ],
)
def test_a_property_or_amount_that_is_stated_goes_before_what_is_read(
    question: str, text: str, first: str | None
) -> None:
    found = passage(text)
    (best, *_) = [*fitting(question, [found], units_of([found]), [AnswerSpan(0, 0, 3, -9.0)])]
    assert (text[best.start : best.end] if best.score > 0 else None) == first


def test_what_labels_every_item_names_none_of_them() -> None:
    text = "## Galleries\n\n- **Gallery A**: ovens\n- **Gallery B**: lamps"
    assert _scores("Which gallery has the lamps?", text, "lamps") == [3.0, UNREAD]


def test_other_questions_take_words_of_any_kind() -> None:
    assert _scores("Who came when it rained?", "The baker came.", "The baker") == [5.0]


def test_a_span_over_two_fields_of_a_header_is_no_answer() -> None:
    text = "Title: The Zen of Python Author: Tim Peters Status: Active"
    spans = ("Title: The Zen of Python Author: Tim Peters", "Tim Peters")
    assert _scores("what is the lease", text, *spans) == [UNREAD, 5.0]


@pytest.mark.parametrize(
    ("question", "text", "right", "wrong"),
    [
        ("Which environment variable sets it?", "This variable is APP_HOME.", "APP_HOME", "This"),
        (
            "What is the default port?",
            "By default one of this machine, 8080.",
            "8080",
            "one of this machine",
        ),
    ],
)
def test_what_is_no_port_or_variable_is_no_answer_to_which(
    question: str, text: str, right: str, wrong: str
) -> None:
    assert _scores(question, text, right, wrong) == [5.0, UNREAD]


def test_code_names_nobody() -> None:
    text = "```sh\nexport ROLE=authors\n```\n\nAnn wrote it."
    assert _scores("Who wrote it?", text, "authors", "Ann") == [UNREAD, 5.0]
    assert _scores("What is exported?", text, "authors") == [5.0]


def test_a_sentence_that_asks_the_same_is_no_answer() -> None:
    text = "[9:01] Mira: morning all, who broke the staging server?\n[9:02] Jonas: that was me, sorry."
    assert _scores("Who broke the staging server?", text, "Mira", "Jonas") == [UNREAD, 5.0]


@pytest.mark.parametrize(
    ("text", "span", "left"),
    [
        ("orders[1].price: 900\norders[1].city: Rome", "900\norders", "900"),
        ("It was Marta\nLindqvist.", "Marta\nLindqvist", "Marta\nLindqvist"),
        ("It removes one (or both) ends.", "one (or", "one (or"),
        ("It removes ends (both).", "both)", "both"),
        ("It is kept [for 3 days].", "[for 3 days", "for 3 days"),
        ("It is f(x).", "f(x)", "f(x)"),
    ],
)
def test_half_a_pair_of_brackets_at_an_end_is_left_out(text: str, span: str, left: str) -> None:
    start = text.index(span)
    units = units_of([passage(text)])
    (found,) = best_spans("What is it?", units, [AnswerSpan(0, start, start + len(span), 1.0)]).values()
    assert text[slice(*found)] == left


def _titled(title: str, text: str = "It was accepted in May.") -> Passage:
    return replace(passage(text), title=title)


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        ("When was PEP 530 accepted?", ["PEP 530 – Comprehensions"]),
        ("When was pep-572 accepted?", ["PEP 572: Assignments"]),
        ("When were PEP 530 and PEP 572 accepted?", ["PEP 530 – Comprehensions", "PEP 572: Assignments"]),
        ("When was PEP 8 accepted?", []),
        ("What was accepted on May 12?", ["PEP 530 – Comprehensions", "PEP 572: Assignments"]),
    ],
)
def test_passages_about_another_number_are_left_out(question: str, titles: list[str]) -> None:
    passages = [_titled("PEP 530 – Comprehensions"), _titled("PEP 572: Assignments"), _titled("May 11")]
    left = [found.title for found in of_named(question, passages)]
    assert left == [*titles, "May 11"]


def test_a_passage_that_says_the_asked_number_stays_whatever_its_title() -> None:
    changes = _titled("PEP 530 – Comprehensions", "PEP 572 was accepted later.")
    assert of_named("When was PEP 572 accepted?", [changes]) == [changes]


@pytest.mark.parametrize(
    "piece",
    [" ", "a", "Aa ", "a1.", "- **", "(a", "www.a", " www.a", "[a]: ", "![]()", "<p>", "<p ", "---\n", "/"],
)
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    text = piece * (16_000 // len(piece))
    passages = [passage(f"It is {text}")]
    question = "Who is the chair of room 7 when it rains?"

    def read() -> None:
        found = of_named(question, passages)
        fitting(question, found, units_of(found), [AnswerSpan(0, 0, 2, 5.0)])
        defines("What is a lease?", text)
        is_address(text)
        is_code(text)
        is_markup(text)
        is_front_matter(text)

    assert least_seconds(read) < 0.5


def test_items_beside_the_one_whose_label_is_asked_about_do_not_answer() -> None:
    text = "- Taster: every Saturday at 14:00\n- Beginner: Tuesdays from 18:30\n\nThe desk opens at 9:00."
    spans = ("14:00", "18:30", "9:00")
    assert _scores("when is the beginner course", text, *spans) == [UNREAD, 5.0, 5.0]
    assert _scores("when is the taster or the beginner course", text, *spans) == [5.0, 5.0, 5.0]
    assert _scores("when does it begin", text, *spans) == [5.0, 5.0, 5.0]


def test_days_that_are_written_short_are_those_of_the_question_or_not() -> None:
    text = "07:10 | Harbour | Mon-Fri\n08:40 | Harbour | Sat, Sun"
    assert _scores("When does the ferry leave on Sunday?", text, "07:10", "08:40") == [UNREAD, 5.0]
    assert [set(content_words("Sunday Tuesday")) & unit.words for unit in units_of([passage(text)])] == [
        set(content_words("Tuesday")),
        set(content_words("Sunday")),
    ]


def test_what_a_document_says_is_looked_for_in_that_document() -> None:
    handbook, sheet = (
        _titled("Field Handbook", "Sensors are blue."),
        _titled("Data sheet", "Sensors are red."),
    )
    assert of_named("What does the handbook say about sensors?", [sheet, handbook]) == [handbook]
    assert of_named("What does the mayor say about sensors?", [sheet, handbook]) == [sheet, handbook]
    assert of_named("What colour are sensors?", [sheet, handbook]) == [sheet, handbook]


def test_the_number_of_other_things_gives_way_to_that_of_those_asked_about() -> None:
    text = "It runs 148 sensors at four stations, of which two were closed."
    units = units_of([passage(text)])
    for question, marked, number in (
        ("how many stations are there", "148", "four"),
        ("how many sensors are there", "148", "148"),
        ("how many stations were closed", "two", "two"),
    ):
        start = text.index(marked)
        (found,) = best_spans(question, units, [AnswerSpan(0, start, start + len(marked), 5.0)]).values()
        assert text[slice(*found)] == number
