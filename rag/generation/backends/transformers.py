"""A causal language model of the transformers library, in this process: SmolLM2 unless another is named."""

from rag.generation.backends._causal import CausalModel

__all__ = ["Transformers"]


class Transformers(CausalModel):
    """Generate, greedily or by sampling."""
