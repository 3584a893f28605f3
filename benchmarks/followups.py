"""Follow-ups made to stand alone by rules: what is found with them, beside doing nothing and joining.

Pairs of questions about one title, from train_qa_english: the second one's words for the title become a
pronoun. Beside them, pairs about different titles, where nothing may be carried over. The rules were
written on titles of even hash; the figures are of the odd ones.
"""

import gzip
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from agents.followups import stand_alone
from benchmarks._machine import machine
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.protocols import Message
from rag.core.settings import Settings
from rag.core.types import ParsedDocument

SHARED = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared"))
_K = 5
_RULES: dict[str, Callable[[str, str], str]] = {
    "as asked": lambda before, question: question,
    "joined to the question before": lambda before, question: f"{before} {question}",
    "made to stand alone": lambda before, question: stand_alone(question, [Message("user", before)]),
    "both, where it leans (in use)": lambda before, question: _with_context(
        question, stand_alone(question, [Message("user", before)]), before
    ),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions, one after the other; the passage answers the second."""

    before: str
    question: str
    original: str  # the second question before its subject became a pronoun
    passage: str


def run(*, quick: bool, is_report: bool = True) -> dict[str, Any]:
    """Measure 300 pairs of each kind; `quick` 60."""
    count = 60 if quick else 300
    leaning, apart = pairs(is_report=is_report, count=count)
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home), indexes="dense"))
        index_corpus(grove, _documents(leaning, apart), collection="default")
        rows = [
            {"pairs": kind, "query": name, f"recall@{_K}": _recall(grove, chosen, rule), "n": len(chosen)}
            for kind, chosen in (("about one title", leaning), ("about two titles", apart))
            for name, rule in _RULES.items()
        ]
        whole = [Pair(pair.before, pair.original, pair.original, pair.passage) for pair in leaning]
        rows.append(
            {
                "pairs": "about one title",
                "query": "with its subject, as written",
                f"recall@{_K}": _recall(grove, whole, _RULES["as asked"]),
                "n": len(whole),
            }
        )
    settings = {"pairs": count, "retriever": "hybrid", "titles": "odd" if is_report else "even"}
    return {"machine": machine(), "settings": settings, "rows": rows}


def pairs(*, is_report: bool, count: int) -> tuple[list[Pair], list[Pair]]:
    """Give pairs about one title, the second question without it, and pairs about two titles."""
    by_title: dict[str, list[tuple[str, str]]] = {}
    with gzip.open(SHARED / "data" / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            title = (row.get("title") or "").replace("_", " ")
            if len(title) > 3 and hashlib.sha256(title.encode()).digest()[0] % 2 == is_report:
                by_title.setdefault(title, []).append((row["question"], row["context"]))
    leaning = [pair for title, asked in by_title.items() for pair in _leaning(title, asked)][:count]
    firsts = [asked[0] for asked in by_title.values()]
    apart = [
        Pair(before, question, question, passage) for (before, _), (question, passage) in pairwise(firsts)
    ]
    return leaning, apart[:count]


def _leaning(title: str, asked: Sequence[tuple[str, str]]) -> Iterator[Pair]:
    named = re.compile(rf"\b(?:the )?{re.escape(title)}(’s|'s)?(?!\w)", re.IGNORECASE)
    for (before, _), (question, passage) in pairwise(asked):
        if before != question and named.search(before) and named.search(question):
            pronoun = named.sub(lambda found: "its" if found[1] else "it", question)
            yield Pair(before, pronoun, question, passage)
            return  # one a title


def _documents(*chosen: Sequence[Pair]) -> Iterator[tuple[str, ParsedDocument]]:
    passages = dict.fromkeys(pair.passage for pairs in chosen for pair in pairs)
    return ((hashlib.sha256(text.encode()).hexdigest(), ParsedDocument(text, "")) for text in passages)


def _with_context(question: str, alone: str, before: str) -> str:
    return alone if alone == question else f"{before} {alone}"


def _recall(grove: Grove, chosen: Sequence[Pair], rule: Callable[[str, str], str]) -> float:
    found = [
        hashlib.sha256(pair.passage.encode()).hexdigest()
        in {
            each.source
            for each in grove.search(rule(pair.before, pair.question), retriever="hybrid", k=_K).passages
        }
        for pair in chosen
    ]
    return round(sum(found) / len(found), 4)
