"""Which way the graph chooses for questions of several hops and of one.

Questions of train_multihop beside single ones of train_qa_english, as many of each, over one corpus of all
their paragraphs and as many others, by the shipped signals. Some questions of train_multihop, and others of
sets of one hop, fitted the five weights (rag/training/_treehop_routing.py). No test set takes part. `by the
model` is what SmolLM2 says to the prompt of `GROVE_ORCHESTRATION__ROUTER=model`, for the first questions of
each set: it names a way, or (None) something else, and then the signals decide; or it is held to the names
by a grammar, which the router does not do. `python -m benchmarks.routing --asked N` asks the model alone.
"""

import argparse
import asyncio
import gzip
import json
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from agents.routing import described, named
from agents.state import Route
from benchmarks._hop_ways import ByTheGraph
from benchmarks._machine import machine
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.protocols import GenerationOptions, Generator, Prompt
from rag.core.settings import Settings
from rag.core.types import ParsedDocument
from rag.generation.context import neutralise
from rag.generation.prompts import load_prompt

SHARED = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared"))
_SINGLE = ("qed_nq", "squad", "squad_mixed", "tydiqa_en")
_MULTI = ("2wiki", "hotpotqa", "musique")
_NUM_PASSAGES = 6  # as the default answer reads
_ASKED = 12  # questions of each set that the model is asked, too
_WAYS: tuple[Route, ...] = ("plain", "hops")
_HELD = {"free": None, "held to the names": f"start: {' | '.join(json.dumps(way) for way in _WAYS)}"}
_NAME_TOKENS = 8  # more than the name of a way has: a reply that is longer names none


def run(*, quick: bool) -> dict[str, Any]:
    """Index, search, choose a way for each question."""
    multi, single = _chosen(24 if quick else 300)
    asked, others = single[::2], single[1::2]
    paragraphs = {(each["title"], each["text"]) for row in multi for each in row["paragraphs"]}
    paragraphs |= {(row["title"], row["context"]) for row in (*asked, *others)}
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        documents = (
            (str(number), ParsedDocument(text, title))
            for number, (title, text) in enumerate(sorted(paragraphs))
            if text.strip()
        )
        index_corpus(grove, documents, collection="default")
        questions = [*multi, *asked]
        chosen = [(row["dataset"], _choice(grove, row["question"])) for row in questions]
        asked_few = 2 if quick else _ASKED
        said = {way: _said(grove, questions, asked_few, grammar) for way, grammar in _HELD.items()}
        grove.database.close()
    rows = [_row(name, [way for each, way in chosen if each == name]) for name in (*_MULTI, *_SINGLE)]
    right = sum(way == _wanted(name) for name, way in chosen)
    return {
        "machine": machine(),
        "settings": {
            "questions": len(questions),
            "paragraphs": len(paragraphs),
            "accuracy": round(right / len(questions), 3),
            "by the model": said,
        },
        "rows": rows,
    }


def _chosen(size: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give so many questions of several hops, and twice as many of one."""
    rng = random.Random(0)  # noqa: S311 -- a sample, no secret
    multi = _sample(_rows("train_multihop"), _MULTI, size // len(_MULTI), rng)
    return multi, _sample(_rows("train_qa_english"), _SINGLE, 2 * size // len(_SINGLE), rng)


def _choice(grove: Grove, question: str) -> Route:
    _, choice = asyncio.run(ByTheGraph(grove).chosen(question, k=_NUM_PASSAGES))
    return choice.route


def _wanted(name: str) -> Route:
    return "hops" if name in _MULTI else "plain"


def _row(name: str, ways: list[Route]) -> dict[str, object]:
    row: dict[str, object] = {"set": name, "wanted": _wanted(name)}
    row |= {way: ways.count(way) for way in dict.fromkeys((*_WAYS, *ways))}
    return row | {"right": round(ways.count(_wanted(name)) / len(ways), 3)}


def _said(
    grove: Grove, questions: list[dict[str, Any]], count: int, grammar: str | None
) -> list[dict[str, object]]:
    """Count which way the model names for questions of each set, when asked as the orchestrator asks."""
    generator = grove.generator("transformers")
    rows: list[dict[str, object]] = []
    for name in (*_MULTI, *_SINGLE):
        asked = [row["question"] for row in questions if row["dataset"] == name][:count]
        started = time.process_time()
        texts = [asyncio.run(_reply(generator, each, grammar)) for each in asked]
        seconds = (time.process_time() - started) / len(asked)
        counts = Counter(str(named(text, _WAYS)) for text in texts)
        said = Counter(texts).most_common(1)[0][0]
        rows.append(
            {"set": name, **counts, "n": len(asked), "cpu_seconds": round(seconds, 2), "mostly": said}
        )
    return rows


async def _reply(generator: Generator, question: str, grammar: str | None) -> str:
    values = {"question": neutralise(question), "ways": described(_WAYS)}
    prompt = Prompt(load_prompt("route").render(values), question)
    options = GenerationOptions(_NAME_TOKENS, grammar=grammar)
    return "".join([delta.text async for delta in generator.stream(prompt, options)])


def _rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(SHARED / "data" / name / "train.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def _sample(
    rows: list[dict[str, Any]], sets: tuple[str, ...], size: int, rng: random.Random
) -> list[dict[str, Any]]:
    return [
        row for name in sets for row in rng.sample([each for each in rows if each["dataset"] == name], size)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asked", type=int, default=_ASKED, help="questions of each set")
    several, one = _chosen(300)
    with tempfile.TemporaryDirectory() as folder:
        made, count = Grove(Settings(home=Path(folder))), parser.parse_args().asked
        found = {way: _said(made, [*several, *one[::2]], count, grammar) for way, grammar in _HELD.items()}
    print(json.dumps(found, indent=1))
