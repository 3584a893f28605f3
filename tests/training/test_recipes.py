import argparse
import importlib
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from rag.core.errors import InvalidInputError
from rag.training.__main__ import _PARTS, main
from rag.training._recipes import add_choices, chosen, listed


@dataclass(frozen=True, slots=True)
class _Recipe:
    rate: Annotated[float, "learning rate"] = 0.1
    loss: Annotated[Literal["kl", "margin"], "what is learnt"] = "kl"
    layers: Annotated[tuple[int, ...], "which are read"] = (6,)
    without: Annotated[str, "sets left out"] = ""


def _parsed(*arguments: str) -> _Recipe:
    parser = argparse.ArgumentParser()
    add_choices(parser, _Recipe)
    return chosen(_Recipe, vars(parser.parse_args(arguments)))


def test_without_flags_a_recipe_is_its_defaults() -> None:
    assert _parsed() == _Recipe()


def test_each_choice_is_a_flag() -> None:
    arguments = "--rate 0.5 --loss margin --layers 4 6 --without ir_cisi".split()
    assert _parsed(*arguments) == _Recipe(0.5, "margin", (4, 6), "ir_cisi")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--loss", "hinge"], "choose from 'kl', 'margin'"),
        (["--rate", "fast"], "invalid float value: 'fast'"),
    ],
)
def test_what_a_choice_does_not_take_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        _parsed(*arguments)
    assert said in capsys.readouterr().err


def test_words_that_are_joined_are_those_that_are_allowed() -> None:
    assert listed("gold + raw", ("raw", "gold"), by="+") == ["gold", "raw"]
    for words in ("gold,raw", "", "row"):
        with pytest.raises(InvalidInputError, match=r"name some of raw, gold, joined by \+"):
            listed(words, ("raw", "gold"), by="+")


@pytest.mark.parametrize(
    "command", ["late", "reader", "treehop", "feedback", "tools", "hidden_transfer", "fspad"]
)
def test_every_flag_of_a_training_command_says_what_it_is(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"rag.training.{command}").main(["--help"])
    assert ended.value.code == 0
    assert "of what is drawn at random (default: 0)" in capsys.readouterr().out


def test_an_error_of_a_training_command_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["rag.training", "late", "--layers", "1", "--write"])
    with pytest.raises(SystemExit, match=r"^late: the encoder reads a head over MiniLM as it is"):
        main()


def test_every_training_command_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    for part in _PARTS:
        with pytest.raises(SystemExit):
            importlib.import_module(f"rag.training.{part.replace('-', '_')}").main(["--help"])
        assert capsys.readouterr().out.startswith(f"usage: python -m rag.training {part} ")
