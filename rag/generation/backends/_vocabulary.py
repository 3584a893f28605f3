"""What a model finds likely behind each token of its vocabulary where an answer begins with it.

Read once for a model, and kept beside it. Knows how a model is asked; who drafts by it is others' business.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rag.encoders._precision import matrix_dtype
from rag.generation.backends._loading import Loaded
from rag.generation.kv._heads import fingerprint
from rag.generation.speculation._adjacency import RANKS
from rag.generation.speculation._cache import PlainCache

__all__ = ["likely_followers", "read_vocabulary"]

_BATCH = 512  # however few tokens there are: packed weights (_packing.py) take no bfloat16
_MESSAGES = [{"role": "user", "content": ""}]


def likely_followers(loaded: Loaded, folder: Path | None) -> Tensor:
    """Give `read_vocabulary` of a model, from a file of the folder if it was read before."""
    path = folder / f"likely_followers-{fingerprint(loaded.model)}.npy" if folder else None
    if path is not None and path.is_file():
        return torch.from_numpy(np.load(path))
    followers = read_vocabulary(loaded)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.save(file, followers.numpy())
        unfinished.replace(path)
    return followers


def read_vocabulary(loaded: Loaded) -> Tensor:
    """Give (V, at most 8) int32, the likeliest behind each token, the likeliest first.

    Each is read alone behind what opens an answer: a pass of a single token each, half a minute to two
    minutes of a core for SmolLM2. Where the processor has a unit for it, matrices are multiplied in
    bfloat16, for what is drafted changes no answer.
    """
    model, opening = loaded.model, _opening(loaded.tokenizer)
    device = model.device
    size = model.config.get_text_config().vocab_size
    is_half = matrix_dtype("auto", device.type) == torch.bfloat16
    cache = PlainCache()
    rows = []
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=is_half):
        if opening:
            inputs = torch.tensor([opening], device=device).expand(_BATCH, -1)
            model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        for start in range(0, size, _BATCH):
            token_ids = torch.arange(start, start + _BATCH, device=device).clamp(max=size - 1)
            output = model(input_ids=token_ids[:, None], past_key_values=cache, use_cache=True)
            rows.append(output.logits[:, -1].topk(min(RANKS, size)).indices.to("cpu", torch.int32))
            cache.keep(1, [])
    return torch.cat(rows)[:size]


def _opening(tokenizer: Any) -> list[int]:  # Any: of transformers
    """Give the tokens that a chat's template puts before an answer; those that begin a text without one."""
    if tokenizer.chat_template is None:
        return [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    asked, opened = (
        tokenizer.apply_chat_template(
            _MESSAGES, add_generation_prompt=opens, tokenize=True, return_dict=False
        )
        for opens in (False, True)
    )
    return list(opened[len(asked) :])
