"""Texts of about a thousand tokens with one number hidden at a depth, and a question for it.

The text between is paragraphs of train_qa_english, which nothing is judged by.
"""

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

__all__ = ["DATA", "Needle", "long_texts", "needles", "pairs", "paper_parts", "papers"]

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
_DEPTHS = 10
_CUT = 2000  # characters before a part of a paper: titles and names
_BEHIND = 256  # tokens that follow it
_PAIRS_ORDER = "Extract the value corresponding to the specified key in the JSON object below."
_NAMES = ("Lisbon", "Oslo", "Cairo", "Lima", "Perth", "Dublin", "Quito", "Hanoi", "Boston", "Geneva")


@dataclass(frozen=True)
class Needle:
    """A prompt in three parts: text, question, answer; each of token ids."""

    context: list[int]
    question: list[int]
    opening: list[int]  # of the answer, given
    answer: list[int]
    depth: float


def needles(tokenizer: Any, count: int, *, tokens: int, seed: int = 7) -> list[Needle]:
    """Give needles over a grid of depths, each in a text of its own; another seed has other texts."""
    paragraphs = _paragraphs()
    random = Random(seed)  # noqa: S311  # which texts, not a secret
    random.shuffle(paragraphs)
    found = []
    for number in range(count):
        name, code = _NAMES[number % len(_NAMES)], str(random.randrange(10000, 100000))
        depth = (number % _DEPTHS + 0.5) / _DEPTHS
        body: list[int] = []
        while len(body) < tokens:
            body += tokenizer.encode(paragraphs.pop() + "\n\n", add_special_tokens=False)
        body = body[:tokens]
        sentence = tokenizer.encode(
            f"\n\nThe secret number for {name} is {code}.\n\n", add_special_tokens=False
        )
        place = round(depth * tokens)
        before, after = tokenizer.apply_chat_template(
            [{"role": "user", "content": "Read this text.\n\n@@@"}],
            tokenize=False,
            add_generation_prompt=True,
        ).split("@@@")
        question = f"\n\nWhat is the secret number for {name}? Answer with the number.{after}"
        encode = tokenizer.encode
        found.append(
            Needle(
                [*encode(before, add_special_tokens=False), *body[:place], *sentence, *body[place:]],
                encode(question, add_special_tokens=False),
                encode(f"The secret number for {name} is", add_special_tokens=False),
                encode(f" {code}", add_special_tokens=False),
                depth,
            )
        )
    return found


def pairs(tokenizer: Any, count: int, *, tokens: int, seed: int = 7) -> list[Needle]:
    """Give JSON of random keys and values, as many as fit, with the one asked for over a grid of depths.

    Source: Liu et al., Lost in the Middle, 2023: its records, fewer of them, and its words.
    """
    with gzip.open(DATA / "longctx_kv_retrieval" / "kv_75_keys.jsonl.gz", "rt") as lines:
        records = [json.loads(line) for line in lines]
    Random(seed).shuffle(records)  # noqa: S311  # which texts, not a secret
    before, after = tokenizer.apply_chat_template(
        [{"role": "user", "content": f"{_PAIRS_ORDER}\n\n@@@"}], tokenize=False, add_generation_prompt=True
    ).split("@@@")

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
        return ids

    found = []
    for number, record in enumerate(records[:count]):
        key, value = record["key"], record["value"]
        others = [each for each in record["ordered_kv_records"] if each[0] != key]
        size = len(encode(_as_json([[key, value]])))
        shown = others[: max(1, tokens // size) - 1]
        depth = (number % _DEPTHS + 0.5) / _DEPTHS
        shown.insert(round(depth * len(shown)), [key, value])
        found.append(
            Needle(
                encode(before + _as_json(shown)),
                encode(f'\n\nKey: "{key}"\nCorresponding value:{after}'),
                encode('The corresponding value is "'),
                encode(value),
                depth,
            )
        )
    return found


def papers(tokenizer: Any, count: int, *, tokens: int, seed: int = 7) -> list[Needle]:
    """Give parts of papers, the same for all seeds, without a question: what follows is the answer."""
    return [
        Needle(part[:tokens], [], part[tokens : tokens + 1], part[tokens + 1 :], 1.0)
        for part in paper_parts(tokenizer, count, tokens=tokens + _BEHIND)
    ]


def paper_parts(tokenizer: Any, count: int, *, tokens: int) -> list[list[int]]:
    """Give the beginnings of long papers, past titles and names, which nothing is chosen by."""
    found: list[list[int]] = []
    with gzip.open(DATA / "qa_longdoc_covidqa" / "corpus.jsonl.gz", "rt") as lines:
        for line in lines:
            text = json.loads(line)["text"][_CUT : _CUT + 12000]
            token_ids = tokenizer.encode(text, add_special_tokens=False)[:tokens]
            if len(found) == count:
                break
            if len(token_ids) == tokens:
                found.append(token_ids)
    return found


def long_texts(tokenizer: Any, count: int, *, tokens: int) -> list[list[int]]:
    """Give so many tokens of the longest PEPs each; one that is too short is followed by the next."""
    with gzip.open(DATA / "demo_peps" / "corpus.jsonl.gz", "rt") as lines:
        peps = sorted((str(json.loads(line)["text"]) for line in lines), key=len, reverse=True)
    found = []
    for _ in range(count):
        token_ids: list[int] = []
        while len(token_ids) < tokens:
            token_ids += tokenizer.encode(peps.pop(0) + "\n\n", add_special_tokens=False)
        found.append(token_ids[:tokens])
    return found


def _as_json(shown: list[list[str]]) -> str:
    return "{" + ",\n ".join(f'"{key}": "{value}"' for key, value in shown) + "}"


def _paragraphs() -> list[str]:
    with gzip.open(DATA / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        texts = {str(json.loads(line)["context"]) for line in lines}
    return sorted(text for text in texts if 400 < len(text) < 1500)
