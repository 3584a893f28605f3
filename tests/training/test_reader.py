"""Training of the reader, on a handful of the real questions."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rag.generation.readers._windows import Window
from rag.training import _reader_data
from rag.training._reader_data import Example, examples, held_out, negatives_of, places, side
from rag.training._reader_held_out import held_out_figures
from rag.training._reader_run import Recipe, Run, crop, items
from rag.training.calibrate import _calibration_error, _isotonic

CITY = Example(
    "own",
    "who built it",
    "Tower",
    "It is tall. Ada Stone built it, and Ada Stone left.",
    ((12, 21), (36, 45)),
)
NOTHING = Example("own", "who built it", "Sea", "The sea is cold and wide, and has no end " * 30, ())


def test_each_document_is_on_one_side() -> None:
    sides = [side(f"document {number}") for number in range(2000)]
    shares = [sides.count(each) / len(sides) for each in ("training", "choice", "report")]
    assert shares == pytest.approx([3 / 8, 1 / 8, 1 / 2], abs=0.03)


@pytest.mark.data
def test_no_question_or_passage_that_is_held_out_is_trained_on(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reader_data, "QUOTA", {name: 20 for name in _reader_data.QUOTA})
    found = examples(shared_data, seed=0)
    for wanted in ("choice", "report"):
        kept = held_out(shared_data, wanted)
        assert len(kept) > 100
        assert {each.question for each in kept}.isdisjoint(each.question for each in found)
        assert {each.context for each in kept}.isdisjoint(each.context for each in found)
    for each in found:
        assert all(each.context[start:end].strip() for start, end in each.answers)
    assert any(not each.answers for each in found)


@pytest.mark.data
def test_the_nearest_passage_without_the_answer_has_none(shared_data: Path) -> None:
    kept = held_out(shared_data, "choice")[:10]
    for example, other in zip(kept, negatives_of(shared_data, kept), strict=True):
        accepted = [example.context[start:end] for start, end in example.answers]
        assert not places(other.context, accepted)


def test_a_crop_holds_an_answer_whole() -> None:
    (item,) = items([CITY])
    for seed in range(20):
        part, spans = crop(item, 6, np.random.default_rng(seed))
        assert spans
        for first, last in spans:
            start, end = part.offsets[first][0], part.offsets[last][1]
            assert CITY.context[start:end] == "Ada Stone"


def test_a_crop_without_an_answer_is_as_long_as_allowed() -> None:
    (item,) = items([NOTHING])
    part, spans = crop(item, 50, np.random.default_rng(0))
    assert (len(part.offsets), spans) == (50, [])
    assert isinstance(part, Window)


def test_it_learns_and_goes_on_where_it_was_ended(tmp_path: Path) -> None:
    recipe = Recipe(first_trained=5, batch=2, epochs=12, checkpoints=2, rate=1e-3, crop=40, seed=1)
    both = [CITY, NOTHING]
    whole, ended = Run(recipe, both, tmp_path / "a"), Run(recipe, both, tmp_path / "b")
    before = held_out_figures(whole.reader, [CITY], [NOTHING])
    assert whole.checkpoint(1)
    assert whole.checkpoint(2)
    assert held_out_figures(whole.reader, [CITY], [NOTHING])["f1"] == 1.0 > before["f1"]
    ended.checkpoint(1)
    again = Run(recipe, both, tmp_path / "b")
    assert not again.checkpoint(1)
    assert again.checkpoint(2)
    for name, tensor in whole.reader.trained().items():
        torch.testing.assert_close(again.reader.trained()[name], tensor)


def test_isotonic_scaling_ascends_and_calibrates() -> None:
    known = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.95])
    labels = np.array([False, False, True, False, True, True])
    scaled = _isotonic(known, labels, known)
    assert list(scaled) == sorted(scaled)
    assert scaled.tolist() == pytest.approx([0, 0, 0.5, 0.5, 1, 1])
    assert _calibration_error(scaled, labels) <= _calibration_error(known, labels)
