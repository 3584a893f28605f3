"""What reads a prompt in place of the model's own way: into a smaller cache, or on from earlier prompts.

Knows which options go together; the readers are others' business.
"""

from pathlib import Path

from rag.generation.backends._compressing import CompressedReader, build_policy
from rag.generation.backends._reusing import PassageReader, PrefixReader
from rag.generation.kv._store import ByteStore

__all__ = ["build_reader"]

_REUSES = ("none", "prefix", "passages")
_STORE_MB = 512


def build_reader(
    *,
    policy: str,
    budget: float | None,
    bits: int | None,
    rank: float | None,
    reuse: str,
    reuse_mb: int | None,
    folder: Path,
) -> CompressedReader | PrefixReader | None:
    """Give a reader, None where the model reads the prompt as it is.

    Args:
        policy: a file of rag/generation/kv, or `none`.
        budget: of the policy; None: its own.
        bits: a number of a smaller cache; None: as the model has it.
        rank: share of the dimensions that is held; None: all, as they are.
        reuse: what is kept for other prompts: `prefix`, `passages` or `none`.
        reuse_mb: the store's limit; None: 512.
        folder: where what was found out about models is kept.

    Raises:
        UnknownPluginError: no such policy.
        ValueError: an option that makes no sense, alone or beside the others.
    """
    if policy == "none" and (budget, bits) != (None, None):
        raise ValueError("kv_budget and kv_bits are for a kv_policy, and there is none")
    named = None if policy == "none" else policy
    if reuse != "none":
        if rank is not None:
            raise ValueError("kv_reuse keeps all dimensions; leave out kv_rank, or kv_reuse")
        return _reusing(named, budget, bits, reuse=reuse, reuse_mb=reuse_mb, folder=folder)
    if reuse_mb is not None:
        raise ValueError("kv_reuse_mb is for a kv_reuse, and there is none")
    if named is None and rank is None:
        return None
    return CompressedReader(named, budget, bits=bits, rank=rank, folder=folder)


def _reusing(
    policy: str | None,
    budget: float | None,
    bits: int | None,
    *,
    reuse: str,
    reuse_mb: int | None,
    folder: Path,
) -> PrefixReader:
    if reuse not in _REUSES:
        raise ValueError(f"kv_reuse is one of {', '.join(_REUSES)}, got {reuse!r}")
    store = ByteStore((_STORE_MB if reuse_mb is None else reuse_mb) << 20)
    if reuse == "prefix":
        if policy is not None:
            raise ValueError(
                f"kv_reuse prefix keeps all of a cache, and kv_policy {policy} makes it smaller; take one"
                " of the two, or kv_reuse passages with kv_policy kvzip"
            )
        return PrefixReader(store)
    if bits is not None:
        raise ValueError("kv_reuse passages keeps numbers as the model has them; leave out kv_bits")
    smaller = None if policy is None else build_policy(policy, budget, None)
    return PassageReader(store, policy=smaller, folder=folder)
