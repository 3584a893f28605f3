"""A question for what a list is of gets all of it, and one for an item does not."""

import pytest

from rag.core.types import Passage
from rag.reading.lists import asked_list, denies

STEPS = (
    "Open the lid with a coin.\n\nChanging the batteries:\n"
    "1. Remove both cells.\n2. Wait ten seconds.\n\n3. Put in two new ones.\n\nClose the lid."
)
KIT = "- One sensor with a shield\n- A steel clamp\n- Two cells"


def items(question: str, *texts: str, heading: tuple[str, ...] = ()) -> list[str]:
    found = asked_list(
        question,
        [
            Passage("", "", 1, "", "HX-240 sensor", None, 0, len(text), 1.0, text, heading=heading)
            for text in texts
        ],
    )
    return [found[0].text[start:end] for start, end in found[1]] if found else []


def test_a_list_is_given_whole_from_whichever_passage_has_it() -> None:
    assert items("How do I change the batteries of the HX-240?", KIT, STEPS) == [
        "1. Remove both cells.",
        "2. Wait ten seconds.",
        "3. Put in two new ones.",
    ]


def test_the_heading_announces_a_list_that_its_passage_begins_with() -> None:
    heading = ("Manual", "What is in the box")
    assert items("What's in the box?", KIT, heading=heading) == KIT.split("\n")


@pytest.mark.parametrize(
    "question", ["What comes in the box?", "what do i get in the box", "What does the box contain?"]
)
def test_words_of_having_and_getting_need_not_be_announced(question: str) -> None:
    assert items(question, f"In the box\n{KIT}") == KIT.split("\n")


def test_what_is_denied_is_another_list() -> None:
    text = "Do not use the sensor\n- near fire\n- in a sauna"
    assert items("what must the sensor not be used for", text) == ["- near fire", "- in a sauna"]
    assert items("what is the sensor used for", text) == []


@pytest.mark.parametrize(
    ("line", "is_denied"),
    [
        ("Exceptions:", True),
        ("All rooms except", True),
        ("Excluded from the price:", True),
        ("Excl. in the basic plan:", True),
        ("Exclusive offers:", False),
        ("Exceptional service includes:", False),
    ],
)
def test_an_exception_denies_and_what_is_exceptional_does_not(line: str, is_denied: bool) -> None:
    assert denies(line) == is_denied


@pytest.mark.parametrize(
    "question",
    [
        "Which clamp is in the box?",  # of one item
        "How many cells are in the box?",
        "How many are in the box?",  # an amount
        "What is the HX-240?",  # of the title, not of the list
        "What is in the handbook?",
    ],
)
def test_other_questions_do_not_get_it(question: str) -> None:
    assert items(question, f"In the box\n{KIT}") == []


@pytest.mark.parametrize("question", ["Who chairs the committee?", "who is in the committee"])
def test_a_question_for_a_person_does_not_get_all_of_them(question: str) -> None:
    text = "Chairs of the committee\n1. Ada Stone\n2. Ben Ash"
    assert items(question, text) == []
    assert len(items("Who are the chairs of the committee?", text)) == 2


def test_text_beside_a_list_and_a_list_of_one_are_none() -> None:
    assert items("How do I close the lid?", STEPS) == []
    assert items("What is in the box?", "In the box\n- A clamp") == []


PLANS = "Brightline sells three plans:\n\nPlan | Price\nBasic | 9 euros\nTeam | 29 euros\n\nCalls are free."


@pytest.mark.parametrize("question", ["Which plans does Brightline sell?", "what plans are there"])
def test_a_short_table_is_a_list_of_what_its_first_column_names(question: str) -> None:
    assert items(question, PLANS) == ["Plan | Price", "Basic | 9 euros", "Team | 29 euros"]


