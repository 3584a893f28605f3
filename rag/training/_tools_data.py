"""What the tool alignment learns from, and what it is chosen by.

Learned: train_tools_metatool without the questions that evaluation sets have too, and the questions of
tools_bfcl whose tools all have an even first byte of the sha256 of their name. Chosen by: bfcl's questions
that need another tool, and those of tools_sealtools whose first byte is even; the rest of the latter is
kept for reports of the alignment (the weights of the index were chosen by all of it). No tool of
tools_sealtools is trained on; MTRB is read only to be left out of training.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.evaluation.datasets import Dataset, Question, load_dataset
from rag.scoring.tools import Tool

_EVALUATED = ("tools_metatool", "tools_metatool_multi", "tools_mtrb_metatool", "tools_mtrb_restbench")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Tools with requests that need them."""

    tools: list[Tool]
    requests: list[str]
    gold: list[list[int]]  # numbers of the tools that each request needs


def training_sets(folder: Path, limit: int) -> list[Catalogue]:
    """Give what is learned from; `limit` keeps the questions of MetaTool whose hashes are lowest."""
    held_out = {
        normalised(question.text)
        for name in _EVALUATED
        for question in load_dataset(folder / name).questions
    }
    metatool = load_dataset(folder / "train_tools_metatool")
    kept = [each for each in metatool.questions if normalised(each.text) not in held_out]
    bfcl = load_dataset(folder / "tools_bfcl")
    seen = [each for each in bfcl.questions if all(map(is_even, bfcl.relevant[each.id]))]
    return [catalogue(metatool, sorted(kept, key=_digest)[:limit]), catalogue(bfcl, seen, only_even=True)]


def development_sets(folder: Path, *, report: bool = False) -> dict[str, Catalogue]:
    """Give what settings are chosen by, or what is kept for reports."""
    bfcl, seal = load_dataset(folder / "tools_bfcl"), load_dataset(folder / "tools_sealtools")
    unseen = [each for each in bfcl.questions if not all(map(is_even, bfcl.relevant[each.id]))]
    part = [each for each in seal.questions if is_even(each.id) != report]
    sets = {"tools_sealtools": catalogue(seal, part)}
    if not report:
        multi = load_dataset(folder / "tools_metatool_multi")
        sets |= {
            "tools_bfcl, unseen tools": catalogue(bfcl, unseen),
            "tools_metatool_multi": catalogue(multi, multi.questions),
        }
    return sets


def catalogue(dataset: Dataset, questions: Sequence[Question], *, only_even: bool = False) -> Catalogue:
    """Number the tools of a set; `only_even` leaves those out that are not trained on."""
    entries = [entry for entry in dataset.corpus if not only_even or is_even(entry.id)]
    numbers = {entry.id: number for number, entry in enumerate(entries)}
    return Catalogue(
        [Tool(entry.title, entry.text) for entry in entries],
        [question.text for question in questions],
        [[numbers[name] for name in dataset.relevant[question.id]] for question in questions],
    )


def is_even(name: str) -> bool:
    """Tell whether the first byte of the sha256 of a name is even."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def normalised(text: str) -> str:
    """Give the words alone, in lower case."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _digest(question: Question) -> str:
    return hashlib.sha256(question.text.encode()).hexdigest()
