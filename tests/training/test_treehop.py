"""TreeHop learns to go on, in a made world where the way is known."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rag.core.types import Vector
from rag.networks.treehop import TreeHop
from rag.training import treehop
from rag.training._treehop_data import Way, links, paths
from rag.training._treehop_pool import Question, pool_of
from rag.training.treehop import Examples, Recipe, found_again, step_loss, trained

DIM, TOWNS = 32, 120


def world(seed: int) -> Examples:
    """Each town's passage is near to its name and to that of the next town, which questions ask for."""
    names = unit(np.random.default_rng(0).normal(size=(TOWNS, DIM)))
    following = np.roll(np.arange(TOWNS), 1)
    passages = unit(names + names[following])
    asked = np.random.default_rng(seed).integers(0, TOWNS, 400)
    noise = np.random.default_rng(seed + 1).normal(size=(len(asked), DIM))
    questions = unit(names[asked] + 0.1 * noise)
    ways = [
        Way(number, (int(town),), int(following[following[town]]), tuple(range(10)))
        for number, town in enumerate(asked)
    ]
    return Examples(questions, passages, ways)


def unit(vectors: np.ndarray) -> Vector:
    scaled: Vector = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def test_training_beats_the_question_and_the_plain_difference() -> None:
    recipe = Recipe(gate=64, blocks=1, rate=3e-3, epochs=25, temperature=0.1)
    found = found_again(trained(recipe, [world(1)]), world(7), k=1)
    assert found["treehop"] > max(found["question"], found["q - c"]) + 0.2


def test_the_same_seed_trains_the_same_weights() -> None:
    recipe = Recipe(gate=16, blocks=1, epochs=1)
    one, other = (trained(recipe, [world(1)]).update.weight for _ in range(2))
    assert torch.equal(one, other)


@pytest.mark.parametrize("whole_batch", [0, 1])
def test_the_loss_is_small_where_the_right_passage_is_nearest(whole_batch: int) -> None:
    recipe = Recipe(temperature=0.05, whole_batch=whole_batch)
    passages = torch.eye(4)
    right = step_loss(passages[:2] * 3, passages, [[0, 2, 3], [1, 2, 3]], recipe)
    wrong = step_loss(passages[:2] * 3, passages, [[2, 0, 3], [3, 1, 2]], recipe)
    assert right.item() < 1e-6
    assert wrong.item() > 10


def test_a_right_passage_is_never_its_own_negative() -> None:
    recipe = Recipe(temperature=0.05)
    passages = torch.eye(3)
    assert step_loss(passages[:1], passages, [[0, 0, 1]], recipe).item() < 1e-6


TEXTS = [
    ("Alpha Road", "Alpha Road is a film by Jane Okoro."),
    ("Jane Okoro", "Jane Okoro was born in Lagos."),
    ("Lagos", "Lagos is a city."),
    ("Oslo", "Oslo is a city."),
]


def question(text: str, needed: tuple[int, ...], after: tuple[tuple[int, int], ...] | None) -> Question:
    return Question("q", "2wiki", text, needed, (3,), after, ())


def test_steps_go_from_a_passage_to_the_one_that_it_names() -> None:
    asked = question("In which city was the director of Alpha Road born?", (2, 1, 0), None)
    assert paths([asked], TEXTS) == [Way(0, (0,), 1, (3,)), Way(0, (0, 1), 2, (3,))]


def test_what_the_question_names_is_no_step() -> None:
    assert paths([question("Are Alpha Road and Jane Okoro alike?", (0, 1), None)], TEXTS) == []


def test_annotated_steps_are_taken_as_they_are() -> None:
    assert paths([question("?", (0, 3), ((3, 0),))], TEXTS) == [Way(0, (3,), 0, (3,))]


def test_a_synthesised_question_does_not_name_the_passage_that_it_asks_for(tmp_path: Path) -> None:
    records = [
        ("Alpha Road", "Alpha Road is a film by Jane Okoro.", "Who made Alpha Road?"),
        ("Jane_Okoro", "She was born in Lagos.", "Where was Jane Okoro born?"),
    ]
    file = tmp_path / "train.jsonl.gz"
    with gzip.open(file, "wt") as lines:
        for title, context, asked in records:
            row = {"dataset": "squad", "title": title, "context": context, "question": asked}
            lines.write(json.dumps(row) + "\n")
    (made,) = links(file, limit=10)
    assert made.question == "Where was the one that Alpha Road has to do with born?"
    assert made.parent.startswith("Alpha Road\n")
    assert made.child == "Jane Okoro\nShe was born in Lagos."


def test_other_passages_in_the_same_folder_are_indexed_anew(tmp_path: Path) -> None:
    def vector_of(text: str) -> Vector:
        pool = pool_of([], {("", text): 0}, tmp_path)
        return pool.store.vectors(["0"], pool.snapshot.segments)

    first = vector_of("Lagos is a city.")
    assert not np.allclose(vector_of("Snow is cold."), first)
    assert np.array_equal(vector_of("Lagos is a city."), first)
    assert len(list((tmp_path / "segments").iterdir())) == 2


def test_whether_to_hop_is_fitted_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        treehop.main(["--calibrate", "MULTIHOP", "NAMES"])
    assert "fits MULTIHOP alone" in capsys.readouterr().err


def test_an_untrained_module_keeps_its_kind() -> None:
    module = trained(Recipe(gate=16, blocks=2, epochs=0), [world(1)])
    assert isinstance(module, TreeHop)
    assert len(module.blocks) == 2
