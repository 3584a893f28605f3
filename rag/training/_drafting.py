"""The command that trains heads which draft, and what it reports: how many tokens a pass they give.

Held-out prompts are answered greedily by the loop that the generator runs: without drafts, with untrained
heads, and with trained ones. Answers are the same; passes are counted.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rag.encoders._model_digest import model_digest
from rag.generation.backends._choice import TokenChoice
from rag.generation.backends._loading import Loaded, load_model
from rag.generation.backends._packing import pack_linears
from rag.generation.backends._proposing import build_proposer
from rag.generation.backends._smollm2 import SMOLLM2, model_folder
from rag.generation.backends._tree_reading import TreeReader, run
from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._decoding import decode
from rag.generation.speculation._drafts import NOTHING, Draft, Proposer, State
from rag.networks._weights import save_weights
from rag.training._drafting_run import Method, Run
from rag.training._drafting_texts import SETS, held_out_passages, held_out_prompts, load_texts
from rag.training._recipes import add_choices, chosen

__all__ = ["Drafted", "drafted", "save_heads", "train"]


def train(method: Method, description: str | None, arguments: Sequence[str] | None) -> None:
    """Train by a method, print the report as JSON, and write weights and a card where they are wanted."""
    options = vars(_parser(method, description).parse_args(arguments))
    torch.set_num_threads(options["threads"])
    recipe = chosen(method.recipe, options)
    folder = model_folder(options["model"], options["models"])
    loaded = _loaded(folder, options["device"])
    of_model = options["work"] / model_digest(folder)
    texts = load_texts(
        loaded,
        options["data"],
        of_model,
        limit=recipe.limit,
        length=recipe.length,
        written=recipe.written,
    )
    held_out = held_out_prompts(loaded, options["data"], options["report"])
    passages = held_out_passages(loaded, options["data"], options["report"], recipe.length)
    work = of_model / method.name
    training = Run(method, recipe, loaded.model, texts, work)
    save_heads(method.name, training, work / "untrained")
    foreseen = {"untrained": training.foreseen(passages)}
    for number in range(1, recipe.checkpoints + 1):
        training.checkpoint(number)
    target = options["write"] or work / "trained"
    save_heads(method.name, training, target)
    report: dict[str, Any] = {  # Any: JSON
        "recipe": asdict(recipe),
        "model": options["model"],
        "texts": len(texts),
        "steps": training.steps,
        "foreseen in held out passages": foreseen | {"trained": training.foreseen(passages)},
        "held out prompts": len(held_out),
        "answers": _report(method.name, loaded, held_out, target, work, options["answer"]),
    }
    (target / f"{method.name}.md").write_text(_card(method.name, report))
    print(json.dumps(report, indent=2))


def save_heads(name: str, training: Run, folder: Path) -> None:
    """Write the heads as they are, in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = training.heads.state_dict().items()
    save_weights(name, {key: _half(tensor) for key, tensor in weights}, folder)


@dataclass(frozen=True, slots=True)
class Drafted:
    """What answers took, behind the passes of their prompts."""

    tokens: int
    passes: int
    seconds: float  # of CPU; on a GPU they say little

    def figures(self) -> dict[str, float]:
        """Give what is reported."""
        return {
            "tokens a pass": round(self.tokens / max(self.passes, 1), 3),
            "CPU ms a token": round(1000 * self.seconds / max(self.tokens, 1), 1),
        }


def drafted(
    loaded: Loaded, prompts: Sequence[Sequence[int]], proposer: Proposer | None, max_tokens: int
) -> Drafted:
    """Answer all prompts greedily."""
    written, passes, seconds = 0, 0, 0.0
    for prompt in prompts:
        cache = PlainCache()
        choice = TokenChoice(temperature=0, seed=0, no_repeat_tokens=8)
        with torch.inference_mode():
            inputs = torch.tensor([list(prompt)], device=loaded.model.device)
            output = run(
                loaded.model,
                proposer,
                input_ids=inputs,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            first = choice.choose(output.logits[0, -1])
            choice.accept(first)
            read = TreeReader(loaded.model, cache, str(loaded.model.device), proposer)
            steps = decode(
                read,
                cache=cache,
                proposer=proposer or _Nothing(),
                choice=choice,
                state=State([*prompt, first]),
                max_tokens=max_tokens - 1,
            )
            started = time.process_time()
            for token_id in steps:
                if token_id in loaded.stop_ids:
                    break
                written += 1
            seconds += time.process_time() - started
        passes += read.passes
    return Drafted(written, passes, seconds)


class _Nothing:
    """Plain decoding."""

    def begin(self, state: State) -> None:
        pass

    def propose(self, state: State) -> Draft:
        return NOTHING

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        pass


def _report(
    name: str, loaded: Loaded, prompts: Sequence[Sequence[int]], trained: Path, work: Path, max_tokens: int
) -> dict[str, dict[str, float]]:
    pack_linears(loaded.model)  # as the generator does where it drafts
    found = {"no drafts": drafted(loaded, prompts, None, max_tokens).figures()}
    ways: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("prompt lookup", "lookup", {}),
        ("untrained", name, {"heads": str(work / "untrained")}),
        ("trained", name, {"heads": str(trained)}),
    )
    for way, kind, options in ways:
        proposer = build_proposer(kind, options, loaded=lambda: loaded, device=str(loaded.model.device))
        found[way] = drafted(loaded, prompts, proposer, max_tokens).figures()
    return found


def _half(tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if tensor.is_floating_point() else tensor


def _loaded(folder: Path, device: str) -> Loaded:
    device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    loaded = load_model(folder, attention=None, device=device)
    loaded.model.float()  # heads learn in it, whatever the weights are stored in
    return loaded


def _card(name: str, report: dict[str, Any]) -> str:  # Any: JSON
    return (
        f"# {name}: heads that draft for {report['model']}\n\n"
        f"Used by `rag/generation/speculation/{name}.py`, which names this folder as its option `heads`;"
        " of no use for another model.\n\n"
        f"Trained by `python -m rag.training {name.replace('_', '-')}` on questions with passages of"
        f" train_qa_english ({', '.join(SETS)}; CC BY-SA, Apache-2.0) and the model's own answers.\n\n"
        f"```json\n{json.dumps(report, indent=2)}\n```\n"
    )


def _parser(method: Method, description: str | None) -> argparse.ArgumentParser:
    name = method.name.replace("_", "-")
    parser = argparse.ArgumentParser(prog=f"python -m rag.training {name}", description=description)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/drafting"), help="texts and checkpoints")
    parser.add_argument("--model", default=SMOLLM2, help="or the folder of a model of the Llama kind")
    models = Path(sys.prefix) / "share" / "grove" / "models"
    parser.add_argument("--models", type=Path, default=models, help="where SmolLM2 is kept")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is some), cpu, cuda")
    parser.add_argument("--report", type=int, default=24, help="held-out prompts that are answered")
    parser.add_argument("--answer", type=int, default=64, help="tokens of each of those answers")
    parser.add_argument("--write", type=Path, help="write the heads and their card into this folder")
    add_choices(parser, method.recipe)
    return parser
