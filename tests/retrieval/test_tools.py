"""The few tools that a request needs, among many."""

import pytest
from _other_questions import OtherQuestions

from rag.encoders.hashing import Hashing
from rag.networks.tools import ToolAlignment
from rag.retrieval._tool_index import ToolIndex
from rag.scoring.tools import Tool

TOOLS = [
    Tool("bookTable", "Reserve a table in a restaurant."),
    Tool("getWeather", "Give the weather forecast of a city."),
    Tool("sendMail", "Send an electronic mail to a person."),
    Tool("translateText", "Translate a text to another language."),
    Tool("getRestaurantMenu", "Give the menu of a restaurant and its table plan, dishes and drinks."),
    Tool("restaurantRating", "Rate a restaurant, its table service and its dishes."),
]


@pytest.fixture(scope="module")
def index() -> ToolIndex:
    return ToolIndex(TOOLS, Hashing(dim=4096))


def test_every_part_of_a_request_finds_its_tool(index: ToolIndex) -> None:
    request = "Reserve a table in a restaurant near the river, and then send a mail to Ann."
    assert set(index.best(request, 2)) == {"bookTable", "sendMail"}


def test_a_tool_to_call_first_comes_right_after_the_one_that_needs_it() -> None:
    tools = [
        *TOOLS,
        Tool("/film/{film_id}/cast", "Who plays in a film."),
        Tool("/search/film", "By title."),
    ]
    found = ToolIndex(tools, Hashing(dim=4096)).best("Who plays in Solaris?", 2)
    assert found == ["/film/{film_id}/cast", "/search/film"]


def test_an_earlier_turn_helps_and_the_last_one_leads(index: ToolIndex) -> None:
    earlier = ["Translate a text to another language."]
    assert index.best("Give the weather forecast of Oslo.", 2, earlier=earlier) == [
        "getWeather",
        "translateText",
    ]


def test_no_tools_give_no_names() -> None:
    assert ToolIndex([], Hashing(dim=64)).best("anything", 5) == []


def test_fewer_names_are_the_first_of_more(index: ToolIndex) -> None:
    request = "Send the menu of a restaurant to a person"
    assert index.best(request, 2) == index.best(request, 6)[:2]


def test_an_untrained_alignment_changes_no_order(index: ToolIndex) -> None:
    encoder = Hashing(dim=4096)
    aligned = ToolIndex(TOOLS, encoder, alignment=ToolAlignment(encoder.dim, 4).eval())
    for request in ("a mail to Ann", "Book a table and give me the weather of Rome"):
        assert aligned.best(request, 6) == index.best(request, 6)


def test_the_likeliest_tool_is_the_one_that_is_asked_for(index: ToolIndex) -> None:
    likely = index.probabilities(
        "Reserve a table in a restaurant, and then send an electronic mail to a person."
    )
    assert ((likely > 0) & (likely < 1)).all()
    assert {TOOLS[number].name for number in likely.argsort()[-2:]} == {"bookTable", "sendMail"}


def test_a_request_for_nothing_here_is_less_likely_than_one_for_a_tool(index: ToolIndex) -> None:
    asked = index.probabilities("Give the weather forecast of a city.").max()
    assert asked > 0.9
    assert index.probabilities("Quarks and gluons?").max() < 0.5


def test_a_request_is_read_as_a_question() -> None:
    likely = ToolIndex(TOOLS, OtherQuestions(dim=4096)).probabilities("translate text wanted: weather")
    assert TOOLS[likely.argmax()].name == "getWeather"
