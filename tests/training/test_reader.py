"""Training of the reader, on a handful of the real questions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.short_documents import PARTS, documents
from rag.core.errors import InvalidInputError
from rag.encoders._minilm import Backbone
from rag.reading.readers._windows import Window, padded
from rag.training import _reader_cases, _reader_data, reader
from rag.training._low_rank import add_low_rank, merge_low_rank
from rag.training._reader_cases import Case, load_cases, removed
from rag.training._reader_data import (
    Example,
    everyday,
    held_out,
    is_set_aside,
    places,
    side,
    sources,
)
from rag.training._reader_held_out import held_out_figures
from rag.training._reader_loss import Cut, span_loss
from rag.training._reader_run import Recipe, Run, logits_by_length, run_name
from rag.training._reader_tokens import crop, items

CITY = Example(
    "own",
    "who built it",
    "Tower",
    "It is tall. Ada Stone built it, and Ada Stone left.",
    ((12, 21), (36, 45)),
)
SEA = ("Sea", "The sea is cold and wide, and has no end " * 30)
NOTHING = Example("own", "who built it", *SEA, ())
CASE = Case(CITY, near=(SEA,), swapped=())


def test_each_document_is_on_one_side() -> None:
    sides = [side(f"document {number}") for number in range(2000)]
    shares = [sides.count(each) / len(sides) for each in ("training", "choice", "report")]
    assert shares == pytest.approx([3 / 8, 1 / 8, 1 / 2], abs=0.03)


@pytest.mark.data
def test_no_question_or_passage_that_is_held_out_is_trained_on(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reader_data, "QUOTA", {name: 20 for name in _reader_data.QUOTA})
    cases = load_cases(shared_data, tmp_path, seed=0)
    (stored,) = tmp_path.iterdir()
    written = stored.stat().st_mtime_ns
    assert cases == load_cases(shared_data, tmp_path, seed=0)
    assert stored.stat().st_mtime_ns == written
    choice, aside = cases.pop("choice"), cases.pop("set aside")
    everyday_choice = cases.pop("everyday choice")
    found = [case for some in cases.values() for case in some]
    contexts = {text for case in found for text in (case.asked.context, *(each for _, each in case.near))}
    questions = {text for case in found for text in (case.asked.question, *case.swapped)}
    kept = [*held_out(shared_data, "report"), *(case.asked for case in (*choice, *everyday_choice))]
    assert len(kept) > 500
    assert {each.question for each in kept}.isdisjoint(questions)
    assert {each.context for each in kept}.isdisjoint(contexts)
    assert all(is_set_aside(case.asked.context) for case in aside)
    for case in found:
        own = case.asked
        accepted = [own.context[start:end] for start, end in own.answers]
        assert all(text.strip() for text in accepted)
        assert not any(places(text, accepted) for _, text in case.near)
        assert not places(removed(own), accepted)
        assert own.question not in case.swapped


def test_an_everyday_document_answers_in_its_own_words_and_is_no_report() -> None:
    found = [*everyday("training"), *everyday("choice")]
    reported = [each for part in PARTS for each in documents(part)]
    assert {each.text for each in found}.isdisjoint(each.parsed.text for each in reported)
    assert {each.title for each in found}.isdisjoint(each.parsed.title for each in reported)
    assert len({each.id for each in found}) == len({each.text for each in found}) == len(found)
    for document in found:
        asked = [*(question for question, _ in document.answered), *document.unanswered]
        assert len(set(asked)) == len(asked), document.id
        assert all(places(document.text, [answer]) for _, answer in document.answered), document.id


def test_what_an_everyday_document_does_not_answer_is_asked_of_it() -> None:
    (first, *_) = everyday("choice")
    case = next(each for each in _reader_cases._everyday("choice") if each.asked.context == first.text)
    assert case.swapped == first.unanswered
    assert {each.context for each in case.without("swapped")} == {first.text}


def test_a_swapped_question_names_what_the_passage_does_not_have() -> None:
    tower = Example("own", "who built Stone Tower", "Stone Tower", "Here Stone Tower is. Ada built it.", ())
    texts = [("", "There it was, on Long Pier, by the sea.")]
    case = _reader_cases._case(tower, texts, np.random.default_rng(0))
    assert case.swapped == ("who built Long Pier",)
    assert [each.context for each in case.without("swapped")] == [tower.context]


def test_a_crop_holds_an_answer_whole() -> None:
    (item,) = items(Backbone().tokenizer, [CITY])
    for seed in range(20):
        part, spans = crop(item, 6, np.random.default_rng(seed))
        assert spans
        for first, last in spans:
            start, end = part.offsets[first][0], part.offsets[last][1]
            assert CITY.context[start:end] == "Ada Stone"


def test_an_answer_as_long_as_an_article_is_none() -> None:
    words = "wide " * 600
    (item,) = items(Backbone().tokenizer, [Example("own", "how wide", "Sea", words, ((0, len(words)),))])
    assert item.spans == ()


def test_a_crop_without_an_answer_is_as_long_as_allowed() -> None:
    (item,) = items(Backbone().tokenizer, [NOTHING])
    part, spans = crop(item, 50, np.random.default_rng(0))
    assert (len(part.offsets), spans) == (50, [])
    assert isinstance(part, Window)


def test_it_learns_and_goes_on_where_it_was_ended(tmp_path: Path) -> None:
    recipe = Recipe(
        first_trained=5, batch=1, epochs=12, checkpoints=2, rate=1e-3, crop=40, kinds="near", seed=1
    )
    whole, ended = (Run(recipe, [CASE], tmp_path / each, device="cpu") for each in "ab")
    before = held_out_figures(whole.reader, [CASE])
    assert whole.checkpoint(1)
    assert whole.checkpoint(2)
    assert held_out_figures(whole.reader, [CASE])["f1"] == 1.0 > before["f1"]
    ended.checkpoint(1)
    again = Run(recipe, [CASE], tmp_path / "b", device="cpu")
    assert not again.checkpoint(1)
    assert again.checkpoint(2)
    for name, tensor in whole.reader.trained().items():
        torch.testing.assert_close(again.reader.trained()[name], tensor)


def test_a_checkpoint_is_not_of_other_questions(tmp_path: Path) -> None:
    recipe = Recipe(first_trained=5, batch=1, epochs=1, checkpoints=1)
    assert Run(recipe, [CASE], tmp_path, device="cpu").checkpoint(1)
    assert not Run(recipe, [CASE], tmp_path, device="cpu").checkpoint(1)
    assert Run(recipe, [replace(CASE, near=())], tmp_path, device="cpu").checkpoint(1)


def test_a_training_from_other_weights_has_another_name() -> None:
    names = {run_name(Recipe(), {"spans.bias": torch.full((2,), each)}, [CASE]) for each in (0.0, 0.0, 1.0)}
    assert len(names) == 2


def test_questions_are_kept_for_the_data_that_they_were_taken_from(tmp_path: Path) -> None:
    known = []
    for content in ("a", "a", "b"):
        for folder in ("train_qa_english", "train_multihop", "qa_nq_gold", "qa_longdoc_covidqa"):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "train.jsonl.gz").write_text(content)
        known.append(sources(tmp_path))
    assert known[0] == known[1] != known[2]


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (Recipe(batch=2), "are no step of 2"),
        (Recipe(batch=1, kinds="near,nera"), "there is no 'nera'"),
        (Recipe(batch=1, start="shipped", first_trained=3), "from 2 on, got --first-trained 3"),
    ],
)
def test_recipes_that_make_no_sense_are_errors(recipe: Recipe, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=said):
        Run(recipe, [CASE], tmp_path, device="cpu")


def test_a_device_that_it_cannot_learn_on_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        reader.main(["--device", "cuda:1"])
    assert "invalid choice: 'cuda:1'" in capsys.readouterr().err


def test_a_shipped_reader_learns_low_rank_updates(tmp_path: Path) -> None:
    run = Run(Recipe(start="shipped", batch=1, epochs=1, rank=2), [CASE], tmp_path, device="cpu")
    names = set(run.reader.trained())
    assert run.checkpoint(4)
    assert any("parametrizations" in name for name in names)
    assert not any("parametrizations" in name for name in run.merged().trained())


def test_another_question_shares_no_choice_with_the_one_asked(tmp_path: Path) -> None:
    case = Case(CITY, near=(SEA,), swapped=("who sank it",))
    recipe = Recipe(first_trained=5, batch=1, negatives=40, kinds="near,swapped")
    run = Run(recipe, [case], tmp_path, device="cpu")
    cuts = run._cut([0], np.random.default_rng(0))
    asked = {(each.question, tuple(each.part.ids[: each.part.num_question])) for each in cuts}
    assert len(asked) == len({number for number, _ in asked}) == 2


def test_of_a_half_share_the_weights_are_the_mean_of_first_and_learned(tmp_path: Path) -> None:
    recipe = Recipe(first_trained=5, batch=1, epochs=2, checkpoints=1, rate=1e-3, seed=1)
    whole = Run(recipe, [CASE], tmp_path, device="cpu")
    half = Run(replace(recipe, share=0.5), [CASE], tmp_path, device="cpu")
    first = {name: tensor.clone() for name, tensor in whole.reader.trained().items()}
    for run in (whole, half):
        run.checkpoint(1)
    learned, mixed = whole.merged().trained(), half.merged().trained()
    assert any(not learned[name].equal(first[name]) for name in first)
    for name, tensor in mixed.items():
        torch.testing.assert_close(tensor, (first[name] + learned[name]) / 2)


def test_windows_read_by_length_are_read_as_all_together(tmp_path: Path) -> None:
    network = Run(Recipe(first_trained=5, batch=1), [CASE], tmp_path, device="cpu").reader
    (item,) = items(Backbone().tokenizer, [NOTHING])
    chooser = np.random.default_rng(0)
    parts = [crop(item, 1 + 37 * number % 90, chooser)[0] for number in range(40)]
    with torch.inference_mode():
        found, wanted = logits_by_length(network, parts, "cpu"), network(*padded(parts))
    for row, expected, part in zip(found, wanted, parts, strict=True):
        torch.testing.assert_close(row[: len(part.ids)], expected[: len(part.ids)], atol=1e-4, rtol=1e-4)


def test_low_rank_updates_begin_at_nothing_and_merge_without_a_change() -> None:
    torch.manual_seed(0)
    layers, rows = torch.nn.ModuleList([torch.nn.Linear(6, 4)]), torch.randn(3, 6)
    before = layers[0](rows)
    add_low_rank(layers, 2)
    torch.testing.assert_close(layers[0](rows), before)
    trained = [name for name, each in layers.named_parameters() if each.requires_grad]
    assert len(trained) == 2
    for name, each in layers.named_parameters():
        if name in trained:
            torch.nn.init.normal_(each)
    after = layers[0](rows)
    merge_low_rank(layers)
    assert list(dict(layers.named_parameters())) == ["0.bias", "0.weight"]
    torch.testing.assert_close(layers[0](rows), after)
    assert not torch.allclose(after, before)


def test_over_a_question_all_its_windows_share_one_choice() -> None:
    part = Window([101, 5, 102, 7, 8, 102], 3, [(0, 1), (1, 2)], 3)
    logits = torch.randn(2, 6, 2, generator=torch.Generator().manual_seed(0))
    cuts = [Cut(0, part, [(0, 1)]), Cut(0, part, [])]
    for each in (cuts[:1], cuts[1:]):  # one window: the same either way
        alone = [span_loss(logits[:1], each, way) for way in ("passage", "question", "both")]
        torch.testing.assert_close(alone[0], alone[1])
        torch.testing.assert_close(alone[0], alone[2])
    relative = logits - logits[:, :1]
    choices = torch.cat((torch.zeros(1, 2), relative[0, 3:5], relative[1, 3:5]))
    expected = -(choices.log_softmax(0)[1, 0] + choices.log_softmax(0)[2, 1]) / 2
    torch.testing.assert_close(span_loss(logits, cuts, "question"), expected)
    none = -torch.cat((torch.zeros(1, 2), relative[0, 3:5], relative[1, 3:5])).log_softmax(0)[0].mean()
    nowhere = [Cut(0, part, []), Cut(0, part, [])]
    torch.testing.assert_close(span_loss(logits, nowhere, "question"), none)
