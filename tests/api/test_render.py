from dataclasses import replace

from api.render import answer_text
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
