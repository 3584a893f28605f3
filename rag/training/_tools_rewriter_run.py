"""One run of the rewriter's training on the carried language model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rag.core.protocols import Encoder
from rag.core.types import Vector
from rag.generation.backends._smollm2 import ensure_model
from rag.training._tools_data import Catalogue
from rag.training._tools_rewriter import Rewriter, preferences, rank_sum

_REWRITES = 4
_RATE, _BETA = 2e-4, 0.1


def train_rewriter(
    each: Catalogue, vectors: Vector, encoder: Encoder, *, models_dir: Path, requests: int
) -> dict[str, object]:
    """Learn from the first requests of a catalogue; compare the rank sums of the next as many.

    Args:
        each: tools and requests, of which twice `requests` are taken.
        vectors: (N, D) of the tools, under the frozen encoder that judges rewrites.
        encoder: that encoder.
        models_dir: where the language model is kept.
        requests: how many are learned from, and how many are judged.
    """
    torch.manual_seed(0)
    folder = ensure_model(models_dir)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rewriter = Rewriter(model, AutoTokenizer.from_pretrained(folder))

    def scores(text: str) -> Vector:
        found: Vector = encoder.encode([text])[0] @ vectors.T
        return found

    def ranks(pairs: Sequence[tuple[str, Sequence[int]]], count: int) -> float:
        texts = [[*rewriter.rewrites(text, count), text][0] if count else text for text, _ in pairs]
        return float(
            np.mean([rank_sum(scores(t), gold) for t, (_, gold) in zip(texts, pairs, strict=True)])
        )

    asked = list(zip(each.requests, each.gold, strict=True))
    learned, judged = asked[:requests], asked[requests : 2 * requests]
    before = ranks(judged, 1)
    pairs = preferences(learned, lambda text: rewriter.rewrites(text, _REWRITES), scores)
    losses = rewriter.learn(pairs, rate=_RATE, beta=_BETA)
    return {
        "requests": len(learned),
        "preferences": len(pairs),
        "first losses": float(np.mean(losses[:8])),
        "last losses": float(np.mean(losses[-8:])),
        "mean rank sum of requests as they are": ranks(judged, 0),
        "of rewrites before training": before,
        "of rewrites after training": ranks(judged, 1),
    }
