"""Whether a model answers the same with passages read elsewhere: measured once a model, and then known.

Knows how answers are compared and where the share is kept; how passages are reused is _reusing.py.
"""

import hashlib
import json
from pathlib import Path
from threading import Event
from typing import Any

import torch

from rag.core.errors import InvalidInputError
from rag.generation.backends._calibration import calibration_prompts
from rag.generation.backends._chat import chat_tokens
from rag.generation.backends._reusing import PassageReader, read_all
from rag.generation.kv._heads import fingerprint
from rag.generation.speculation._cache import PlainCache

__all__ = ["agreement", "answer", "calibration", "require_agreement"]

_ANSWER_TOKENS = 16


def require_agreement(loaded: Any, reader: PassageReader, *, folder: Path, least: float) -> None:
    """Let a model reuse passages if its answers agree; measured unless the folder has the share already.

    Args:
        loaded: the model and its tokenizer; Any: transformers' classes are made at run time.
        reader: as it will be used; its store is empty, and is so afterwards.
        folder: where what was found out about models is kept.
        least: share of the questions, from 0 to 1.

    Raises:
        InvalidInputError: the share is smaller.
    """
    prompts = calibration(loaded.tokenizer)
    asked = hashlib.sha256(repr((reader.form.name, reader.repaired_tokens, prompts)).encode())
    path = folder / f"passage_reuse-{fingerprint(loaded.model)}-{asked.hexdigest()[:8]}.json"
    if path.is_file():
        share = float(json.loads(path.read_text())["agreement"])
    else:
        share = agreement(loaded, reader, prompts)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps({"agreement": share, "questions": len(prompts)}))
        unfinished.replace(path)
    if share < least:
        raise InvalidInputError(
            "kv_reuse passages is refused for this model: it gave the same answer with and without to"
            f" {share:.0%} of {len(prompts)} questions, and {least:.0%} are needed (kv_reuse_agreement);"
            " take kv_reuse prefix, which changes no answer"
        )


def agreement(loaded: Any, reader: PassageReader, prompts: list[list[int]]) -> float:
    """Give the share of prompts that are answered with the same first tokens with and without reuse."""
    never, same = Event(), 0
    with torch.inference_mode():
        for token_ids in prompts:
            plain = PlainCache()
            read_all(loaded.model, plain, token_ids[:-1], never)
            cache, unread = reader.read(loaded, token_ids, never)
            same += answer(loaded, plain, token_ids[-1:]) == answer(loaded, cache, unread)
    reader.store.clear()
    return same / len(prompts)


def answer(loaded: Any, cache: Any, unread: list[int], *, most: int = _ANSWER_TOKENS) -> list[int]:
    """Write up to so many tokens, greedily, behind what the cache holds."""
    written: list[int] = []
    while len(written) < most:
        inputs = torch.tensor([unread], device=loaded.model.device)
        output = loaded.model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        unread = [int(output.logits[0, -1].argmax())]
        written += unread
        if unread[0] in loaded.stop_ids:
            break
    return written


def calibration(tokenizer: Any) -> list[list[int]]:
    """Give the prompts that agreement is measured on, as tokens."""
    return [chat_tokens(tokenizer, chat) for chat in calibration_prompts()]