@pytest.mark.parametrize("rule", ["| --- | --- |", "|---|---|", "|:--|--:|", "---|---"])
def test_the_rule_of_a_markdown_table_parts_no_row_from_its_header(rule: str) -> None:
    rows = ["| Plan | Price |", "| Basic | 9 euros |", "| Team | 29 euros |"]
    assert items("which plans are there", "\n".join((rows[0], rule, *rows[1:]))) == rows


@pytest.mark.parametrize(
    "question", ["Which plan does Brightline sell?", "Which plans are cheap?", "What are the calls?"]
)
def test_a_row_and_what_no_column_is_of_are_not_the_table(question: str) -> None:
    assert items(question, PLANS) == []


def test_a_long_table_is_not_quoted_whole() -> None:
    rows = "\n".join(f"Plan {number} | {number} euros" for number in range(20))
    assert items("which plans are there", f"Plan | Price\n{rows}") == []


RECIPES = """# Recipes

## Leek soup

Ingredients:

- 4 leeks
- 180 g barley

1. Soften the leeks.
2. Add the barley.

## Plum cake

Ingredients:

- 800 g plums
- 250 g flour"""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What are the ingredients of the leek soup?", ["- 4 leeks", "- 180 g barley"]),
        ("what are the ingredients of the plum cake", ["- 800 g plums", "- 250 g flour"]),
        ("What are the ingredients of the rye bread?", []),
        ("Which leeks are among the ingredients of the soup?", []),
    ],
)
def test_a_list_is_of_the_headings_it_stands_under_in_its_passage(
    question: str, expected: list[str]
) -> None:
    assert items(question, RECIPES) == expected


def test_a_heading_that_denies_is_no_list_of_what_is_asked_for() -> None:
    text = "## Not included\n\nIn the basic plan:\n\n- Calls\n- Mails"
    assert items("What is included in the basic plan?", text) == []
    assert items("What is not included in the basic plan?", text) == ["- Calls", "- Mails"]


@pytest.mark.parametrize(
    "nested", ["1. Boil:\n\n   - eggs\n   - rice\n\n2. Wait.", "1. Boil\n- eggs\n2. Wait."]
)
def test_items_within_an_item_are_of_its_list(nested: str) -> None:
    assert items("How do I make lunch?", f"Lunch\n\n{nested}")[-1] == "2. Wait."


def test_steps_are_of_what_the_title_or_a_line_above_the_ingredients_names() -> None:
    stew = "Bean stew\nServes 4.\n\nIngredients\n- Beans\n- Kale\n\nMethod\n1. Soak.\n2. Boil."
    cake = "Keeps for a day.\n\nPlum cake\n\nIngredients\n- Plums\n- Rye\n\nMethod\n1. Mix.\n2. Bake."
    assert items("How do I make the bean stew?", f"{stew}\n\n{cake}") == ["1. Soak.", "2. Boil."]
    assert items("how to bake the plum cake", f"{stew}\n\n{cake}") == ["1. Mix.", "2. Bake."]
    assert items("What are the ingredients of the plum cake?", f"{stew}\n\n{cake}") == ["- Plums", "- Rye"]
    assert items("How do I make the rye bread?", f"{stew}\n\n{cake}") == []


def test_one_item_below_a_heading_is_all_there_is_of_it() -> None:
    text = "## 2.4\n\n### Added\n- Themes\n\n## 2.3\n\n### Removed\n- Sync"
    assert items("What was removed in 2.3?", text) == ["- Sync"]
    assert items("What was removed in 2.4?", text) == []


@pytest.mark.parametrize("mark", ["1.", "."])
def test_steps_below_an_underlined_heading(mark: str) -> None:
    text = f"Changing a wheel\n~~~~~~~~~~~~~~~~\n\n{mark} Park the car.\n{mark} Loosen the bolts."
    assert len(items("how do i change a wheel", text)) == 2


@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_code_above_a_list_does_not_announce_it(fence: str) -> None:
    text = f"## Poison\n\n1. Park it:\n\n{fence}\npark --topic all\n{fence}\n\n2. Wait.\n3. Never skip it."
    assert items("How do I park poison?", text) == []
