from dataclasses import replace

from api.render import answer_text, table_text
from rag.core.types import Answer, Closest, Missing

CLOSEST = Closest("d", 1, "d.1.0", "handbook.pdf", "Handbook", 2, (), 0, 24, "The depot\nopens at nine.")
GAP = Missing("When does the shop open?", 6, ("shop",))
REFUSED = Answer("I could not find this.", None, True, (), (), "r", {}, missing=GAP)


def test_a_refusal_names_the_closest_sentence_and_its_place() -> None:
    near = replace(REFUSED, missing=replace(GAP, closest=CLOSEST))
    said = "I could not find this.\n\nClosest: “The depot opens at nine.” — handbook.pdf"
    assert answer_text(near) == f"{said}, page 2"
    unpaged = replace(CLOSEST, page=None)
    assert answer_text(replace(REFUSED, missing=replace(GAP, closest=unpaged))) == said


def test_a_refusal_without_one_is_told_as_it_is() -> None:
    assert answer_text(REFUSED) == "I could not find this."
    assert answer_text(replace(REFUSED, missing=None)) == "I could not find this."


def test_a_name_with_line_ends_stays_in_its_row() -> None:
    rows = [{"name": "a\nb\r\n\u2028c", "n": 1}, {"name": "d\te", "n": 2}]
    assert table_text(rows, ["name", "n"]).split("\n") == ["name     n", "a␊b␍␊ c  1", "d␉e      2"]


def test_lists_and_objects_are_written_as_words() -> None:
    rows = [{"places": ["d/t", "e"], "objects": {"run_id": "r", "names": ["x"]}, "none": None}]
    text = table_text(rows, ["places", "objects", "none"])
    assert text.split("\n")[1] == "d/t, e  run_id: r, names: x"
