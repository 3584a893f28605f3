"""The decoding engine's policies, a layer at a time and in whole pages.

Scores, protected places and what becomes of the rest are the policies' own (rag/generation/kv). What a page
table cannot hold is refused here, with the reason. Knows no vLLM.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rag.core.errors import InvalidInputError
from rag.core.registry import Family
from rag.generation.kv._allocation import ALLOCATIONS, chosen
from rag.generation.kv._cache import Layer, RaggedCache
from rag.generation.kv._entries import Head
from rag.generation.kv._observations import Observations
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv.razor import Razor
from rag.generation.vllm_plugin.packing import MIN_TOKENS, Plan, pages_of

__all__ = ["POLICIES", "REFUSED", "Compressor", "Kept", "check_policy", "reads_every_token"]

POLICIES = ("critic", "ems", "h2o", "keydiff", "prefixkv", "razor", "snapkv", "streaming")
_BY_WINDOW = ("critic", "ems", "snapkv")  # judge by the newest queries
_ONE_READING = "vLLM reads a prompt once, and another reading would need cache of its own"
_SHARED_TABLE = "all layers of vLLM share one block table, so that the largest layer is what is paid for"
REFUSED: Mapping[str, str] = {
    "kvzip": f"kvzip judges by a second reading: {_ONE_READING}; take snapkv, or kvzip in process",
    "expected": "expected judges by queries before their rotation, which attention never sees; take snapkv",
    "prefixkv_offline": f"prefixkv_offline divides the budget among layers: {_SHARED_TABLE}; take h2o",
}
_ALLOCATIONS = ("uniform", "heads")
_MAX_WINDOW = MIN_TOKENS // 2  # so that the newest tokens stand in the blocks that are always kept


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of one layer of a prompt."""

    pages: tuple[int, ...]  # by head
    heads: tuple[Head, ...]  # whole pages, and behind them what stands in no whole block


