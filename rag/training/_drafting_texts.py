"""What heads that draft are trained on: Grove's prompts, and behind each what the model itself answers.

Or passages alone, of which more are read in the same time. The questions are those of train_qa_english
under open licences, but for SQuAD's, which drafting is measured on. A text is held out by the hash of its
passage. Knows no heads.
"""

import gzip
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rag.core.protocols import GenerationOptions, GeneratorCapabilities
from rag.core.types import Passage
from rag.generation.answer import build_prompt
from rag.generation.backends._loading import Loaded
from rag.training._kept import made_of, whole

__all__ = ["SETS", "Batch", "batch_of", "held_out_passages", "held_out_prompts", "load_texts"]

SETS = ("fairytaleqa", "qed_nq", "tydiqa_en")
_HELD_OUT = 32  # of 256
_MAX_CHARS = 1200  # of a passage
_TOGETHER = 16  # prompts that are answered together


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts, padded behind."""

    token_ids: Tensor  # (B, T) int64
    lengths: Tensor  # (B,)


def batch_of(texts: Sequence[Sequence[int]], device: str) -> Batch:
    """Put texts together; causal models do not see what is behind a token."""
    lengths = [len(text) for text in texts]
    rows = [[*text, *[0] * (max(lengths) - len(text))] for text in texts]
    return Batch(torch.tensor(rows, device=device), torch.tensor(lengths, device=device))


def load_texts(
    loaded: Loaded, data: Path, work: Path, *, limit: int, length: int, written: int
) -> list[list[int]]:
    """Give the tokens of texts to train on, answered once and then read from `work`.

    Args:
        loaded: the model that the heads are for.
        data: the folder that has train_qa_english.
        work: where answered texts of this model are kept.
        limit: how many.
        length: tokens of a text, at most.
        written: of them, tokens of the model's answer; 0 takes passages as they are, without a question.
    """
    if not written:
        passages = _rows(data, is_held_out=False)[:limit]
        return [_encoded(loaded, row["context"])[:length] for row in passages]
    prompts = (_prompt(loaded, row) for row in _rows(data, is_held_out=False))
    short = list(islice((each for each in prompts if len(each) <= length - written), limit))
    file = work / f"texts-{made_of(written, *short)}.json"
    if not file.exists():
        answers = _answers(loaded, short, written)
        texts = [prompt + answer for prompt, answer in zip(short, answers, strict=True)]
        with whole(file) as partial:
            partial.write_text(json.dumps(texts))
    stored: list[list[int]] = json.loads(file.read_text())
    return stored


def held_out_prompts(loaded: Loaded, data: Path, limit: int) -> list[list[int]]:
    """Give the tokens of prompts whose passages are not trained on."""
    return [_prompt(loaded, row) for row in _rows(data, is_held_out=True)[:limit]]


def held_out_passages(loaded: Loaded, data: Path, limit: int, length: int) -> list[list[int]]:
    """Give the tokens of passages that are not trained on, at most `length` of each."""
    rows = _rows(data, is_held_out=True)[:limit]
    return [_encoded(loaded, row["context"])[:length] for row in rows]


def _rows(data: Path, *, is_held_out: bool) -> list[dict[str, Any]]:  # Any: JSON
    """Give questions, one a passage, lowest hash first."""
    by_hash: dict[str, dict[str, Any]] = {}
    with gzip.open(data / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            digest = hashlib.sha256(row["context"].encode()).hexdigest()
            is_right = (int(digest[-2:], 16) < _HELD_OUT) == is_held_out
            if is_right and row["dataset"] in SETS and len(row["context"]) <= _MAX_CHARS:
                by_hash.setdefault(digest, row)
    return [row for _, row in sorted(by_hash.items())]


def _prompt(loaded: Loaded, row: dict[str, Any]) -> list[int]:
    """Give a question as Grove asks it, with its passage."""
    text, title = row["context"], row["title"]
    prompt = build_prompt(
        row["question"],
        [Passage("c", "d", 1, title, title, None, 0, len(text), 1.0, text)],
        capabilities=GeneratorCapabilities(model="", context_tokens=2048),
        options=GenerationOptions(),
        count_tokens=lambda each: len(_encoded(loaded, each)),
    )
    messages = [{"role": each.role, "content": each.content} for each in prompt.messages]
    token_ids: list[int] = loaded.tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return token_ids


def _encoded(loaded: Loaded, text: str) -> list[int]:
    token_ids: list[int] = loaded.tokenizer.encode(text, add_special_tokens=False)
    return token_ids


def _answers(loaded: Loaded, prompts: Sequence[list[int]], written: int) -> list[list[int]]:
    """Give what the model answers, greedily; the token that ends an answer is part of it."""
    answers: list[list[int]] = []
    for start in range(0, len(prompts), _TOGETHER):
        some = prompts[start : start + _TOGETHER]
        size = max(map(len, some))
        inputs = torch.tensor([[0] * (size - len(each)) + each for each in some])
        mask = torch.tensor([[0] * (size - len(each)) + [1] * len(each) for each in some])
        device = loaded.model.device
        with torch.inference_mode():
            outputs = loaded.model.generate(
                inputs.to(device),
                attention_mask=mask.to(device),
                max_new_tokens=written,
                do_sample=False,
                eos_token_id=sorted(loaded.stop_ids),
                pad_token_id=min(loaded.stop_ids),
            )
        for row in outputs[:, size:].tolist():
            end = next((place for place, token in enumerate(row) if token in loaded.stop_ids), len(row))
            answers.append(row[: end + 1])
        print(f"{len(answers)} of {len(prompts)} answered", file=sys.stderr, flush=True)
    return answers
