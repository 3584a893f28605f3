"""Train the extractive reader over MiniLM: `python -m rag.training reader --write`.

The upper layers and the span heads learn where answers stand, and that a passage may hold none: questions
with their passage, and with one of the nearest by words that lacks the answer (_reader_data.py). Training
goes on from its last checkpoint under `--work`. Each choice is a flag; what they do is in
docs/experiments.md.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

import torch

from rag.networks._weights import save_weights
from rag.training._reader_data import counts, examples, held_out, negatives_of
from rag.training._reader_held_out import held_out_figures
from rag.training._reader_run import Recipe, Run

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the recipe and what it reaches on held-out questions, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m rag.training reader", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/reader"), help="checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--write", action="store_true", help="write rag/networks/weights/reader.safetensors"
    )
    parser.add_argument("--report", action="store_true", help="also on the questions kept for reports")
    for field in fields(Recipe):
        flag = f"--{field.name.replace('_', '-')}"
        parser.add_argument(flag, type=type(field.default), default=field.default)
    options = vars(parser.parse_args(arguments))
    torch.set_num_threads(options["threads"])
    recipe = Recipe(**{field.name: options[field.name] for field in fields(Recipe)})
    found = examples(options["data"], seed=recipe.seed)
    run = Run(recipe, found, options["work"])
    report: dict[str, object] = {"recipe": asdict(recipe), "examples": counts(found), "steps": run.steps}
    choice = held_out(options["data"], "choice")
    without = negatives_of(options["data"], choice)
    for number in range(1, recipe.checkpoints + 1):
        if run.checkpoint(number) or number == recipe.checkpoints:
            report[f"checkpoint {number}"] = figures = held_out_figures(run.reader, choice, without)
            print(figures, flush=True)  # noqa: T201 -- training for an hour shows where it is
    if options["report"]:
        rest = held_out(options["data"], "report")
        report["report"] = held_out_figures(run.reader, rest, negatives_of(options["data"], rest))
    print(json.dumps(report, indent=2))  # noqa: T201 -- the report is this command's result
    if options["write"]:
        weights = {name: tensor.half() for name, tensor in run.reader.trained().items()}
        save_weights("reader", weights | {"first_trained": torch.tensor(recipe.first_trained)})
