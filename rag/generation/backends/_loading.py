"""A causal model of the transformers library and its tokenizer, read from a folder.

Knows files; runs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llguidance import LLTokenizer
from llguidance.hf import from_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from rag.encoders._precision import Precision, matrix_dtype
from rag.generation.kv._attention import use_ragged_attention
from rag.networks._reading import READING

__all__ = ["Loaded", "load_model"]

_MOST_BYTES = 4  # of a character
_UNFINISHED = "\ufffd"


@dataclass(frozen=True)
class Loaded:
    """A model and its tokenizer; Any: transformers' classes are made at run time."""

    model: Any
    tokenizer: Any
    stop_ids: frozenset[int]

    @cached_property
    def vocabulary(self) -> LLTokenizer:
        """Give the tokens as the bytes that they stand for, for answers that keep a schema."""
        return from_tokenizer(self.tokenizer)

    def text(self, token_ids: Sequence[int]) -> str:
        """Give the text of tokens, without those that mark turns and ends.

        Where it ends inside a character its bytes stand as surrogates, as `surrogateescape` has them.
        """
        text = str(self.tokenizer.decode(token_ids, skip_special_tokens=True))
        if not text.endswith(_UNFINISHED):
            return text
        newest = self.vocabulary.decode_bytes(list(token_ids[-_MOST_BYTES:]))
        begun = _begun(newest).decode(errors="surrogateescape")
        return text.removesuffix(_UNFINISHED) + begun if begun else text


def load_model(
    folder: Path, *, attention: str | None, device: str, precision: Precision = "auto"
) -> Loaded:
    """Read weights and tokenizer.

    Args:
        folder: with config.json, safetensors and a tokenizer.
        attention: how transformers computes it; None: as rag/generation/kv/_attention.py does, which is
            transformers' own choice for a model that has no scaled dot product.
        device: as torch names it.
        precision: `auto` is that of the file, but on a CPU float32 where the processor has no fast way with
            the file's.

    Raises:
        InvalidInputError: another precision.
    """
    disable_progress_bar()  # reading the weights takes half a second
    fast = matrix_dtype(precision, device)
    with READING:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            attn_implementation=attention,
            dtype="auto" if precision == "auto" else fast,
        )
    is_quantized = getattr(model, "is_quantized", False)  # transformers casts none
    if device == "cpu" and model.dtype != fast and not is_quantized:
        model = model.float()
    model = model.to(device).eval()
    if attention is None and model.config._attn_implementation == "sdpa":
        use_ragged_attention(model)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    stop_ids = model.generation_config.eos_token_id
    ids = {stop_ids} if isinstance(stop_ids, int) else set(stop_ids or ())
    return Loaded(model, tokenizer, frozenset(ids | {tokenizer.eos_token_id}))


def _begun(text: bytes) -> bytes:
    """Give the bytes of the last character where it is not whole.

    >>> _begun("né".encode()[:2]).hex(), _begun("né".encode()).hex()
    ('c3', '')
    """
    for start in range(max(len(text) - _MOST_BYTES + 1, 0), len(text)):
        lead = text[start]
        if lead >= 0xC0:
            size = 2 + (lead >= 0xE0) + (lead >= 0xF0)
            return text[start:] if len(text) - start < size else b""
    return b""
