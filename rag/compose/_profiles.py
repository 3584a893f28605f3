"""Pipelines of retrievers and profiles of generators that there are without any setting."""

from collections.abc import Mapping

from rag.core.settings import Part

__all__ = ["PIPELINES", "profiles_of"]

PIPELINES: Mapping[str, Part] = {
    "hybrid+late": Part(
        kind="hybrid",
        options={"retrievers": ["lexical", "dense", "late"], "fusion": "score", "weights": [1, 1, 2]},
    ),
    "one-step": Part(kind="first", options={"retrievers": ["hybrid+late", "hybrid"]}),
    "treehop": Part(kind="treehop", options={"retriever": "one-step"}),
}
_VLLM: Mapping[str, object] = {
    "base_url": "http://127.0.0.1:8765/v1",
    "model": "smollm2",
    "follows_instructions": False,
    "passage_order": "stable",  # its prefix cache finds what begins alike
}


def profiles_of(tenant: str) -> dict[str, Part]:
    """Give the profiles of generators that a tenant has; what vLLM keeps of its prompts is its alone."""
    return {"vllm": Part(kind="openai", options={**_VLLM, "cache_owner": tenant})}
