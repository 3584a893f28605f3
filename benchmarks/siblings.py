"""How often one of k drafted siblings stands: drawn without replacement (RSD), and independently.

SmolLM2 is the target; it drafts itself from its newest tokens alone. Positions are spread over Grove's own
prompts, at temperature 1. Siblings are drawn by the product's own code, and the chance that one of them
stands is exact for those drawn (verification is held to that law by test_verification.py);
of independent ones it is exact over all draws (each rejection takes the draft's law off the target's).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks._machine import machine
from benchmarks._speculation_prompts import prompts
from benchmarks._speculation_runs import model
from rag.generation.backends._loading import Loaded
from rag.generation.speculation._draft_model import draw, law_of, windows

_WINDOWS = (32, 12)
_COUNTS = (1, 2, 3, 5)
_FIRST = 100  # tokens of a prompt that are passed over: there a window is nearly all there is
_SAMPLES = 2000


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 240 positions with 20 draws each; `quick` 6."""
    num_prompts, per_prompt, num_draws = (2, 3, 20) if quick else (24, 10, 20)
    laws = _laws(model(), num_prompts, per_prompt)
    rows = []
    for window, pairs in laws.items():
        random = torch.Generator().manual_seed(0)
        ours = np.array([_without_replacement(target, law, num_draws, random) for target, law in pairs])
        theirs = np.array([_independent(target, law) for target, law in pairs])
        ours -= ours[:, :1] - theirs[:, :1]  # the first stands as often either way: the rest is luck
        rows += [_row(window, count, ours[:, at], theirs[:, at]) for at, count in enumerate(_COUNTS)]
    settings = {"positions": num_prompts * per_prompt, "draws": num_draws, "temperature": 1.0}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _laws(loaded: Loaded, num_prompts: int, per_prompt: int) -> dict[int, list[tuple[Tensor, Tensor]]]:
    """Give, for each window, what follows each position by the whole text before it and by its newest."""
    found: dict[int, list[tuple[Tensor, Tensor]]] = {window: [] for window in _WINDOWS}
    for asked in prompts(loaded.tokenizer, 0, num_prompts):
        ids = list(asked.token_ids)
        places = np.linspace(_FIRST, len(ids) - 1, per_prompt).round().astype(int).tolist()
        with torch.inference_mode():
            whole = loaded.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, places]
            for window, pairs in found.items():
                newest = torch.tensor([windows(ids[: place + 1], [()], window)[0] for place in places])
                short = loaded.model(input_ids=newest, use_cache=False, logits_to_keep=1).logits[:, -1]
                pairs += [
                    (law_of(one, 1.0), law_of(other, 1.0)) for one, other in zip(whole, short, strict=True)
                ]
    return found


def _without_replacement(
    target: Tensor, law: Tensor, num_draws: int, random: torch.Generator
) -> list[float]:
    """Give the chance that one of the first k stands, for each k: the mean over draws."""
    found = [_stands(target, law, draw(law, max(_COUNTS), random)) for _ in range(num_draws)]
    means: list[float] = np.array(found).mean(axis=0).tolist()
    return means


def _stands(target: Tensor, law: Tensor, tokens: Sequence[int]) -> list[float]:
    """Give the chance that one of the first k of these siblings stands, for each k."""
    target, law = target.double(), law.double()
    rejected, chances = 1.0, []
    for token_id in tokens:
        rejected *= 1 - min(1.0, float(target[token_id] / law[token_id]))
        chances.append(1 - rejected)
        left = (target - law).clamp(min=0)
        total = float(left.sum())
        target = left / total if total > 0 else target
        law = law.clone()
        law[token_id] = 0
        law /= law.sum()
    return [chances[count - 1] for count in _COUNTS]


def _independent(target: Tensor, law: Tensor) -> list[float]:
    """Give the chance that one of the first k stands, of those drawn with replacement."""
    rejected, chances = 1.0, []
    for _ in range(max(_COUNTS)):
        rejected *= 1 - float(torch.minimum(target, law).sum())
        chances.append(1 - rejected)
        left = (target - law).clamp(min=0)
        target = left / left.sum()
    return [chances[count - 1] for count in _COUNTS]


def _row(window: int, count: int, ours: Any, theirs: Any) -> dict[str, Any]:  # Any: arrays
    drawn = np.random.default_rng(0).integers(len(ours), size=(_SAMPLES, len(ours)))
    low, high = np.quantile((ours - theirs)[drawn].mean(axis=1), (0.025, 0.975)).round(3).tolist()
    return {
        "window": window,
        "siblings": count,
        "independent": round(float(theirs.mean()), 3),
        "without_replacement": round(float(ours.mean()), 3),
        "gain": round(float((ours - theirs).mean()), 3),
        "gain_low": low,
        "gain_high": high,
    }
