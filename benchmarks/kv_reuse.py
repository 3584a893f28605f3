"""What is gained by keeping keys and values between prompts: seconds to the first token of an answer.

Questions about the same few paragraphs, four in a prompt. `same order`: the four stay, and only the
question changes, as in a conversation about them. `other order`: the four change places and one is
exchanged, as when each question is searched for. All ways answer each question in turn. Seconds are of the
processor, of one thread, so that other work on the machine counts for little; the first question of an
order, which finds nothing, stands apart. An answer is the same if its first 16 tokens are those of a model
that reads all.

The model need not pass the check that `kv_reuse passages` asks for: the last row is that check, which
`python -m benchmarks.kv_reuse` measures alone.
"""

import gzip
import json
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import torch

from benchmarks._kv_texts import DATA
from benchmarks._machine import machine
from rag.core.settings import Settings
from rag.core.types import Passage
from rag.generation.backends._agreement import agreement, answer, calibration
from rag.generation.backends._causal import Loaded
from rag.generation.backends._reusing import PassageReader, PrefixReader, read_all
from rag.generation.backends.transformers import Transformers
from rag.generation.context import render_passages
from rag.generation.kv._store import ByteStore
from rag.generation.kv.kvzip import Kvzip
from rag.generation.prompts import load_prompt
from rag.generation.speculation._cache import PlainCache

_STORE_BYTES = 1 << 30
_SHOWN = 4  # paragraphs in a prompt
_POOL = 6
_NEVER = Event()


class _Plain:
    """Read every prompt from its first token."""

    def __init__(self) -> None:
        self.store = ByteStore(1)

    def read(self, loaded: Loaded, token_ids: list[int], stop: Event) -> tuple[Any, list[int]]:
        cache = PlainCache()
        read_all(loaded.model, cache, token_ids[:-1], stop)
        return cache, token_ids[-1:]


@dataclass
class _Found:
    """What one way gave, a number a question."""

    seconds: list[float] = field(default_factory=list)
    is_same: list[bool] = field(default_factory=list)
    overlap: list[float] = field(default_factory=list)


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 8 questions an order; `quick` 3, and no check."""
    count = 3 if quick else 8
    loaded = Transformers(Settings().models_dir)._load()
    torch.set_num_threads(1)
    texts = _texts()
    rows: list[dict[str, object]] = []
    for order in ("same order", "other order"):
        ways = _ways(loaded)
        found = {name: _Found() for name in ways}
        for number in range(count):
            _ask(loaded, ways, found, _prompt(loaded, texts, number, order))
            print(f"{order}: {number + 1}/{count}", file=sys.stderr, flush=True)
        rows += [_row(order, name, found[name], found["none"], ways[name]) for name in ways]
    if not quick:
        rows.append(_check(loaded))
    return {"machine": machine(), "settings": {"questions": count, "dtype": "float32"}, "rows": rows}


def _check(loaded: Loaded) -> dict[str, object]:
    share = agreement(loaded, _ways(loaded)["passages"], calibration(loaded.tokenizer))
    return {"workload": "check", "reuse": "passages", "same": round(share, 2)}


def _ways(loaded: Loaded) -> dict[str, Any]:
    ways: dict[str, Any] = {
        "none": _Plain(),
        "prefix": PrefixReader(ByteStore(_STORE_BYTES)),
        "passages": PassageReader(ByteStore(_STORE_BYTES)),
        "passages, kvzip 50%": PassageReader(ByteStore(_STORE_BYTES), policy=Kvzip(0.5)),
    }
    for way in ways.values():
        if isinstance(way, PrefixReader):
            way.prepare(loaded)
    return ways


def _ask(loaded: Loaded, ways: dict[str, Any], found: dict[str, _Found], token_ids: list[int]) -> None:
    expected: list[int] = []
    for name, way in ways.items():
        with torch.inference_mode():
            start = time.process_time()
            cache, unread = way.read(loaded, token_ids, _NEVER)
            first = answer(loaded, cache, unread, most=1)
            found[name].seconds.append(time.process_time() - start)
            written = [*first, *answer(loaded, cache, first)] if first[0] not in loaded.stop_ids else first
        if name == "none":
            expected = written
        found[name].is_same.append(written == expected)
        found[name].overlap.append(_overlap(_words(loaded, expected), _words(loaded, written)))


def _row(order: str, name: str, found: _Found, plain: _Found, way: Any) -> dict[str, object]:
    later = statistics.median(found.seconds[1:])
    return {
        "workload": order,
        "reuse": name,
        "first_s": round(found.seconds[0], 2),
        "later_s": round(later, 2),
        "times": round(statistics.median(plain.seconds[1:]) / later, 1),
        "same": round(statistics.mean(found.is_same), 2),
        "overlap": round(statistics.mean(found.overlap), 2),
        "store_mb": round(way.store.num_bytes / 1e6, 1),
    }


def _prompt(loaded: Loaded, texts: list[tuple[str, str]], number: int, order: str) -> list[int]:
    if order == "same order":
        shown = list(range(_SHOWN))
        asked = shown[number % _SHOWN]
    else:
        shown = [(number + place) % _POOL for place in range(_SHOWN)]
        shown = [*shown[number % 2 :], *shown[: number % 2]]
        asked = shown[number % _SHOWN]
    passages = [
        Passage(str(each), str(each), 1, "", f"Text {each + 1}", None, 0, len(text), 1.0, text)
        for each, (text, _) in ((each, texts[each]) for each in shown)
    ]
    question = texts[asked][1]
    if order == "same order" and number >= _SHOWN:
        question = f"Answer briefly: {question}"
    values = {"question": question, "passages": render_passages(passages)}
    chat = [{"role": each.role, "content": each.content} for each in load_prompt("answer").render(values)]
    ids: list[int] = loaded.tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return ids


def _texts() -> list[tuple[str, str]]:
    """Give paragraphs, each with a question, of train_qa_english, which nothing is judged by."""
    with gzip.open(DATA / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    found = {str(row["context"]): str(row["question"]) for row in rows}
    return sorted(each for each in found.items() if 700 < len(each[0]) < 1000)[:: len(found) // 400][:_POOL]


def _words(loaded: Loaded, token_ids: list[int]) -> Counter[str]:
    return Counter(loaded.tokenizer.decode(token_ids, skip_special_tokens=True).lower().split())


def _overlap(expected: Counter[str], written: Counter[str]) -> float:
    """Give F1 over words."""
    total = expected.total() + written.total()
    return 2 * (expected & written).total() / total if total else 1.0


if __name__ == "__main__":
    print(json.dumps(_check(Transformers(Settings().models_dir)._load())))
