"""A Llama of random weights with a tokenizer of its own, saved as a checkpoint is."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

__all__ = ["BYTES", "save_llama"]

BYTES = "".join(sorted(pre_tokenizers.ByteLevel.alphabet()))
"""All bytes, each by the letter that stands for it."""


def save_llama(
    folder: Path,
    tokens: Iterable[str] = BYTES,
    *,
    has_words: bool = False,
    after_message: str = " ",
    seed: int = 5,
    **config: Any,  # Any: as LlamaConfig has them
) -> Path:
    """Save a model of two layers whose tokens are letters, or words between spaces, and an end.

    Args:
        folder: it is made where it is not there.
        tokens: letters as byte-level tokenizers write them; words where `has_words`.
        has_words: tell words apart, not letters.
        after_message: what the chat's template writes behind each message.
        seed: of the weights.
        config: settings of the model besides these.
    """
    vocabulary = {token: number for number, token in enumerate([*tokens, "<end>"])}
    if has_words:
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<end>"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    else:
        tokenizer = Tokenizer(models.BPE(vocabulary, []))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")
    fast.chat_template = (
        f"{{% for message in messages %}}{{{{ message['content'] }}}}{after_message}{{% endfor %}}"
    )
    fast.save_pretrained(folder)
    sizes = {
        "vocab_size": len(vocabulary),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "bos_token_id": None,
        "eos_token_id": vocabulary["<end>"],
    }
    torch.manual_seed(seed)
    LlamaForCausalLM(LlamaConfig(**sizes | config)).save_pretrained(folder)
    return folder
