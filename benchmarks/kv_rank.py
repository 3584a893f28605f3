"""What fewer dimensions of keys and values cost: perplexity behind a text, and a number found in it again.

A text of a thousand tokens is read, made smaller, and the model judges the 255 tokens that follow; and the
numbers of `kv` are looked for. Beside it are policies that keep as many bytes in fewer entries, and other
ways to choose the dimensions. `python -m benchmarks.kv_rank --texts N --needles N --rows NAME ...`.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks._kv_texts import Needle, needles, paper_parts
from benchmarks._machine import machine
from benchmarks.kv import _answer, _loaded, _read, remember
from rag.core.settings import Settings
from rag.generation.backends._causal import Loaded
from rag.generation.backends._compressing import REPEAT
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._calibration import rotation_of, spectra
from rag.generation.kv._low_rank import LowRank, low_rank
from rag.generation.kv._observations import Observations
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv.kvzip import Kvzip
from rag.generation.kv.razor import Razor
from rag.generation.kv.streaming import Streaming

_TOKENS, _BEHIND = 1000, 256

Row = tuple[Callable[[], Policy], list[LowRank] | None]


def run(
    *, quick: bool, texts: int | None = None, count: int | None = None, names: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure 8 texts and 24 numbers; `quick` one of each."""
    texts = (1 if quick else 8) if texts is None else texts
    count = (1 if quick else 24) if count is None else count
    loaded = _loaded()
    rows = {name: row for name, row in _rows(loaded).items() if not names or name in names}
    parts = paper_parts(loaded.tokenizer, texts, tokens=_TOKENS + _BEHIND)
    with torch.inference_mode():
        judged = [_judged(loaded, token_ids, rows) for token_ids in parts]
        asked = needles(loaded.tokenizer, count, tokens=_TOKENS)
        right = [_found(loaded, needle, rows) for needle in asked]
    found = [
        {
            "row": name,
            "bytes": judged[0][name][0] if judged else None,
            "perplexity": math.exp(sum(each[name][1] for each in judged) / texts) if judged else None,
            "found": sum(each[name] for each in right),
            "of": count,
        }
        for name in rows
    ]
    settings = {"texts": texts, "needles": count, "tokens": _TOKENS, "dtype": "float32"}
    return {"machine": machine(), "settings": settings, "rows": found}


def _judged(
    loaded: Loaded, token_ids: Sequence[int], rows: Mapping[str, Row]
) -> dict[str, tuple[int, float]]:
    """Give, for each row, the bytes of the text's cache and the loss behind it."""
    made = _reader(loaded, token_ids[:_TOKENS])
    judged = {}
    for name, row in rows.items():
        cache = made(row)
        judged[name] = cache.num_bytes, _loss(loaded, cache, token_ids[_TOKENS:])
    print(judged, file=sys.stderr, flush=True)
    return judged


def _found(loaded: Loaded, needle: Needle, rows: Mapping[str, Row]) -> dict[str, bool]:
    """Say for each row whether its cache of a text gives the number back."""
    made = _reader(loaded, needle.context)
    behind = [*needle.question, *needle.opening]
    right = {name: _answer(loaded, made(row), behind, needle.answer)[0] for name, row in rows.items()}
    print(right, file=sys.stderr, flush=True)
    return right


def _rows(loaded: Loaded) -> Mapping[str, Row]:
    model = loaded.model
    found = spectra(model, loaded.tokenizer, Settings().models_dir)

    def cut(share: float) -> list[LowRank]:
        return low_rank(found, share, rotation=rotation_of(model), like=next(model.parameters()))

    def alike(keys: float, values: float) -> list[LowRank]:
        rotation, like = rotation_of(model), next(model.parameters())
        size = found[0][0].mean.shape[1]
        return [
            LowRank(pair[0].cut(int(keys * size), like), pair[1].cut(int(values * size), like), rotation)
            for pair in found
        ]

    rows: dict[str, Row] = {"full": (lambda: Streaming(1.0), None)}
    for share in (1.0, 0.75, 0.5):
        rows[f"rank {share}"] = lambda: Streaming(1.0), cut(share)
    for share in (0.75, 0.5):
        rows[f"rank {share}, keys and values alike"] = lambda: Streaming(1.0), alike(share, share)
        rows[f"kvzip {share}"] = partial(Kvzip, share), None
        rows[f"razor {share}"] = partial(Razor, share), None
        rows[f"streaming {share}"] = partial(Streaming, share), None
    rows["half of the keys' dimensions"] = lambda: Streaming(1.0), alike(0.5, 1.0)
    rows["half of the values' dimensions"] = lambda: Streaming(1.0), alike(1.0, 0.5)
    rows["kvzip 0.33, rank 0.75"] = partial(Kvzip, 1 / 3), cut(0.75)
    rows["kvzip 0.25"] = partial(Kvzip, 0.25), None
    return rows


def _reader(loaded: Loaded, token_ids: Sequence[int]) -> Callable[[Row], RaggedCache]:
    """Read a text once, and give what makes a row's cache of it."""
    read = RaggedCache(loaded.model.config.num_hidden_layers)
    _read(loaded, read, token_ids)
    repeat_ids = loaded.tokenizer.encode(REPEAT, add_special_tokens=False)
    seen = Observations(loaded.model, frozenset(), 1)

    known: dict[type[Policy], tuple[Tensor, int]] = {}

    def make(row: Row) -> RaggedCache:
        policy, maps = row
        cache = read.copy()
        for number, each in enumerate(maps or ()):
            cache.layers[number].low_rank = each
        reading = Reading(loaded.model, token_ids, seen, repeat_ids, folder=Settings().models_dir)
        made = policy()
        remember(made, known)
        made.compress(cache, reading)
        return cache

    return make


def _loss(loaded: Loaded, cache: RaggedCache, token_ids: Sequence[int]) -> float:
    """Give the mean of -log p of the tokens after the first."""
    inputs = torch.tensor([token_ids[:-1]])
    logits = loaded.model(input_ids=inputs, past_key_values=cache, use_cache=True).logits[0]
    wanted = torch.tensor(token_ids[1:])
    return float(torch.nn.functional.cross_entropy(logits.float(), wanted))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument("--needles", type=int, default=24)
    parser.add_argument("--rows", nargs="+", default=[], help="by name; by default all")
    chosen = parser.parse_args()
    found = run(quick=False, texts=chosen.texts, count=chosen.needles, names=chosen.rows)
    print(json.dumps(found))
