"""Train the extractive reader over MiniLM: `python -m rag.training reader --write`.

Layers and span heads learn where answers stand, and that a passage may hold none: questions with their
passage, and with passages of the same subject that lack the answer (_reader_cases.py). Training runs on
CUDA where there is some, and goes on from its last checkpoint under `--work`. Each choice is a flag; what
they do is in docs/experiments/answers.md.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from rag.networks._weights import FOLDER, save_weights
from rag.training._reader_cases import load_cases
from rag.training._reader_held_out import held_out_figures
from rag.training._reader_run import Recipe, Run
from rag.training._recipes import add_choices, chosen, listed

__all__ = ["main"]

_CHOSEN_BY = ("choice", "set aside", "everyday choice")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the recipe and what it reaches on held-out questions, and write the weights."""
    options = vars(_parser().parse_args(arguments))
    torch.set_num_threads(options["threads"])
    recipe = chosen(Recipe, options)
    cases = load_cases(options["data"], options["work"], seed=0)
    chosen_by = {name: cases.pop(name) for name in _CHOSEN_BY}
    left_out = listed(recipe.without, cases) if recipe.without else []
    taken = {name: found for name, found in cases.items() if name not in left_out}
    run = Run(
        recipe,
        [
            case
            for name, found in taken.items()
            for case in found * (recipe.repeat_everyday if name == "everyday" else 1)
        ],
        options["work"],
        device=_device(options["device"]),
    )
    report: dict[str, object] = {
        "recipe": asdict(recipe),
        "questions": {name: len(found) for name, found in taken.items()},
        "steps": run.steps,
    }
    for number in range(1, recipe.checkpoints + 1):
        run.checkpoint(number)
    reader = run.merged()
    if options["write"]:
        weights = {name: tensor.half().cpu() for name, tensor in reader.trained().items()}
        first = {"first_trained": torch.tensor(reader.first_trained)}
        save_weights("reader", weights | first, options["write"])
    report |= {name: held_out_figures(reader, found) for name, found in chosen_by.items()}
    print(json.dumps(report))


def _device(wanted: str) -> str:
    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rag.training reader", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/reader"), help="cases and checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--device", default="auto", choices=["auto", "cpu", "cuda"], help="auto: CUDA where there is some"
    )
    parser.add_argument(
        "--write", type=Path, nargs="?", const=FOLDER, help="write reader.safetensors, into this folder"
    )
    add_choices(parser, Recipe)
    return parser
