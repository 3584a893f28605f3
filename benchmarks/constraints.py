"""What conditions cost that are asked token by token, and what they change: SmolLM2 on Grove's own prompts.

`quotes`: it is told to quote and to cite, an open quotation is put in its mouth, and it writes on, alone or
held to both conditions. `kept`: answers whose quotations and citations are all there, as far as they go;
`closed`: those that also closed them. `checks` are tokens asked about for each written one, `ms` the CPU
time of choosing one; a mask would ask about the whole vocabulary each time. `sql`: of the queries to the
shop of docs/sql.md those that run, held to the grammar alone or to `QueryRuns` too. `weights`: estimators
of how probable all allowed tokens are, on SmolLM2's own distributions; the smaller variance times checks,
the better. `python -m benchmarks.constraints quotes --count 12` runs one part.
"""

import argparse
import asyncio
import copy
import json
import re
import sqlite3
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks._estimators import weights
from benchmarks._machine import machine
from benchmarks._speculation_prompts import Asked, asked_of_passages
from benchmarks._speculation_runs import Read, model, read
from rag.core.errors import InvalidInputError
from rag.core.protocols import Delta, GenerationOptions, Generator, GeneratorCapabilities, Prompt
from rag.core.settings import Settings
from rag.core.sql_settings import SqlSourceSettings
from rag.core.types import Passage
from rag.generation.backends._choice import TokenChoice
from rag.generation.backends._loading import Loaded
from rag.generation.backends.transformers import Transformers
from rag.generation.constrained.conditions import TokenCheck, conditions_of
from rag.generation.context import render_passages
from rag.sql.asking import SqlAsker
from rag.sql.source import SqlSource

_SYSTEM = (
    "Answer in one sentence. Quote the passages word for word in double quotation marks, and behind the"
    " quotation write the number of its passage in square brackets, as in [1]."
)
_START = 'The passages say: "'  # of the answer: SmolLM2 does not quote by itself, even when it is told to
_MAX_TOKENS = 48
_QUESTIONS = [
    "Which customers live in Sweden and bought a spade?",
    "How many purchases did each customer make?",
    "What is the average price of the products in each category?",
    "Which products were never bought?",
    "Who bought the most items in 2025?",
    "Which cities have customers who bought a hose reel?",
    "What did Carla Rossi buy?",
    "Name the customers whose purchases hold more than two items.",
]


@dataclass
class Figures:
    """Of answers written in one way."""

    checks: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    citing: int = 0
    closed: int = 0
    kept: int = 0
    answers: int = 0


@dataclass
class Counted:
    """Conditions that count how often they are asked."""

    check: TokenCheck
    asked: int = 0

    def allows_prefix(self, text: str) -> bool:
        """Ask them all."""
        self.asked += 1
        return all(each.allows_prefix(text) for each in self.check.conditions)

    def allows_complete(self, text: str) -> bool:
        """Ask them all."""
        self.asked += 1
        return all(each.allows_complete(text) for each in self.check.conditions)


def run(*, quick: bool) -> dict[str, Any]:
    """Measure all three."""
    loaded = model()
    rows = [
        *_quotes(loaded, 5 if quick else 40),
        *_sql(4 if quick else len(_QUESTIONS)),
        *weights(loaded, 100 if quick else 400),
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "machine": machine(),
        "settings": {"quick": quick, "max_tokens": _MAX_TOKENS},
        "rows": [{name: row.get(name, "") for name in columns} for row in rows],
    }


def _quotes(loaded: Loaded, count: int) -> Iterator[dict[str, Any]]:
    ways = {(held, heat): Figures() for heat in (0.0, 1.0) for held in (False, True)}
    mask_seconds: list[float] = []
    for number, (_, question, passages) in enumerate(asked_of_passages(count)):
        prompt = read(loaded, _asked(loaded, question, passages))
        check = TokenCheck(conditions_of(["quotes", "citations"], passages), loaded.text, loaded.stop_ids)
        for (held, heat), figures in ways.items():
            ids = _write(loaded, prompt, check, figures, heat=heat, seed=number, is_held=held)
            _judge(loaded.text(ids), check, figures)
        if number < 2:
            started = time.process_time()
            for token in range(loaded.model.config.vocab_size):
                check.allows(ids, token)
            mask_seconds.append(time.process_time() - started)
    for (held, heat), figures in ways.items():
        checks = figures.checks
        yield {
            "part": "quotes",
            "way": f"{'held' if held else 'alone'}, temperature {heat:g}",
            "n": figures.answers,
            "citing": _share(figures.citing, figures.answers),
            "closed": _share(figures.closed, figures.answers),
            "kept": _share(figures.kept, figures.answers),
            "checks": f"{np.median(checks):g} median, {np.mean(checks):.2f} mean, {max(checks)} most",
            "ms": round(1000 * float(np.mean(figures.seconds)), 2),
        }
    mask = 1000 * float(np.mean(mask_seconds))
    yield {
        "part": "quotes",
        "way": "a mask of the vocabulary",
        "n": len(mask_seconds),
        "checks": str(loaded.model.config.vocab_size),
        "ms": round(mask),
    }


