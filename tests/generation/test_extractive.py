import asyncio

import pytest
from _passages import passage

from rag.core.protocols import GenerationOptions, Message, Prompt
from rag.core.types import Passage
from rag.generation.answer import REFUSAL
from rag.generation.backends.extractive import Extractive
from rag.reading.support import Support

QUESTION = "How long does the warranty of the outdoor sensor run?"


def answer(*passages: Passage, question: str = QUESTION) -> str:
    prompt = Prompt((Message("user", question),), question, passages)

    async def gather() -> str:
        stream = Extractive(Support()).stream(prompt, GenerationOptions())
        return "".join([delta.text async for delta in stream])

    return asyncio.run(gather())


def test_the_likeliest_passage_goes_first_whatever_was_found_first() -> None:
    less = passage("A warranty is a promise. It is kept.", document="d1")
    more = passage("Rain fell. The warranty of the outdoor sensor runs for sixty months.", document="d2")
    assert answer(less, more).startswith("The warranty of the outdoor sensor runs for sixty months.")


def test_sentences_of_one_passage_keep_their_order() -> None:
    sentence = "The warranty of the outdoor sensor runs for {} months."
    text = " ".join(sentence.format(number) for number in (36, 60))
    assert answer(passage(text)) == text


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    text = "The outdoor sensor has a metal case. Its warranty runs for sixty months, outdoor or not."
    assert answer(passage(text)) == text


def test_a_quoted_sentence_that_leans_back_brings_the_one_before() -> None:
    mail = passage("He wrote:\n\n> The pump is old.\n> Its warranty runs for sixty months.")
    assert "The pump is old." in answer(mail, question="How long does its warranty run?")


@pytest.mark.parametrize("between", ["## Outdoors", "How is it indoors?"])
def test_what_stands_beyond_a_heading_or_a_question_is_not_what_a_sentence_leans_on(between: str) -> None:
    leaning = "Its warranty runs for sixty months, outdoor sensor or not."
    assert answer(passage(f"The clamp is made of steel.\n\n{between}\n\n{leaning}")) == leaning


def test_the_rule_below_a_header_is_never_quoted() -> None:
    assert answer(passage("|---|---|"), question="and per month?") == REFUSAL


def test_a_row_of_a_table_brings_the_header() -> None:
    table = "Product | Model | Warranty (months)\nIndoor sensor | HX-110 | 24\nOutdoor sensor | HX-240 | 60"
    given = answer(passage(table))
    assert given.index("Warranty (months)") < given.index("HX-240 | 60")


def test_a_row_of_amounts_brings_their_unit() -> None:
    table = "Sales by region (in thousands):\n\n | 2031 | 2032\nNorth | 5,120 | 5,340\nSouth | 811 | 790"
    given = answer(passage(table), question="What were sales in the North in 2032?")
    assert given.index("in thousands") < given.index("North | 5,120")


def test_what_a_list_is_of_gets_the_whole_list_and_nothing_else() -> None:
    items = "- One sensor with radiation shield\n- A steel clamp\n- Two lithium cells, size AA"
    other = passage("The box of the sensor is made of cardboard.", document="d2")
    kit = passage(f"What is in the box\n\n{items}")
    assert answer(kit, other, question="What's in the box?") == items


INSURANCE = """## What is covered

- Medical treatment
- Lost luggage up to 1,500 EUR

## What is not covered
- Extreme sports
- Theft from an
  unlocked car"""


@pytest.mark.parametrize(
    ("question", "given"),
    [
        ("Is lost luggage covered?", "## What is covered\n- Lost luggage up to 1,500 EUR"),
        ("Is theft from an unlocked car covered?", "## What is not covered\n- Theft from an unlocked car"),
        ("What about theft from an unlocked car?", "## What is not covered\n- Theft from an unlocked car"),
        ("How much of lost luggage is paid?", "- Lost luggage up to 1,500 EUR"),
    ],
)
def test_an_item_brings_what_denies_it_and_to_yes_or_no_what_it_is_listed_as(
    question: str, given: str
) -> None:
    assert answer(passage(INSURANCE), question=question).endswith(given)


def test_why_brings_the_reason_that_follows() -> None:
    never, loses = "Never skip a message.", "It loses the message for good."
    assert answer(passage(f"{never} {loses}"), question="Why never skip a message?") == f"{never} {loses}"


def test_a_mere_no_brings_what_follows() -> None:
    page = passage("**Can I use it outdoors?**\n\nNo. It is made for dry rooms. It has a lamp.")
    assert answer(page, question="Can I use it outdoors?") == "No. It is made for dry rooms."


def test_marks_of_quotation_are_not_quoted() -> None:
    mail = "Jo wrote:\n> The warranty of the outdoor\n> sensor runs for sixty months."
    assert answer(passage(mail)).endswith("The warranty of the outdoor sensor runs for sixty months.")
    assert ">" not in answer(passage(mail))


CODE = "```sh\nmake clean\n\nmake sensors   # all of them\n```"


def test_code_is_quoted_as_it_stands_with_what_leads_to_it() -> None:
    text = f"Sensors are fine. The sensors are built like this:\n\n{CODE}\n\nThat is all."
    given = answer(passage(text), question="How do I build the sensors?")
    assert given == f"The sensors are built like this:\n\n{CODE}"


def test_code_of_a_list_is_moved_to_the_left() -> None:
    text = "1. Build the sensors:\n\n   ```sh\n   if x\n     make sensors\n   ```\n2. Rest."
    given = answer(passage(text), question="How do I build the sensors?")
    assert given.endswith("```sh\nif x\n  make sensors\n```")


def test_code_has_the_usual_fences_unless_it_holds_them() -> None:
    text = "Build the sensors:\n\n~~~~sh\nmake sensors\n~~~~"
    assert answer(passage(text), question="How do I build the sensors?").endswith(
        "```sh\nmake sensors\n```"
    )
    text = "Build the sensors:\n\n~~~md\n```\nmake sensors\n```\n~~~"
    assert answer(passage(text), question="How do I build the sensors?").endswith(
        "~~~md\n```\nmake sensors\n```\n~~~"
    )


def test_code_that_the_passage_cuts_off_is_fenced() -> None:
    start = passage("Build the sensors:\n```sh\nmake sensors\nmake rest")
    assert answer(start, question="How do I build sensors?").endswith("```sh\nmake sensors\nmake rest\n```")
    end = passage("make sensors --build\nmake rest\n```")
    assert answer(end, question="How do I build sensors?") == "```\nmake sensors --build\nmake rest\n```"


def test_a_sentence_that_leads_to_a_list_brings_its_items() -> None:
    text = "Oil the outdoor sensor at these times:\n- in spring\n- in autumn\n\nIt rains."
    assert answer(passage(text), question="Why oil the outdoor sensor?") == text.removesuffix(
        "\n\nIt rains."
    )


def test_a_list_that_is_too_long_is_not_brought_along() -> None:
    lead = "Oil the outdoor sensor at these times:"
    text = "\n".join((lead, *(f"- in week {number}" for number in range(13))))
    assert answer(passage(text), question="Why oil the outdoor sensor?").count("\n") <= 1


def test_the_same_words_are_quoted_once() -> None:
    text = "The warranty of the outdoor sensor runs for sixty months."
    assert answer(passage(text), passage(f"Rain. {text}", document="d2")) == text


def test_without_sentences_it_refuses() -> None:
    assert answer() == REFUSAL
