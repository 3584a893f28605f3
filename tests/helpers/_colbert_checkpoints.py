"""Small random ColBERT checkpoints, saved in the published layouts."""

import json
import string
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    XmodConfig,
    XmodModel,
)

DIM = 8
SIZES: dict[str, Any] = {  # Any: what the two configurations take alike
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 128,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "initializer_range": 0.4,  # so that texts differ
}
LANGUAGES = ["en_XX", "de_DE", "ja_XX"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "[unused1]", "[Q] ", "[D] "]


def tokenizer() -> PreTrainedTokenizerFast:
    """Give one whose tokens are single characters."""
    letters = [chr(code) for code in range(33, 127)] + list("äöüß検索拡張生成")
    vocabulary = {token: number for number, token in enumerate(SPECIAL + letters)}
    built = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=1))
    built.normalizer = normalizers.Lowercase()
    built.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = ("pad", "unk", "cls", "sep", "mask")
    special = {f"{name}_token": token for name, token in zip(names, SPECIAL, strict=False)}
    fast = PreTrainedTokenizerFast(tokenizer_object=built, **special)
    fast.add_special_tokens({"additional_special_tokens": SPECIAL[5:]})
    return fast


def save_stanford(folder: Path, **metadata: object) -> None:
    """Save a BERT with its projection in one file, names prefixed, beside artifact.metadata."""
    _save_stanford(folder, BertModel(_seeded(BertConfig(vocab_size=len(tokenizer()), **SIZES))), metadata)


def save_xmod(folder: Path, **metadata: object) -> None:
    """Save an XMOD with three languages, as ColBERT-XM is."""
    config = XmodConfig(
        vocab_size=len(tokenizer()),
        languages=LANGUAGES,
        default_language="en_XX",
        adapter_reduction_factor=2,
        pad_token_id=0,
        **SIZES,
    )
    _save_stanford(folder, XmodModel(_seeded(config)), metadata)


def save_pylate(folder: Path, **values: object) -> None:
    """Save a BERT and a Dense module of its own, beside modules.json."""
    config = BertConfig(vocab_size=len(tokenizer()), **SIZES)
    BertModel(_seeded(config)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    (folder / "1_Dense").mkdir()
    save_file({"linear.weight": torch.randn(DIM, config.hidden_size)}, folder / "1_Dense/model.safetensors")
    dense = {"in_features": config.hidden_size, "out_features": DIM, "bias": False}
    _write(
        folder / "1_Dense/config.json", dense | {"activation_function": "torch.nn.modules.linear.Identity"}
    )
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Dense", "type": "pylate.models.Dense.Dense"},
    ]
    _write(folder / "modules.json", modules)
    own = {
        "query_prefix": "[Q] ",
        "document_prefix": "[D] ",
        "query_length": 16,
        "document_length": 40,
        "attend_to_expansion_tokens": False,
        "skiplist_words": list(string.punctuation),
    }
    _write(folder / "config_sentence_transformers.json", own | values)


def _save_stanford(folder: Path, body: PreTrainedModel, metadata: dict[str, object]) -> None:
    body.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    named = {f"{body.base_model_prefix}.{name}": tensor for name, tensor in tensors.items()}
    projection = torch.randn(DIM, body.config.hidden_size)
    save_file(named | {"linear.weight": projection}, folder / "model.safetensors", {"format": "pt"})
    own = {
        "query_maxlen": 16,
        "doc_maxlen": 40,
        "dim": DIM,
        "mask_punctuation": True,
        "attend_to_mask_tokens": False,
        "query_token_id": "[unused0]",
        "doc_token_id": "[unused1]",
    }
    _write(folder / "artifact.metadata", own | metadata)


def _seeded(config: Any) -> Any:  # Any: a configuration of either kind
    torch.manual_seed(7)
    return config


def _write(path: Path, values: object) -> None:
    path.write_text(json.dumps(values))
