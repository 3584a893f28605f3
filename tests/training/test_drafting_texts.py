"""What heads are trained on: passages that are not held out, with what the model answers."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from _tiny import SIZE, generator
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rag.generation.backends._loading import Loaded
from rag.networks._weights import load_weights
from rag.training import fspad
from rag.training._drafting_texts import batch_of, held_out_passages, held_out_prompts, load_texts


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return Loaded(generator(tmp_path / "model")._load().model, written_tokenizer(), frozenset({1}))


def written_tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel({f"w{number}": number for number in range(SIZE)}, "w0"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="w1")
    tokenizer.chat_template = "{% for each in messages %}{{ each['content'] }}{% endfor %}"
    return tokenizer


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give sixty passages, each asked about twice; every third is of SQuAD."""
    folder = tmp_path / "data" / "train_qa_english"
    folder.mkdir(parents=True)
    with gzip.open(folder / "train.jsonl.gz", "wt") as file:
        for number in range(120):
            place = number // 2
            text = " ".join(f"w{2 + (place + step * place) % 40}" for step in range(3 + place % 5))
            row = {"dataset": "squad" if place % 3 == 0 else "qed_nq", "title": f"w{place % 40}"}
            file.write(json.dumps(row | {"context": f"{text} w{place}", "question": "w7 w8"}) + "\n")
    return tmp_path / "data"


def test_no_passage_is_trained_on_that_is_held_out_or_of_squad(
    loaded: Loaded, data: Path, tmp_path: Path
) -> None:
    trained = load_texts(loaded, data, tmp_path, limit=99, length=99, written=0)
    held_out = held_out_passages(loaded, data, 99, 99)
    assert len(trained) + len(held_out) == 40
    assert len(held_out) == len(held_out_prompts(loaded, data, 99)) > 0
    assert {tuple(each) for each in trained}.isdisjoint(map(tuple, held_out))


def test_answers_are_what_the_model_writes_and_are_kept(loaded: Loaded, data: Path, tmp_path: Path) -> None:
    asked = {"limit": 20, "length": 400, "written": 6}
    texts = load_texts(loaded, data, tmp_path, **asked)
    mute = replace(loaded, model=None)
    assert load_texts(mute, data, tmp_path, **asked) == texts
    sizes = set()
    for text in texts:
        size = max(place for place in range(len(text)) if text[place - 2 : place] == [7, 8])  # the question
        sizes.add(size)
        with torch.inference_mode():
            logits = loaded.model(input_ids=torch.tensor([text])).logits[0]
        assert logits[size - 1 : -1].argmax(-1).tolist() == text[size:]
        assert len(text) == size + 6 or text[-1] == 1
    assert len(texts) == 20
    assert len(sizes) > 1  # prompts of several lengths were answered together


def test_heads_learn_of_the_very_model_also_where_it_is_in_half_precision(
    loaded: Loaded, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def heads(work: str) -> dict[str, torch.Tensor]:
        folder = tmp_path / work / "heads"
        options = "--limit 4 --batch 2 --checkpoints 1 --length 400 --written 2 --report 1 --answer 2"
        where = ["--data", str(data), "--work", str(tmp_path / work), "--write", str(folder)]
        fspad.main([*options.split(), "--device", "cpu", "--model", str(model), *where])
        assert json.loads(capsys.readouterr().out)["texts"] == 4  # and nothing else is printed there
        return load_weights("fspad", folder)

    model = tmp_path / "model"
    written_tokenizer().save_pretrained(model)
    loaded.model.to(torch.bfloat16).save_pretrained(model)
    first = heads("work")
    with torch.no_grad():
        loaded.model.lm_head.weight.mul_(-1)
    loaded.model.save_pretrained(model)  # trained further, say
    again, wanted = heads("work"), heads("new")
    assert not first["split.weight"].equal(wanted["split.weight"])
    assert all(again[name].equal(wanted[name]) for name in wanted)


def test_texts_are_padded_behind() -> None:
    batch = batch_of([[5, 6], [7, 8, 9]], "cpu")
    assert batch.token_ids.tolist() == [[5, 6, 0], [7, 8, 9]]
    assert batch.lengths.tolist() == [2, 3]
