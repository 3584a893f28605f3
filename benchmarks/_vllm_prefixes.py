"""What is asked again and again of the same documents: workloads that a prefix cache can help with.

Questions of SQuAD's training part about a few articles, each with the passages that a search by words ranks
first; alone, or as turns of one conversation. Knows prompts; runs nothing.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks._speculation_prompts import SHARED
from rag.core.generation import PassageOrder
from rag.core.protocols import GenerationOptions, GeneratorCapabilities, Message, Prompt
from rag.core.types import Passage
from rag.generation.answer import build_prompt

__all__ = ["Article", "articles", "conversation", "questions"]

_KNOWN = 5  # passages of an article that a search chooses from
_FOUND = 3  # of them that stand in a prompt
_MAX_CHARS = 900
Article = list[dict[str, Any]]  # rows with question, context and answer; Any: JSON


def articles(number: int, per_article: int) -> list[Article]:
    """Give rows of the articles that have enough, a paragraph each in turn."""
    by_title: dict[str, dict[str, list[dict[str, Any]]]] = {}
    with gzip.open(SHARED / "data" / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            if row["dataset"] == "squad" and len(row["context"]) <= _MAX_CHARS:
                by_title.setdefault(row["title"], {}).setdefault(row["context"], []).append(row)
    found: list[Article] = []
    for title in sorted(by_title):
        contexts = list(by_title[title].values())[:_KNOWN]
        rows = [each[turn] for turn in range(3) for each in contexts if turn < len(each)]
        if len(contexts) == _KNOWN and len(rows) >= per_article:
            found.append(rows)
    return found[:: max(len(found) // number, 1)][:number]


def questions(
    article: Article, number: int, order: PassageOrder, count_tokens: Callable[[str], int]
) -> Iterator[Prompt]:
    """Give prompts of questions that nobody asked before, about one article."""
    for row in article[:number]:
        yield _prompt(article, row, order, count_tokens, ())


def conversation(
    article: Article, number: int, order: PassageOrder, count_tokens: Callable[[str], int]
) -> Iterator[Prompt]:
    """Give the prompts of a conversation; what was answered is the accepted answer."""
    turns: list[Message] = []
    for row in article[:number]:
        yield _prompt(article, row, order, count_tokens, tuple(turns))
        turns += [Message("user", row["question"]), Message("assistant", f"{_answer(row)}.")]


def _prompt(
    article: Article,
    row: dict[str, Any],
    order: PassageOrder,
    count_tokens: Callable[[str], int],
    history: tuple[Message, ...],
) -> Prompt:
    texts = list(dict.fromkeys(each["context"] for each in article))
    asked = _words(row["question"])
    ranked = sorted(range(len(texts)), key=lambda place: -len(asked & _words(texts[place])))
    passages = [_passage(row["title"], place, texts[place]) for place in ranked[:_FOUND]]
    return build_prompt(
        row["question"],
        passages,
        capabilities=GeneratorCapabilities("", 2048, passage_order=order),
        options=GenerationOptions(),
        count_tokens=count_tokens,
        history=history,
    )


def _passage(title: str, place: int, text: str) -> Passage:
    start = place * (_MAX_CHARS + 1)
    return Passage(f"c{place}", title, 1, title, title, None, start, start + len(text), 1.0, text)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 3}


def _answer(row: dict[str, Any]) -> str:
    text: str = row["answers"][0]["text"]
    return text
