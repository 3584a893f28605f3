"""The decoding engine on another device than the CPU: the same tokens, how fast, in how much memory.

A model of SmolLM2's shape with random weights, for the question is what is computed, not what is said.
Needs torch and transformers alone.
"""

import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from rag.core.registry import Family
from rag.generation.backends._tree_reading import TreeReader
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Reading
from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._decoding import decode
from rag.generation.speculation._drafts import State
from rag.generation.speculation.lookup import Lookup

__all__ = ["SMOLLM2", "compression", "parts_at_a_tie", "speculation"]

SMOLLM2 = LlamaConfig(
    vocab_size=49_152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
    num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=8192,
    rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
    tie_word_embeddings=True, bos_token_id=None, eos_token_id=1,
)  # fmt: skip
_POLICIES = ("streaming", "snapkv", "keydiff", "expected", "ems")
_BUDGET = 0.25
_PIECE = 512
_MANTISSA_BITS = 7  # of bfloat16
_MAX_STEPS = 2


class _Greedy:
    """The likeliest token each time."""

    temperature = 0.0
    random = torch.Generator()
    has_law = True

    def choose(self, logits: Tensor) -> int:
        return int(logits.argmax())

    def law(self, logits: Tensor) -> Tensor:
        raise NotImplementedError

    def accept(self, token_id: int) -> None:
        pass


def compression(
    config: LlamaConfig, device: str, dtype: torch.dtype, *, tokens: int, new: int
) -> list[dict[str, Any]]:
    """Give a row a policy: is a full budget exact, what share of the bytes a quarter takes, its speed."""
    model, prompt = _model(config, device, dtype), _prompt(config, tokens)
    plain, _, _ = _written(model, PlainCache(), prompt, new)
    rows: list[dict[str, Any]] = []
    for name in _POLICIES:
        whole, _, full_bytes = _written(model, _compressed(model, name, 1.0, prompt), prompt[-1:], new)
        smaller = _compressed(model, name, _BUDGET, prompt)
        held = _held(device)
        _, seconds, num_bytes = _written(model, smaller, prompt[-1:], new)
        rows.append(
            {
                "check": f"kv {name}, {dtype}".replace("torch.", ""),
                **_equal(model, prompt, plain, whole),
                "tokens": tokens,
                "share_of_bytes": round(num_bytes / full_bytes, 3),
                "tokens_per_second": round(new / seconds, 1),
                **held,
                **_peak(device),
            }
        )
        del smaller
    return rows


def speculation(
    config: LlamaConfig, device: str, dtype: torch.dtype, *, tokens: int, new: int
) -> list[dict[str, Any]]:
    """Give one row: are the tokens those of plain decoding, and how fast each is."""
    model, prompt = _model(config, device, dtype), _prompt(config, tokens)
    plain, plain_seconds, _ = _written(model, PlainCache(), prompt, new)
    cache = PlainCache()
    first = int(_read(model, cache, prompt).argmax())
    held = _held(device)
    read = TreeReader(model, cache, device)
    state = State([*prompt, first])
    started = time.perf_counter()
    with torch.inference_mode():
        steps = decode(
            read, cache=cache, proposer=Lookup(), choice=_Greedy(), state=state, max_tokens=new - 1
        )
        drafted = [first, *steps]
    seconds = time.perf_counter() - started
    return [
        {
            "check": f"speculation lookup, {dtype}".replace("torch.", ""),
            **_equal(model, prompt, plain, drafted),
            "tokens_per_pass": round((new - 1) / read.passes, 2),
            "plain_tokens_per_second": round(new / plain_seconds, 1),
            "tokens_per_second": round(new / seconds, 1),
            **held,
            **_peak(device),
        }
    ]


def parts_at_a_tie(model: Any, prompt: Sequence[int], plain: Sequence[int], other: Sequence[int]) -> bool:
    """Tell whether the two tokens at which answers part are within two steps of bfloat16 of each other.

    Args:
        model: in bfloat16; Any: transformers' classes are made at run time.
        prompt: as tokens.
        plain: what plain decoding writes.
        other: what was written otherwise.
    """
    place = next(place for place, (one, two) in enumerate(zip(plain, other, strict=False)) if one != two)
    cache = PlainCache()
    logits = _read(model, cache, prompt)
    for token_id in plain[:place]:  # as plain decoding reads
        logits = _read(model, cache, [token_id])
    best = float(logits[plain[place]])
    assert best == float(logits.max())
    step = 2.0 ** (math.floor(math.log2(abs(best))) - _MANTISSA_BITS)
    return best - float(logits[other[place]]) < _MAX_STEPS * step


def _model(config: LlamaConfig, device: str, dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    model = LlamaForCausalLM(config).to(device=device, dtype=dtype).eval()
    use_ragged_attention(model)
    return model


def _prompt(config: LlamaConfig, tokens: int) -> list[int]:
    """Give random tokens, a run of which comes twice."""
    random = torch.Generator().manual_seed(1)
    half = torch.randint(2, config.vocab_size, (tokens - tokens // 2,), generator=random).tolist()
    return (half + half)[:tokens]


@torch.inference_mode()
def _read(model: Any, cache: Any, token_ids: Sequence[int]) -> Tensor:
    for start in range(0, len(token_ids), _PIECE):
        piece = torch.tensor([list(token_ids[start : start + _PIECE])], device=model.device)
        output = model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
    logits: Tensor = output.logits[0, -1].float().cpu()
    return logits


def _compressed(model: Any, name: str, budget: float, prompt: Sequence[int]) -> RaggedCache:
    policy = Family("rag.generation.kv").load(name)(budget)
    seen = policy.observe(model)
    cache = RaggedCache(model.config.num_hidden_layers).observe(seen)
    _read(model, cache, prompt[:-1])
    with torch.inference_mode():
        policy.compress(cache, Reading(model, list(prompt[:-1]), seen))
    return cache


def _written(model: Any, cache: Any, unread: Sequence[int], new: int) -> tuple[list[int], float, int]:
    """Give the tokens written behind, the seconds a token by token took, and the bytes of the cache."""
    written = [int(_read(model, cache, unread).argmax())]
    started = time.perf_counter()
    while len(written) < new:
        written.append(int(_read(model, cache, written[-1:]).argmax()))
    seconds = time.perf_counter() - started
    return written, seconds, getattr(cache, "num_bytes", 0)


def _held(device: str) -> dict[str, Any]:
    """Give what is allocated once a prompt is read, the weights too; the peak counts from here."""
    if not device.startswith("cuda"):
        return {}
    torch.cuda.reset_peak_memory_stats()
    return {"held_megabytes": torch.cuda.memory_allocated() // 2**20}


def _peak(device: str) -> dict[str, Any]:
    if not device.startswith("cuda"):
        return {}
    return {"peak_megabytes": torch.cuda.max_memory_allocated() // 2**20}


def _equal(
    model: Any, prompt: Sequence[int], plain: Sequence[int], other: Sequence[int]
) -> dict[str, bool]:
    """Tell whether two answers are the same, and whether they are but for a tie in half precision."""
    is_same = other == plain
    is_half = model.dtype == torch.bfloat16
    return {
        "equal": is_same or (is_half and parts_at_a_tie(model, prompt, plain, other)),
        "same": is_same,
    }
