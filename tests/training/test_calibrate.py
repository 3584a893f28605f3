"""Calibrating the reader: which questions count as answerable, and how probabilities are scaled."""

import numpy as np
import pytest

from rag.core.types import Passage
from rag.encoders.minilm import Minilm
from rag.training._reader_data import Everyday
from rag.training.calibrate import (
    _calibration_error,
    _Case,
    _isotonic,
    _short_cases,
    _ways,
    _with_their_gold,
)


def test_isotonic_scaling_ascends_and_calibrates() -> None:
    known = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.95])
    labels = np.array([False, False, True, False, True, True])
    scaled = _isotonic(known, labels, known)
    assert list(scaled) == sorted(scaled)
    assert scaled.tolist() == pytest.approx([0, 0, 0.5, 0.5, 1, 1])
    assert _calibration_error(scaled, labels) <= _calibration_error(known, labels)


def test_a_question_is_asked_without_its_passage_and_without_its_answer() -> None:
    other = Passage("o", "o", 1, "other", "", None, 0, 4, 0.0, "Sea.")
    gold = Passage("g", "g", 1, "gold", "", None, 0, 9, 0.0, "Ada. Sea.")
    case = _Case("who", ("Ada",), "gold", [other, gold], "found", is_shuffled=False)
    kinds = {each.kind: [passage.text for passage in each.passages] for each in _ways(case, "Sea.")}
    assert kinds == {"found": ["Sea.", "Ada. Sea."], "hidden": ["Sea."], "emptied": ["Sea.", "Sea."]}
    assert [each.is_answerable for each in _ways(case, "Sea.")] == [True, False, False]
    assert [each.kind for each in _ways(case, "")] == ["found", "hidden"]


def test_a_question_of_a_short_document_is_asked_of_it_and_of_what_is_found_among_all() -> None:
    towns = [
        Everyday("ayr", "Ayr", "Ayr has a pier.", (("is there a pier", "pier"),), ("who runs the pier",)),
        Everyday("bude", "Bude", "Bude has a mill.", (("is there a mill", "mill"),), ()),
    ]
    cases = _short_cases(towns, {"ayr"}, Minilm())
    assert [(case.question, case.kind, case.gold) for case in cases] == [
        ("is there a pier", "found", "ayr"),
        ("is there a pier", "found", "ayr"),
        ("who runs the pier", "hidden", "ayr"),
        ("who runs the pier", "hidden", "ayr"),
    ]
    assert [[each.source for each in case.passages] for case in cases] == [["ayr"], ["ayr", "bude"]] * 2


def test_where_the_search_missed_the_gold_passage_nothing_is_called_answerable() -> None:
    """Six documents are read; the seventh answers, in other words than it is asked in."""
    piers = [Everyday(f"pier {number}", "Pier", "The pier is long.", (), ()) for number in range(6)]
    own = Everyday("own", "Kai", "Kai has it.", (("who runs the long pier", "Kai"),), ("is the pier new",))
    cases = _short_cases([*piers, own], {"own"}, Minilm())
    missed = [case for case in cases if case.gold not in {each.source for each in case.passages}]
    assert [case.kind for case in missed] == ["found", "hidden"]
    kept = _with_their_gold(cases)
    assert [case for case in cases if case not in kept] == missed[:1]
    ways = [each for case in missed[:1] for each in _ways(case, "Kai.")]
    assert [each.kind for each in _with_their_gold(ways)] == ["hidden"]
