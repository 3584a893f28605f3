from pathlib import Path

import numpy as np
import pytest
import torch

from rag.core.errors import InvalidInputError
from rag.core.settings import Settings
from rag.generation.scorers.likelihood import Likelihood

PASSAGES = [
    "The river gauge is recalibrated every six months by the depot's team.",
    "Snow falls in winter. " * 20,
    "The price of the sensor is 149 euros.",
    "",
]
QUESTION = "What does the sensor cost?"


@pytest.fixture(scope="module")
def models_dir() -> Path:
    return Settings().models_dir


@pytest.fixture(scope="module")
def likelihood(models_dir: Path) -> Likelihood:
    return Likelihood(models_dir)


def test_scores_are_those_of_one_pass_over_all(likelihood: Likelihood) -> None:
    model, tokenizer = likelihood._model, likelihood._tokenizer
    asked = tokenizer.encode(f" {QUESTION}")
    expected = []
    for passage in PASSAGES:
        ids = tokenizer.encode(f"{passage.strip()}\n\nhas an answer to the question:")
        with torch.inference_mode():
            chances = model(torch.tensor([ids + asked])).logits[0].log_softmax(dim=-1)
        places = torch.arange(len(ids) - 1, len(ids) + len(asked) - 1)
        expected.append(float(chances[places, torch.tensor(asked)].mean()))
    assert likelihood.scores(QUESTION, PASSAGES) == pytest.approx(np.array(expected), abs=1e-4)


def test_the_passage_with_the_answer_is_first(likelihood: Likelihood) -> None:
    assert likelihood.scores(QUESTION, PASSAGES).argmax() == 2
    assert likelihood.scores("How often is the gauge recalibrated?", PASSAGES).argmax() == 0


def test_what_is_kept_of_a_passage_changes_nothing(likelihood: Likelihood, models_dir: Path) -> None:
    without = Likelihood(models_dir, cache_bytes=0)
    small = Likelihood(models_dir, cache_bytes=2_000_000)  # one short passage
    for _ in range(2):
        expected = likelihood.scores(QUESTION, PASSAGES)
        assert without.scores(QUESTION, PASSAGES) == pytest.approx(expected, abs=1e-4)
        assert small.scores(QUESTION, PASSAGES[::-1])[::-1] == pytest.approx(expected, abs=1e-4)


def test_the_end_of_a_long_passage_is_not_read(models_dir: Path) -> None:
    likelihood = Likelihood(models_dir, passage_tokens=4)
    same, other = likelihood.scores(QUESTION, ["snow on the lake " + "and ice " * 9, "snow on the lake"])
    assert same == pytest.approx(other, abs=1e-4)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no model"):
        Likelihood(tmp_path, model=str(tmp_path)).scores("a", ["b"])
    with pytest.raises(ValueError, match="1 or more"):
        Likelihood(tmp_path, passage_tokens=0)