class Compressor:
    """One policy, for the layers of one engine."""

    def __init__(
        self, policy: str, budget: float, settings: Mapping[str, Any], *, num_heads: int, block_size: int
    ) -> None:
        """Take the policy.

        Args:
            policy: one of `POLICIES`.
            budget: share of a prompt's whole blocks.
            settings: the policy's own; `allocation` may be `uniform` or `heads`, and razor's `heads` names
                the file that the decoding engine makes, `retrieval_heads-....json`.
            num_heads: KV heads of a layer.
            block_size: tokens of a page.

        Raises:
            InvalidInputError: a policy, an allocation or a setting that cannot be served; with the reason.
        """
        self.budget, self.block_size, self._num_heads = budget, block_size, num_heads
        self._allocation = settings.get("allocation") or _allocation_of(policy)
        self._policy = _built(policy, budget, settings)
        self.retrieving: dict[int, list[int]] = {}
        if isinstance(self._policy, Razor):
            self.retrieving = _retrieving(settings.get("heads"), self._policy.share, budget, num_heads)
        if self._allocation not in _ALLOCATIONS:
            raise InvalidInputError(
                f"allocation {self._allocation!r} gives layers different budgets: {_SHARED_TABLE}; set"
                f" allocation to one of: {', '.join(_ALLOCATIONS)}"
            )
        if self._policy.window > _MAX_WINDOW:
            raise InvalidInputError(f"a window is at most {_MAX_WINDOW} tokens, got {self._policy.window}")
        self.needs_all = _needs_all(self._policy)
        self.needs_window = policy in _BY_WINDOW
        self.has_biases = policy == "razor"

    @property
    def window(self) -> int:
        """Give how many of the newest queries are looked at."""
        return self._policy.window

    def observations(self) -> Observations:
        """Give the notes over one layer of a prompt."""
        return Observations(None, self._policy.needs, self._policy.window)

    def see(self, seen: Observations, keys: Tensor, queries: Tensor, scaling: float) -> None:
        """Note (N, H, D) queries of the newest of the tokens whose (K, T, D) keys are given."""
        layer = Layer(0)
        layer.append(keys, keys)
        seen.see(layer, queries.transpose(0, 1), scaling)

    def kept(self, layer: int, keys: Tensor, values: Tensor, seen: Observations, plan: Plan) -> Kept:
        """Choose what stays of a layer's (K, T, D) keys and values.

        Args:
            layer: its number in the model.
            keys: of all tokens that are made smaller.
            values: theirs.
            seen: what `see` noted of the layer.
            plan: of the prompt.
        """
        cache = RaggedCache(1)
        cache.layers[0].append(keys, values)
        reading = Reading(None, range(plan.num_read), seen)
        scores = self._policy.protected(self._policy.scores(cache, reading))
        whole = plan.num_full * self.block_size
        scores[..., whole:] = torch.inf
        pages = self._pages(layer, scores, plan)
        counts = torch.tensor([[each * self.block_size + plan.num_read - whole for each in pages]])
        heads = tuple(
            self._policy.reduce(*each)
            for each in zip(keys, values, chosen(scores, counts)[0], scores[0], strict=True)
        )
        return Kept(tuple(pages), heads)

    def _pages(self, layer: int, scores: Tensor, plan: Plan) -> list[int]:
        total, count = plan.num_kept * self._num_heads, self._num_heads
        least = min(plan.num_kept, -(-MIN_TOKENS // self.block_size))
        limits = {"total": total, "least": least, "most": plan.num_full}
        if self.retrieving:
            fitting = (total - least * count) // max(1, plan.num_full - least)
            whole = self.retrieving.get(layer, [])[:fitting]
            share = (total - plan.num_full * len(whole)) / max(1, count - len(whole))
            return pages_of([plan.num_full if each in whole else share for each in range(count)], **limits)
        if self._allocation == "uniform":
            return [plan.num_kept] * count
        tokens = total * self.block_size
        inner = scores[..., : plan.num_full * self.block_size]
        shares = ALLOCATIONS[self._allocation](inner, tokens)[0]
        return pages_of([float(each) / self.block_size for each in shares], **limits)


def reads_every_token(policy: str, settings: Mapping[str, Any]) -> bool:
    """Tell whether a policy judges by the attention of every token of a prompt, so that none may be cached.

    Raises:
        InvalidInputError: as `Compressor` does, for what it says of the policy alone.
    """
    return _needs_all(_built(policy, 1.0, settings))


def check_policy(name: str) -> None:
    """Refuse a policy that is not served.

    Raises:
        InvalidInputError: with the reason.
    """
    if name in REFUSED:
        raise InvalidInputError(REFUSED[name])
    if name not in POLICIES:
        raise InvalidInputError(f"no policy {name!r} in vLLM; choose one of: {', '.join(POLICIES)}")


def _allocation_of(policy: str) -> str:
    return "prefix" if policy == "prefixkv" else "uniform"


def _needs_all(policy: Policy) -> bool:
    return "attention" in policy.needs


def _built(name: str, budget: float, settings: Mapping[str, Any]) -> Policy:
    check_policy(name)
    if settings.get("bits") is not None:
        raise InvalidInputError("bits are not for vLLM: its own kv-cache-dtype says how numbers are stored")
    own = {key: value for key, value in settings.items() if (name, key) != ("razor", "heads")}
    try:
        policy: Policy = Family("rag.generation.kv").load(name)(budget, **own)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"kv settings of {name}: {error}") from error
    return policy


def _retrieving(path: str | None, share: float, budget: float, num_heads: int) -> dict[int, list[int]]:
    """Give the heads that retrieve, by layer, the best first."""
    if path is None:
        raise InvalidInputError(
            'razor needs {"heads": FILE} in its kv settings: retrieval_heads-....json, which the decoding'
            " engine makes in its models' folder when it first answers with razor"
        )
    if budget * num_heads < 1:
        raise InvalidInputError(
            f"razor keeps whole heads, and layers cannot lend each other memory ({_SHARED_TABLE}): with"
            f" {num_heads} KV heads a layer the budget is at least {1 / num_heads:.2f}, got {budget}"
        )
    known = json.loads(Path(path).read_text())
    scores = torch.tensor(known["echo"]) + torch.tensor(known["induction"])
    order: Sequence[int] = scores.flatten().sort(descending=True, stable=True).indices.tolist()
    found: dict[int, list[int]] = {}
    for number in order[: round(share * len(order))]:
        found.setdefault(number // num_heads, []).append(number % num_heads)
    return found
