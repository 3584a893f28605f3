"""What speculative decoding is measured on: Spec-Bench, and questions with passages as Grove asks them.

Knows which prompts and their token ids; decodes nothing.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rag.core.protocols import GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.types import Passage
from rag.generation.answer import build_prompt

__all__ = ["GROVE", "Asked", "asked_of_passages", "own_prompts", "prompts"]

SHARED = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared"))
GROVE = "grove"  # the category of Grove's own prompts
_PASSAGES = 3  # of one article, the question's own among them
_MAX_CHARS = 1200  # of a passage
_MAX_TOKENS = 1200  # of a prompt; longer ones of Spec-Bench are left out, for reading them is not decoding


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt: its name, its category, its tokens."""

    name: str
    category: str
    token_ids: tuple[int, ...]


def prompts(tokenizer: Any, per_category: int, own: int) -> list[Asked]:  # Any: of transformers
    """Give the first `per_category` questions of each category of Spec-Bench, and `own` of Grove's."""
    asked: list[Asked] = []
    counts: dict[str, int] = {}
    for name, category, messages in _spec_bench():
        if counts.get(category, 0) < per_category:
            ids = _chat(tokenizer, messages)
            if len(ids) <= _MAX_TOKENS:
                counts[category] = counts.get(category, 0) + 1
                asked.append(Asked(name, category, ids))
    count_tokens = partial(_count, tokenizer)
    for name, prompt in _own(own, count_tokens):
        messages = [{"role": each.role, "content": each.content} for each in prompt.messages]
        asked.append(Asked(name, GROVE, _chat(tokenizer, messages)))
    return asked


def own_prompts(count: int, count_tokens: Callable[[str], int]) -> list[Prompt]:
    """Give Grove's own prompts alone."""
    return [prompt for _, prompt in _own(count, count_tokens)]


def _count(tokenizer: Any, text: str) -> int:
    return len(tokenizer.encode(text, add_special_tokens=False))


def _chat(tokenizer: Any, messages: list[dict[str, str]]) -> tuple[int, ...]:
    ids = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return tuple(ids)


def _spec_bench() -> Iterator[tuple[str, str, list[dict[str, str]]]]:
    with gzip.open(SHARED / "data" / "specdec_specbench" / "questions.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            messages = [{"role": "user", "content": row["turns"][0]}]
            yield f"specbench-{row['question_id']}", row["category"], messages


def asked_of_passages(count: int) -> Iterator[tuple[str, str, list[Passage]]]:
    """Give questions of SQuAD's training part, lowest hash first, among paragraphs of their article.

    Yields:
        An id, a question and passages of which one answers it.
    """
    by_title: dict[str, list[dict[str, Any]]] = {}
    with gzip.open(SHARED / "data" / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            if row["dataset"] == "squad" and len(row["context"]) <= _MAX_CHARS:
                by_title.setdefault(row["title"], []).append(row)
    rows = sorted((row for each in by_title.values() for row in each), key=lambda row: _order(row["id"]))
    for row in rows[:count]:
        others = {other["context"] for other in by_title[row["title"]]} - {row["context"]}
        texts = [row["context"], *sorted(others, key=_order)[: _PASSAGES - 1]]
        passages = [
            _passage(row["title"], number, text) for number, text in enumerate(sorted(texts, key=_order))
        ]
        yield str(row["id"]), row["question"], passages


def _own(count: int, count_tokens: Callable[[str], int]) -> Iterator[tuple[str, Prompt]]:
    capabilities = GeneratorCapabilities(model="", context_tokens=2048)
    for name, question, passages in asked_of_passages(count):
        prompt = build_prompt(
            question,
            passages,
            capabilities=capabilities,
            options=GenerationOptions(),
            count_tokens=count_tokens,
        )
        yield name, prompt


def _passage(title: str, number: int, text: str) -> Passage:
    return Passage(f"c{number}", f"d{number}", 1, title, title, None, 0, len(text), 1.0, text)


def _order(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
