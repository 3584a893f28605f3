"""Make questions and hard negatives with a language model: `python -m rag.training synthesize`.

Passages are those of the late head's training; a model writes a question for each, and negatives from the
question alone and from question and passage; others are mined by BM25, mixed, or drawn at random. False
negatives are dropped by a share of the positive's cosine. Then the shipped late head goes on training on
each arm, with the same questions, positives and steps for all, and the arms are printed beside the head
as it is. `--write` names the file that rows go to; rows that it has already are not made again.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from rag.core.protocols import Generator
from rag.encoders.minilm import Minilm
from rag.evaluation.metrics import paired_interval
from rag.generation.backends.transformers import Transformers
from rag.networks.late import LateHead
from rag.training._late_held_out import HeldOut
from rag.training._late_pool import Columns, Pool, Query, encoded, load_pools
from rag.training._late_run import Recipe, Run
from rag.training._late_student import Student
from rag.training._late_teacher import Examples
from rag.training._synthetic import ARMS, MINED, Row, make_row, with_mined

__all__ = ["compare", "main", "make_rows"]

_RECIPE = Recipe(
    teacher="gold",
    ways=2,
    optimiser="linear",
    rate=5e-4,
    steps=40,
    checkpoints=1,
    average=1,
    repeat_multihop=1,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make rows, train the arms, print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m rag.training synthesize", description=main.__doc__)
    parser.add_argument("--model", required=True, help="the folder of a causal language model")
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/late"))
    parser.add_argument("--write", type=Path, default=Path(".work/synthetic.jsonl"))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    depths, columns = Columns.of(_RECIPE.depths)
    pools = load_pools(options.data, options.work, depths)
    generator = Transformers(Path(options.model).parent, options.model)
    rows = asyncio.run(make_rows(generator, pools[0], options.write, count=options.questions))
    for line in compare(rows, pools, columns, options.work):
        print(json.dumps(line))  # noqa: T201 -- the lines are this command's result


async def make_rows(generator: Generator, pool: Pool, file: Path, *, count: int) -> list[Row]:
    """Give `count` rows, from `file` where it has them; new ones are added to it one by one."""
    texts = {pool.passages[each] for query in pool.queries if query.dev for each in query.positives}
    others = [text for text in pool.passages if text not in texts]
    chosen = np.random.default_rng(0).permutation(len(others))[:count]
    file.parent.mkdir(parents=True, exist_ok=True)
    known = [Row(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    made = {row.passage: row for row in known}
    with file.open("a") as lines:
        for number in chosen:
            if (text := others[number]) not in made:
                made[text] = await make_row(generator, text)
                lines.write(f"{json.dumps(asdict(made[text]))}\n")
                lines.flush()
    return [made[others[number]] for number in chosen]


def compare(
    rows: Sequence[Row], pools: Sequence[Pool], columns: Columns, work: Path
) -> list[dict[str, object]]:
    """Give for each arm how many negatives were true, and nDCG@10 on held-out questions once trained on it.

    All arms train on the questions that have a negative in every arm. `beside mined` is the interval, by a
    paired bootstrap over all held-out questions, of how much an arm is better than mined negatives.
    """
    full = with_mined(rows, pools[0].passages, Minilm(), seed=0)
    usable = [row for row in full if set(row.negatives) == set(ARMS)]
    held_out = [HeldOut(pool, columns) for pool in pools]
    students = {"as shipped": Student(LateHead.shipped(), columns)}
    if usable:
        students |= {arm: _trained(usable, arm, columns, work) for arm in ARMS}
    found = {name: _found(student, held_out) for name, student in students.items()}
    lines: list[dict[str, object]] = []
    for name, scores in found.items():
        line: dict[str, object] = {
            "arm": name,
            "true negatives": sum(name in row.negatives for row in full),
            "trained on": len(usable) if name in ARMS else 0,
            "held out": [round(each.mean(part), 4) for each, part in zip(held_out, scores, strict=True)],
        }
        if MINED in found:
            line["beside mined"] = paired_interval(list(chain(*scores)), list(chain(*found[MINED])))
        lines.append(line)
    return lines


def _found(student: Student, held_out: Sequence[HeldOut]) -> list[list[float]]:
    return [each.found(each.late(student)) for each in held_out]


def _trained(rows: Sequence[Row], arm: str, columns: Columns, work: Path) -> Student:
    passages = [text for row in rows for text in (row.passage, row.negatives[arm])]
    queries = [Query(row.question, [2 * number], arm, dev=False) for number, row in enumerate(rows)]
    depths, _ = Columns.of(_RECIPE.depths)
    pool = Pool(
        arm, passages, queries, encoded(passages, depths), encoded([row.question for row in rows], depths)
    )
    candidates = np.arange(2 * len(rows)).reshape(-1, 2)
    gold = np.tile(np.array([1.0, 0.0], dtype=np.float32), (len(rows), 1))
    examples = Examples(pool, list(range(len(rows))), candidates, {"gold": gold})
    run = Run(_RECIPE, [examples], columns, work / "runs", start=LateHead.shipped())
    run.learn(_RECIPE.steps)
    return run.student
