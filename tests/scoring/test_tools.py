import pytest

from rag.scoring.tools import Bm25, Tool, prerequisites, request_parts


def test_a_request_of_one_piece_has_no_parts() -> None:
    assert request_parts("What is the weather in Kyoto?") == []


def test_leftovers_of_a_request_are_no_parts() -> None:
    assert request_parts("Thanks. Show my open orders. Cancel the order number five.") == [
        "Show my open orders.",
        "Cancel the order number five.",
    ]


def test_a_parameter_that_is_an_id_is_found_by_the_tool_that_searches_for_it() -> None:
    schema = {"properties": {"film_id": {"type": "string"}}}
    tools = [
        Tool("credits", "Who plays.", schema),
        Tool("searchFilm", "Find films."),
        Tool("findPerson", ""),
    ]
    assert prerequisites(tools) == [[1], [], []]


def test_a_placeholder_in_the_name_counts_as_a_parameter() -> None:
    assert prerequisites([Tool("/tv/{tv_id}", "Details."), Tool("/search/tv", "Shows.")]) == [[1], []]


def test_two_tools_that_may_find_an_id_are_both_left_out() -> None:
    tools = [Tool("get", "", {"properties": {"cat_id": {}}}), Tool("find_cat", ""), Tool("search_cat", "")]
    assert prerequisites(tools)[0] == []


def test_a_plain_word_of_a_description_names_no_tool() -> None:
    assert prerequisites([Tool("weather", "Forecast."), Tool("trip_plan", "Plan by the weather.")]) == [
        [],
        [],
    ]


def test_words_of_parameters_count() -> None:
    tool = Tool("send", "Send it.", {"properties": {"postcode": {"description": "of the receiver"}}})
    words = Bm25([Tool("open", "Open it.").text, tool.text])
    assert words.scores("which postcode")[1] > 0 == words.scores("which postcode")[0]


def test_a_rarer_word_weighs_more() -> None:
    scores = Bm25(["red car", "red boat", "red car", "blue car"]).scores("boat car")
    assert scores.argmax() == 1


@pytest.mark.parametrize("texts", [[], [""]])
def test_nothing_to_search_scores_nothing(texts: list[str]) -> None:
    assert Bm25(texts).scores("boat").tolist() == [0.0] * len(texts)
