"""Training of the late-interaction head, on a handful of texts."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rag.core.errors import InvalidInputError
from rag.networks.late import LateHead
from rag.training import late
from rag.training._late_pool import Columns, load_pools
from rag.training._late_run import Recipe
from rag.training._late_student import LastLayers, Student

RECIPE = Recipe(ways=4, batch=4, steps=4, checkpoints=2, average=2)
THINGS = (
    "snow",
    "rain",
    "bread",
    "iron",
    "music",
    "paper",
    "glass",
    "sugar",
    "salt",
    "wool",
    "copper",
    "tea",
)


def write(folder: Path, rows: list[dict[str, object]]) -> None:
    folder.mkdir(parents=True)
    with gzip.open(folder / "train.jsonl.gz", "wt") as lines:
        lines.writelines(f"{json.dumps(row)}\n" for row in rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sold(tmp_path_factory.mktemp("data"), THINGS)


def sold(folder: Path, things: Sequence[str]) -> Path:
    texts = {thing: f"{thing.title()} is sold in shop {number}." for number, thing in enumerate(things)}
    pairs: list[dict[str, object]] = [
        {"dataset": "squad", "query": f"Who sells {thing}{end}?", "positive": {"title": "", "text": text}}
        for thing, text in texts.items()
        for end in ("", " here", " today")
    ]
    write(folder / "train_retrieval_english", pairs)
    paragraphs = [
        {"title": thing, "text": text, "supporting": thing in (things[0], things[-1])}
        for thing, text in texts.items()
    ]
    hops: list[dict[str, object]] = [
        {"dataset": "musique", "question": f"{number}: {things[0]} or tea?", "paragraphs": paragraphs}
        for number in range(9)
    ]
    write(folder / "train_multihop", hops)
    return folder


def trained(recipe: Recipe, data: Path, work: Path) -> LateHead:
    return late.train(recipe, data=data, work=work)[0]


def assert_same(one: LateHead, other: LateHead) -> None:
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(tensor, other.state_dict()[name])


def test_training_that_was_ended_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    whole = trained(RECIPE, data, tmp_path)
    (last,) = (tmp_path / "runs").glob("*/2.pt")
    last.unlink()
    assert_same(trained(RECIPE, data, tmp_path), whole)


def test_on_other_data_it_is_trained_anew(data: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=1, checkpoints=1)
    trained(recipe, data, tmp_path / "work")
    other = sold(tmp_path / "data", [f"old {thing}" for thing in THINGS])
    wanted = trained(recipe, other, tmp_path / "new")
    assert_same(trained(recipe, other, tmp_path / "work"), wanted)


def test_last_layers_that_have_learned_nothing_give_the_frozen_states(data: Path, tmp_path: Path) -> None:
    depths, columns = Columns.of((6,), layers=2)
    pool = load_pools(data, tmp_path, depths)[0]
    head = LateHead.shipped()
    with torch.inference_mode():
        frozen, _ = Student(head, columns).tokens(pool.passage_states, range(5))
        through, _ = Student(head, columns, layers=2).tokens(pool.passage_states, range(5))
    torch.testing.assert_close(through, frozen, atol=2e-3, rtol=0)  # states are kept in 16 bits


def test_training_last_layers_changes_them_and_not_the_encoder(data: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, layers=1, checkpoints=1, optimiser="linear")
    trained(recipe, data, tmp_path)
    (file,) = (tmp_path / "runs").glob("*/1.pt")
    untouched = LastLayers(1).state_dict()
    learned = torch.load(file)[0]
    assert not torch.equal(learned["layers.layers.0.up.weight"], untouched["layers.0.up.weight"])


def test_a_head_of_several_depths_cannot_have_trained_layers() -> None:
    with pytest.raises(InvalidInputError, match="depth 6 alone"):
        Columns.of((4, 6), layers=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--layers 1 --write", "write without --layers"),
        ("--teacher bm25", r"no 'bm25'; name some of words, dense, raw, gold, joined by \+"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(arguments: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=said):
        late.main([*arguments.split(), "--data", str(tmp_path), "--work", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_a_smaller_scale_takes_fewer_passages(data: Path, tmp_path: Path) -> None:
    few, all_hops = load_pools(data, tmp_path, [6], scale=0.01)
    assert len(few.passages) == 4  # of the 450 of SQuAD
    assert len(all_hops.passages) == len(THINGS)


def test_the_head_is_the_mean_of_the_chosen_checkpoints(data: Path, tmp_path: Path) -> None:
    head = trained(RECIPE, data, tmp_path)
    stored = [torch.load(file)[0] for file in sorted((tmp_path / "runs").glob("*/*.pt"))]
    for name, tensor in head.state_dict().items():
        torch.testing.assert_close(
            tensor, torch.stack([weights[f"head.{name}"] for weights in stored]).mean(dim=0)
        )


@pytest.mark.parametrize(
    "recipe",
    [
        replace(RECIPE, optimiser="linear", loss="margin", normalise="none", clip=1.0),
        replace(RECIPE, in_batch_weight=1.0, geometry_weight=0.0, weights="equal", negatives="random"),
        replace(RECIPE, init="random", teacher="dense+raw", depths=(4, 6)),
        replace(RECIPE, layers=2, scale=0.5),
    ],
)
def test_each_choice_trains(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    _, report = late.train(recipe, data=data, work=tmp_path)
    assert report["held out, trained head"]