def _asked(loaded: Loaded, question: str, passages: Sequence[Passage]) -> Asked:
    messages = [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": f"{render_passages(passages)}\n\nQuestion: {question}"},
    ]
    ids = loaded.tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return Asked("", "quotes", (*ids, *loaded.tokenizer.encode(_START)))


def _write(
    loaded: Loaded,
    prompt: Read,
    check: TokenCheck,
    figures: Figures,
    *,
    heat: float,
    seed: int,
    is_held: bool,
) -> list[int]:
    counted = Counted(check)
    written: list[int] = loaded.tokenizer.encode(_START)
    start = len(written)
    held = TokenCheck((counted,), loaded.text, loaded.stop_ids) if is_held else None
    choice = TokenChoice(temperature=heat, seed=seed, no_repeat_tokens=8, check=held)
    for token in written:
        choice.accept(token)
    cache, logits = copy.deepcopy(prompt.cache), prompt.logits
    with torch.inference_mode():
        while True:
            before, started = counted.asked, time.process_time()
            token = choice.choose(logits)
            figures.seconds.append(time.process_time() - started)
            figures.checks.append(counted.asked - before)
            if token in loaded.stop_ids:
                return written
            choice.accept(token)
            written.append(token)
            if len(written) == start + _MAX_TOKENS:
                return written
            output = loaded.model(
                input_ids=torch.tensor([[token]]), past_key_values=cache, use_cache=True, logits_to_keep=1
            )
            logits = output.logits[0, -1]


def _judge(text: str, check: TokenCheck, figures: Figures) -> None:
    """Look at an answer; one that is cut off may end inside a quotation of which all so far is there."""
    figures.answers += 1
    figures.citing += re.search(r"\[\s*\d", text) is not None
    figures.closed += check.conditions[0].allows_complete(text)
    figures.kept += all(each.allows_prefix(text) for each in check.conditions)


@dataclass(frozen=True, slots=True)
class Able:
    """SmolLM2 as if it followed instructions, so that it is asked first, and held to conditions or not."""

    generator: Generator
    keeps_conditions: bool

    @property
    def capabilities(self) -> GeneratorCapabilities:
        """Say so."""
        return replace(
            self.generator.capabilities, follows_instructions=True, keeps_conditions=self.keeps_conditions
        )

    def count_tokens(self, text: str) -> int:
        """Count as it does."""
        return self.generator.count_tokens(text)

    def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        """Write as it does."""
        return self.generator.stream(prompt, options)


def _sql(count: int) -> Iterator[dict[str, Any]]:
    generator = Transformers(Settings().models_dir)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        connection = sqlite3.connect(path)
        connection.executescript((Path(__file__).parents[1] / "examples" / "shop.sql").read_text())
        connection.close()
        source = SqlSource("shop", SqlSourceSettings.model_validate({"url": f"sqlite:///{path}"}))
        for is_held in (False, True):
            asker = SqlAsker(generator=Able(generator, is_held), max_attempts=1)
            ran = sum(asyncio.run(_ran(asker, question, source)) for question in _QUESTIONS[:count])
            way = "grammar and QueryRuns" if is_held else "grammar alone"
            yield {"part": "sql", "way": way, "n": count, "kept": _share(ran, count)}


async def _ran(asker: SqlAsker, question: str, source: SqlSource) -> bool:
    try:
        return (await asker.ask(question, source)).by != "rules"
    except InvalidInputError:
        return False


def _share(count: int, of: int) -> str:
    return f"{count}/{of}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="One part, row by row.")
    parser.add_argument("part", choices=("quotes", "sql", "weights"))
    parser.add_argument("--count", type=int, default=8, help="answers, queries, or samples of a law")
    chosen = parser.parse_args()
    parts: dict[str, Callable[[int], Iterator[dict[str, Any]]]] = {
        "quotes": lambda count: _quotes(model(), count),
        "sql": _sql,
        "weights": lambda count: weights(model(), count),
    }
    for line in parts[chosen.part](chosen.count):
        print(json.dumps(line), flush=True)
