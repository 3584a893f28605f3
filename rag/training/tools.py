"""Align requests with tools: `python -m rag.training tools --write`.

The light variant: a low-rank residual map of MiniLM's vectors on each side, learned by telling the needed
tool of a request from all others of its catalogue. `--rewriter` trains the variant with a language model
instead (_tools_rewriter_run.py); it is measured, its weights are not kept.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from rag.core.protocols import Encoder
from rag.encoders._cache import CachedEncoder
from rag.encoders.minilm import Minilm
from rag.evaluation.metrics import sufficiency
from rag.networks._weights import save_weights
from rag.networks.tools import ToolAlignment
from rag.retrieval._tool_index import ToolIndex, tool_vectors
from rag.training._optimisers import LinearAdamW
from rag.training._recipes import add_choices, chosen
from rag.training._tools_data import Catalogue, development_sets, training_sets
from rag.training._tools_rewriter_run import train_rewriter

__all__ = ["contrastive_loss", "main"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice of a training run."""

    rank: Annotated[int, "of the projection's low-rank update"] = 64
    rate: Annotated[float, "learning rate"] = 1e-3
    temperature: Annotated[float, "of the similarities"] = 0.05
    stay: Annotated[float, "weight of the penalty for moving vectors"] = 2.0
    batch: Annotated[int, "requests"] = 64
    epochs: Annotated[int, "how often every request is read"] = 4
    limit: Annotated[int, "questions of MetaTool"] = 6000
    seed: Annotated[int, "of what is drawn at random"] = 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the recipe and what it reaches on held-out requests, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m rag.training tools", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/tools"), help="vectors")
    parser.add_argument("--write", action="store_true", help="write rag/networks/weights/tools.safetensors")
    parser.add_argument("--report", action="store_true", help="also on the requests kept for reports")
    parser.add_argument("--rewriter", type=int, default=0, help="train the rewriter on so many requests")
    parser.add_argument("--models", type=Path, default=Path("~/.grove/models").expanduser())
    add_choices(parser, Recipe)
    options = vars(parser.parse_args(arguments))
    recipe = chosen(Recipe, options)
    encoder = CachedEncoder(Minilm(batch_size=32), options["work"] / "vectors.db")
    sets = training_sets(options["data"], recipe.limit)
    if options["rewriter"]:
        vectors = tool_vectors(sets[0].tools, encoder)
        where, count = options["models"], options["rewriter"]
        figures = train_rewriter(sets[0], vectors, encoder, models_dir=where, requests=count)
        print(json.dumps(figures, indent=2))
        return
    alignment = trained(recipe, sets, encoder)
    report: dict[str, object] = {
        "recipe": asdict(recipe),
        "requests": [len(each.requests) for each in sets],
    }
    report["held out"] = _figures(development_sets(options["data"]), encoder, alignment)
    if options["report"]:
        report["report"] = _figures(development_sets(options["data"], report=True), encoder, alignment)
    print(json.dumps(report, indent=2))
    if options["write"]:
        save_weights("tools", {name: tensor.half() for name, tensor in alignment.state_dict().items()})


def trained(recipe: Recipe, sets: Sequence[Catalogue], encoder: Encoder) -> ToolAlignment:
    """Learn from the requests of every catalogue, in batches of one catalogue each."""
    torch.manual_seed(recipe.seed)
    chooser = np.random.default_rng(recipe.seed)
    alignment = ToolAlignment(encoder.dim, recipe.rank)
    vectors = [
        (
            torch.from_numpy(encoder.encode(each.requests)),
            torch.from_numpy(tool_vectors(each.tools, encoder)),
        )
        for each in sets
    ]
    batches = [
        (number, chosen)
        for _ in range(recipe.epochs)
        for number, each in enumerate(sets)
        for chosen in np.array_split(
            chooser.permutation(len(each.requests)), -(-len(each.requests) // recipe.batch)
        )
    ]
    optimiser = LinearAdamW(
        alignment.parameters(), rate=recipe.rate, warmup_steps=len(batches) // 20, steps=len(batches)
    )
    for place in chooser.permutation(len(batches)):
        number, chosen = batches[place]
        requests, tools = vectors[number][0][chosen], vectors[number][1]
        moved = alignment(requests, "query"), alignment(tools, "tool")
        wanted = torch.zeros(len(chosen), len(tools), dtype=torch.bool)
        for row, request in enumerate(chosen):
            wanted[row, sets[number].gold[request]] = True
        loss = contrastive_loss(moved[0] @ moved[1].T, wanted, temperature=recipe.temperature)
        moves = ((moved[0] - requests) ** 2).sum(1).mean() + ((moved[1] - tools) ** 2).sum(1).mean()
        torch.autograd.backward(loss + recipe.stay * moves)
        optimiser.step()
    return alignment.requires_grad_(False).eval()


def contrastive_loss(scores: Tensor, wanted: Tensor, *, temperature: float) -> Tensor:
    """Give the mean over the wanted pairs of -log of a pair's share among itself and all unwanted ones.

    Args:
        scores: (B, N) cosines of requests and tools.
        wanted: (B, N) bool, a tool or more a request; they are not each other's negatives.
        temperature: what scores are divided by.
    """
    logits = scores / temperature
    others = logits.masked_fill(wanted, -torch.inf).logsumexp(dim=1, keepdim=True)
    return (torch.logaddexp(logits, others) - logits)[wanted].mean()


def _figures(
    sets: dict[str, Catalogue], encoder: Encoder, alignment: ToolAlignment
) -> dict[str, dict[str, float]]:
    """Give sufficiency@5 of MiniLM alone, of aligned vectors, of the index without and with them."""
    found = {}
    for name, each in sets.items():
        requests, tools = encoder.encode(each.requests), tool_vectors(each.tools, encoder)
        plain = encoder.encode([f"{tool.name}\n{tool.description}" for tool in each.tools])
        indexes = {"index, not aligned": None, "index": alignment}
        found[name] = {
            "MiniLM": _sufficient(requests @ plain.T, each),
            "aligned": _sufficient(alignment.queries(requests) @ alignment.tools(tools).T, each),
        } | {way: _index_figure(each, encoder, moved) for way, moved in indexes.items()}
    return found


def _index_figure(each: Catalogue, encoder: Encoder, alignment: ToolAlignment | None) -> float:
    index = ToolIndex(each.tools, encoder, alignment=alignment)
    return _sufficient(np.stack([index.scores(request) for request in each.requests]), each)


def _sufficient(scores: np.ndarray, each: Catalogue) -> float:
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    judged = [
        sufficiency([str(number) for number in ranking], {str(tool): 1.0 for tool in gold}, k=5)
        for ranking, gold in zip(ranked, each.gold, strict=True)
    ]
    return round(float(np.mean(judged)), 4)
