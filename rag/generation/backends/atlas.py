"""A language model in this process that says, sentence by sentence, how sure it was: what ATLAS decides by.

Its text is that of `transformers`. Off unless chosen, and with `GROVE_ORCHESTRATION__MAX_DOUBT` besides its
doubts are searched for (agents/answering.py): what that was measured to be worth is in
docs/experiments/retrieval.md, "Retrieving again while writing".
"""

from pathlib import Path

from rag.generation.backends._causal import CausalModel
from rag.generation.backends._doubt import DoubtMeter
from rag.generation.backends._loading import Loaded

__all__ = ["Atlas"]


class Atlas(CausalModel):
    """Generate as `transformers` does; the piece that ends a sentence carries the doubt about it."""

    _attention = "eager"  # the others give no weights

    def __init__(
        self,
        models_dir: Path,
        model: str = "smollm2",
        *,
        context_tokens: int = 2048,
        is_checked: bool | None = None,
        device: str = "cpu",
    ) -> None:
        """Set what is run and how, as for `transformers`."""
        super().__init__(
            models_dir, model, context_tokens=context_tokens, is_checked=is_checked, device=device
        )

    def _meter(self, loaded: Loaded) -> DoubtMeter:
        return DoubtMeter(loaded.tokenizer.decode, self.context_tokens)
