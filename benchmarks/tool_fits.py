"""Whether the nearest tool is wanted at all: requests for tools, requests for others, and plain questions.

From tools_bfcl each request with its function, and the set's requests that the function offered does not
answer; from train_qa_english questions, with the nearest of 50 functions. Odd ones fit the two numbers of
rag/retrieval/_tool_index.py, even ones are reported.
"""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import machine
from benchmarks.tool_calls import DATA, tool_of
from rag.compose import Grove
from rag.core.settings import Settings
from rag.scoring.tools import Tool

_NUM_OFFERED = 50
_CLIP = 1e-6


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 240 requests of each kind; `quick` 60."""
    count = 60 if quick else 240
    grove = Grove(Settings(home=Path("unused")))
    wanted, offered = _wanted(count)
    kinds = {
        "wants the tool": _logits(grove, wanted),
        "wants another": _logits(grove, _unwanted(count)),
        "is a plain question": _nearest(grove, _questions(count), offered[:_NUM_OFFERED]),
    }
    rows = [
        {
            "kind": kind,
            "n": len(logits),
            "above_half": round(float((logits > 0).mean()), 3),
            "auc": round(_auc(kinds["wants the tool"], logits), 3) if kind != "wants the tool" else None,
        }
        for kind, logits in ((kind, logits[::2]) for kind, logits in kinds.items())
    ]
    return {
        "machine": machine(),
        "settings": _fitted([each[1::2] for each in kinds.values()]),
        "rows": rows,
    }


def _logits(grove: Grove, pairs: Sequence[tuple[str, Tool]]) -> np.ndarray:
    index = grove.tool_index
    return _logit(np.array([index([tool]).probabilities(text)[0] for text, tool in pairs]))


def _nearest(grove: Grove, texts: Sequence[str], offered: Sequence[Tool]) -> np.ndarray:
    index = grove.tool_index(offered)
    return _logit(np.array([index.probabilities(text).max() for text in texts]))


def _logit(likely: np.ndarray) -> np.ndarray:
    clipped = np.clip(likely, _CLIP, 1 - _CLIP)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _auc(wanted: np.ndarray, other: np.ndarray) -> float:
    """Give the share of pairs in which the one that wants the tool is the likelier."""
    return float((wanted[:, None] > other[None, :]).mean())


def _fitted(kinds: Sequence[np.ndarray]) -> dict[str, float]:
    """Give how the logits in use would be stretched and shifted: 1 and 0 where they are calibrated.

    Logistic regression by Newton's method; those that want the tool weigh as much as all others together.
    """
    wanted = np.concatenate([np.full(len(each), number == 0) for number, each in enumerate(kinds)])
    inputs = np.stack([np.concatenate(kinds), np.ones(len(wanted))], axis=1)
    weights = np.where(wanted, 0.5 / wanted.sum(), 0.5 / (~wanted).sum())
    found = np.zeros(2)
    for _ in range(30):
        likely = 1 / (1 + np.exp(-inputs @ found))
        curvature = (inputs * (weights * likely * (1 - likely))[:, None]).T @ inputs
        found += np.linalg.solve(curvature, inputs.T @ (weights * (wanted - likely)))
    return {"stretch": round(float(found[0]), 2), "shift": round(float(found[1]), 2)}


def _wanted(count: int) -> tuple[list[tuple[str, Tool]], list[Tool]]:
    with gzip.open(DATA / "corpus.jsonl.gz", "rt") as lines:
        tools = {row["id"]: tool_of(row["function"]) for row in map(json.loads, lines)}
    rows = map(json.loads, (DATA / "queries.jsonl").read_text().splitlines())
    pairs = [(row["text"], tools[next(iter(row["calls"][0]))]) for row in rows if len(row["calls"]) == 1]
    return _spread(pairs, count), list(tools.values())[:: len(tools) // _NUM_OFFERED]


def _unwanted(count: int) -> list[tuple[str, Tool]]:
    rows = map(json.loads, (DATA / "no_tool_queries.jsonl").read_text().splitlines())
    return _spread([(row["text"], tool_of(row["function"][0])) for row in rows if row["function"]], count)


def _questions(count: int) -> list[str]:
    with gzip.open(DATA.parent / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return _spread([row["question"] for row in rows], count)


def _spread(found: list[Any], count: int) -> list[Any]:  # Any: a question, or one with its tool
    return found[:: max(len(found) // count, 1)][:count]
