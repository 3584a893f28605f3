"""kvpress's presses over the texts of benchmarks/kv.py, in an environment of its own.

`python _peer_kvpress.py JOB`: the file has the model's folder, budgets, and texts as token ids. Each text
is read once, in one pass as kvpress needs it; all presses that score layer by layer are asked there, with
what their own hook hands them. KVzip then reads the text again, once for all budgets. Prints as JSON what
each press found at each budget, the entries that count and the bytes that are held.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from kvpress import AdaKVPress, ExpectedAttentionPress, KeyDiffPress, KVzipPress, SnapKVPress
from transformers import AutoModelForCausalLM, DynamicCache
from transformers.utils.logging import disable_progress_bar

Masks = list[Any]  # of each layer: (batch, head, place) of keys that do not count, or None


@dataclass
class Smaller:
    """A cache that a press made smaller, and what of it is masked."""

    cache: DynamicCache
    masks: Masks = field(default_factory=list)

    @property
    def kept(self) -> int:
        """Count the (head, token) entries that count."""
        held: int = sum(layer.keys.shape[1] * layer.keys.shape[2] for layer in self.cache.layers)
        return held - sum(len(mask[0]) for mask in self.masks if mask is not None)

    @property
    def num_bytes(self) -> int:
        """Count what is held."""
        held: int = sum(layer.keys.nbytes + layer.values.nbytes for layer in self.cache.layers)
        return held


class SharedKvzip(KVzipPress):  # type: ignore[misc]  # has no types here
    """KVzip that chooses for several budgets by the same score."""

    budgets: Sequence[float] = ()
    masks: dict[float, Masks]

    def compress_post(self, model: Any) -> None:
        """Note the masks of each budget."""
        self.masks = {}
        for budget in self.budgets:
            self.compression_ratio = 1 - budget
            super().compress_post(model)
            self.masks[budget] = [layer.self_attn.masked_key_indices for layer in model.model.layers]


def presses() -> dict[str, Any]:
    """Give those that score layer by layer."""
    return {
        "kvpress SnapKV": SnapKVPress(),
        "kvpress KeyDiff": KeyDiffPress(),
        "kvpress ExpectedAttention": ExpectedAttentionPress(),
        "kvpress AdaKV of ExpectedAttention": AdaKVPress(ExpectedAttentionPress()),
    }


@contextmanager
def asked(model: Any, budgets: list[float]) -> Iterator[dict[tuple[str, float], Smaller]]:
    """Ask all presses at all budgets in the pass that runs inside."""
    found: dict[tuple[str, float], Smaller] = {}

    def hook(module: Any, _: Any, kwargs: dict[str, Any], output: Any) -> None:
        layer = kwargs["past_key_values"].layers[module.layer_idx]
        for name, press in presses().items():
            for budget in budgets:
                press.compression_ratio = 1 - budget
                module.masked_key_indices = None
                keys, values = press.compress(
                    module, kwargs["hidden_states"], layer.keys, layer.values, output[1], kwargs
                )
                smaller = found.setdefault((name, budget), Smaller(DynamicCache()))
                smaller.cache.update(keys, values, module.layer_idx)
                smaller.masks.append(module.masked_key_indices)
        module.masked_key_indices = None

    for layer in model.model.layers:
        layer.self_attn.rotary_emb = model.model.rotary_emb
    hooks = [layer.self_attn.register_forward_hook(hook, with_kwargs=True) for layer in model.model.layers]
    try:
        yield found
    finally:
        for each in hooks:
            each.remove()


def read(model: Any, token_ids: list[int], budgets: list[float]) -> dict[tuple[str, float], Smaller]:
    """Read a text; give it whole, and as each press leaves it."""
    whole = DynamicCache()
    kvzip = SharedKvzip(compression_ratio=0.5)  # any but 0; `budgets` decide
    kvzip.budgets = budgets
    with kvzip(model), asked(model, budgets) as found:
        model(input_ids=torch.tensor([token_ids]), past_key_values=whole, logits_to_keep=1)
    for budget, masks in kvzip.masks.items():
        found["kvpress KVzip", budget] = Smaller(whole, masks)
    found["kvpress, all of it", 1.0] = Smaller(whole, [None] * len(whole.layers))
    return found


def answered(model: Any, smaller: Smaller, text: dict[str, list[int]]) -> tuple[bool, float]:
    """Say whether the model's first choices are the answer, and give the logarithm of its chance."""
    for layer, mask in zip(model.model.layers, smaller.masks, strict=True):
        layer.self_attn.masked_key_indices = mask
    ids, answer = [*text["behind"], *text["answer"][:-1]], text["answer"]
    first = len(text["context"])
    output = model(
        input_ids=torch.tensor([ids]),
        past_key_values=deepcopy(smaller.cache),  # masked keys are overwritten
        position_ids=torch.arange(first, first + len(ids))[None],
        logits_to_keep=len(answer),
    )
    logits, wanted = output.logits[0].float(), torch.tensor(answer)
    chances = logits.log_softmax(dim=-1).gather(1, wanted[:, None]).sum()
    return bool((logits.argmax(dim=-1) == wanted).all()), float(chances)


def main(job: Path) -> None:
    """Run all texts."""
    asked_for = json.loads(job.read_text())
    disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(
        asked_for["model"], dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
    ).eval()
    rows: dict[tuple[str, float], dict[str, list[Any]]] = {}
    for number, text in enumerate(asked_for["texts"], start=1):
        with torch.inference_mode():
            found = read(model, text["context"], asked_for["budgets"])
            entries = found["kvpress, all of it", 1.0].kept
            for key, smaller in found.items():
                right, logp = answered(model, smaller, text)
                row = rows.setdefault(key, {"right": [], "logp": [], "kept": [], "num_bytes": []})
                row["right"].append(right)
                row["logp"].append(logp)
                row["kept"].append(smaller.kept / entries)
                row["num_bytes"].append(smaller.num_bytes)
        counts = ", ".join(f"{name} {budget} {sum(row['right'])}" for (name, budget), row in rows.items())
        print(f"{number}: {counts}", file=sys.stderr, flush=True)
    print(json.dumps([{"policy": name, "budget": budget, **row} for (name, budget), row in rows.items()]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
