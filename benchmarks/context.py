"""How well a model reads beyond the length it was trained on: perplexity of the end of long texts.

SmolLM2 at 1, 2 and 4 times its 8,192 tokens, as it is and with each plan; the last 1,024 tokens of each
text count, so that all of them are read from far. At once nothing is tuned and nothing is trained.
`python -m benchmarks.context --times 2 --texts 1` takes fewer; `quick` is that. The longest texts take
minutes each on a CPU. `--spread 512` takes seconds: texts of so many tokens, whose second half is read at
the end of the length and whose first half stays at its start, with nothing between; the second half counts.
That tells of distances beyond the window, not of as many tokens.
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from benchmarks._kv_texts import long_texts
from benchmarks._machine import machine
from rag.core.settings import Settings
from rag.generation.backends._loading import Loaded, load_model
from rag.generation.backends._rotary import rotary_of, use_plan
from rag.generation.backends._smollm2 import ensure_model
from rag.generation.speculation._cache import PlainCache
from rag.scoring.rope_plans import PLANS, Rotary, RotaryPlan, disturbance

_PIECE = 512
_COUNTED = 1024


def run(
    *,
    quick: bool,
    times: Sequence[int] | None = None,
    texts: int | None = None,
    device: str = "cpu",
    spread: int | None = None,
) -> dict[str, Any]:
    """Measure three texts at each length; `quick` one, at twice the window; `spread` short ones."""
    times = times or ((2,) if quick else (1, 2, 4))
    texts = texts or (1 if quick else 3)
    folder = ensure_model(Settings().models_dir)
    first = load_model(folder, attention=None, device=device)
    rotary = rotary_of(first.model)
    losses: dict[tuple[str, int], list[float]] = defaultdict(list)
    turned: dict[tuple[str, int], float] = {}
    for factor in times:
        length = rotary.window * factor
        for name, plan in _plans(rotary, factor):
            turned[name, factor] = disturbance(rotary, plan.angles, length)
            loaded = load_model(folder, attention=None, device=device)
            use_plan(loaded.model, plan)
            for token_ids in long_texts(loaded.tokenizer, texts, tokens=spread or length):
                positions = spread_positions(spread, length) if spread else list(range(length))
                counted = spread // 2 - 1 if spread else _COUNTED  # the first follows what is far
                losses[name, factor].append(_loss(loaded, token_ids, positions, counted, device))
    rows = [
        {
            "plan": name,
            "times": factor,
            "tokens": rotary.window * factor,
            "texts": len(each),
            "perplexity": round(math.exp(sum(each) / len(each)), 2),
            "disturbance": round(1000 * turned[name, factor], 3),
        }
        for (name, factor), each in losses.items()
    ]
    settings = {"model": "smollm2", "window": rotary.window, "spread": spread, "dtype": "float32"}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _plans(rotary: Rotary, factor: int) -> Iterator[tuple[str, RotaryPlan]]:
    yield "none", RotaryPlan(rotary.angles)
    if factor > 1:  # within the window a model stays as it is
        yield from ((name, plan(rotary, factor)) for name, plan in PLANS.items())


def spread_positions(tokens: int, length: int) -> list[int]:
    """Put the first half of some tokens at the start of a length, and the second at its end.

    >>> spread_positions(4, 100)
    [0, 1, 98, 99]
    """
    half = tokens // 2
    return [*range(half), *range(length - tokens + half, length)]


@torch.inference_mode()
def _loss(loaded: Loaded, token_ids: list[int], positions: list[int], counted: int, device: str) -> float:
    """Give the mean negative logarithm of the chance of the `counted` last tokens."""
    cache, total = PlainCache(), 0.0
    start_counting = len(token_ids) - counted
    for start in range(0, len(token_ids) - 1, _PIECE):
        piece = token_ids[start : start + _PIECE]
        is_counted = start + len(piece) > start_counting
        output = loaded.model(
            input_ids=torch.tensor([piece], device=device),
            position_ids=torch.tensor([positions[start : start + _PIECE]], device=device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=0 if is_counted else 1,
        )
        if is_counted:
            following = token_ids[start + 1 : start + len(piece) + 1]
            logp = output.logits[0, : len(following)].float().log_softmax(dim=-1).cpu()
            for place, token_id in enumerate(following):
                if start + place + 1 >= start_counting:
                    total -= float(logp[place, token_id])
    return total / counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, nargs="+")
    parser.add_argument("--texts", type=int)
    parser.add_argument("--spread", type=int, help="tokens that are read at both ends of the length")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    measured = run(
        quick=False, times=given.times, texts=given.texts, device=given.device, spread=given.spread
    )
    print(json.dumps(measured, indent=1))
