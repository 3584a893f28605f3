"""A small causal model of random weights whose answers repeat themselves, and prompts for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from rag.encoders._precision import Precision
from rag.generation.backends.transformers import Transformers
from rag.networks._weights import save_weights
from rag.networks.fspad import FspadHead
from rag.networks.hidden_transfer import TransferMaps

__all__ = ["SIZE", "generator", "prompts", "proposal"]

SIZE = 48  # tokens, the end among them


def generator(
    folder: Path,
    *,
    no_repeat_tokens: int = 0,
    speculation: str | Mapping[str, Any] = "none",
    max_batch: int | None = None,
    precision: Precision = "auto",
) -> Transformers:
    """Give a generator with a model of two layers, made in the folder where it holds none."""
    if not (folder / "config.json").exists():
        tokenizer = Tokenizer(models.WordLevel({f"w{number}": number for number in range(SIZE)}, "w0"))
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="w1").save_pretrained(folder)
        config = LlamaConfig(
            vocab_size=SIZE,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            initializer_range=0.3,
            eos_token_id=1,
        )
        torch.manual_seed(5)
        LlamaForCausalLM(config).save_pretrained(folder)
    return Transformers(
        folder,
        str(folder),
        no_repeat_tokens=no_repeat_tokens,
        speculation=speculation,
        max_batch=max_batch,
        precision=precision,
    )


def prompts(count: int) -> list[list[int]]:
    """Give prompts of 5 to 40 tokens; the end is none of them."""
    random = torch.Generator().manual_seed(11)
    sizes = torch.randint(5, 40, (count,), generator=random).tolist()
    return [torch.randint(2, SIZE, (size,), generator=random).tolist() for size in sizes]


def proposal(name: str, folder: Path) -> str | dict[str, Any]:
    """Name a proposer, with heads of random weights where it needs some, made for the folder's model."""
    if name not in ("hidden_transfer", "fspad"):
        return name
    heads = folder / f"{name}-heads"
    if not heads.exists():
        model = generator(folder)._load().model
        torch.manual_seed(6)
        made = TransferMaps(32, [1, 1, 2]) if name == "hidden_transfer" else FspadHead(model)
        for weights in made.parameters():
            torch.nn.init.normal_(weights, std=0.3)
        save_weights(name, made.state_dict(), heads)
    return {"kind": name, "options": {"heads": str(heads)}}
