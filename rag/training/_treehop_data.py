"""Paths through passages that TreeHop learns from: those of annotated questions, and synthesised ones.

Annotated: train_multihop. Synthesised: a passage of train_qa_english names the title of another one, about
which there is a question; in the question that title gives way to the first passage's. Nothing is
taken from the multihop_* sets.
"""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.scoring.names import likeness, name_words, names, subjects
from rag.training._treehop_pool import Question

__all__ = ["Link", "Way", "links", "paths", "retold"]

_SETS = ("tydiqa_en", "squad", "qed_nq")  # with titles; the licences let what is learned be shipped


@dataclass(frozen=True, slots=True)
class Way:
    """A question, the passages followed in order, the one that they lead to, and some that they do not."""

    question: int
    parents: tuple[int, ...]
    child: int
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A synthesised question whose answer is in `child`, which `parent` names; texts with titles."""

    question: str
    parent: str
    child: str


def paths(questions: Sequence[Question], texts: Sequence[tuple[str, str]]) -> list[Way]:
    """Give every step of every question, with the way to it from a passage that the question leads to.

    Args:
        questions: those to learn from.
        texts: title and text of the passages that questions number.
    """
    found = []
    for number, question in enumerate(questions):
        steps = set(_steps(question, texts))
        targets = {child for _, child in steps}
        for start in question.needed:
            if start not in targets:
                found += [Way(number, way[:-1], way[-1], question.others) for way in _ways((start,), steps)]
    return found


def _ways(way: tuple[int, ...], steps: set[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    for parent, child in sorted(steps):
        if parent == way[-1] and child not in way:
            yield (*way, child)
            yield from _ways((*way, child), steps)


def _steps(question: Question, texts: Sequence[tuple[str, str]]) -> Iterator[tuple[int, int]]:
    if question.after is not None:
        yield from question.after
        return
    asked = names(question.text)
    for child in question.needed:
        own = subjects(*texts[child])
        if _is_named(own, asked):
            continue
        for parent in question.needed:
            if parent != child and _is_named(own, names(texts[parent][1])):
                yield parent, child


def _is_named(own: Sequence[str], mentioned: Sequence[str]) -> bool:
    return any(likeness(mine, name) >= 0.99 for mine in own for name in mentioned)


def links(file: Path, *, limit: int, seed: int = 0) -> list[Link]:
    """Synthesise up to `limit` questions from linked passages, one a pair of titles."""
    contexts: dict[str, str] = {}
    asked: dict[str, list[tuple[str, str]]] = {}
    with gzip.open(file, "rt") as lines:
        for record in map(json.loads, lines):
            title = record["title"].replace("_", " ")
            if record["dataset"] in _SETS and title:
                contexts.setdefault(record["context"], title)
                if title.lower() in record["question"].lower():
                    asked.setdefault(title, []).append((record["question"], record["context"]))
    pairs = {
        (title, name): context
        for context, title in contexts.items()
        for name in names(context)
        if name in asked and name != title
    }
    chooser = random.Random(seed)  # noqa: S311 -- a choice of examples
    chosen = sorted(pairs)
    chooser.shuffle(chosen)
    return [
        _link(parent, child, pairs[parent, child], chooser.choice(asked[child]))
        for parent, child in chosen[:limit]
    ]


def retold(
    questions: Sequence[Question], texts: Sequence[tuple[str, str]], *, most: int = 4
) -> tuple[list[str], list[Way]]:
    """Give questions that one passage answers, asked through passages that name its subject.

    Args:
        questions: those to learn from; their `single` parts are retold.
        texts: title and text of all passages.
        most: retellings of a part.
    """
    naming: dict[frozenset[str], list[int]] = {}
    for number, (_, text) in enumerate(texts):
        for name in names(text):
            naming.setdefault(name_words(name), []).append(number)
    asked: list[str] = []
    ways: list[Way] = []
    for question in questions:
        for part, child in question.single:
            subject = next((each for each in subjects(*texts[child]) if each in part), None)
            if subject is None:
                continue
            parents = naming.get(name_words(subject), [])
            for parent in [each for each in parents if each != child][:most]:
                ways.append(Way(len(asked), (parent,), child, question.others))
                asked.append(part.replace(subject, f"the one that {texts[parent][0]} has to do with"))
    return asked, ways


def _link(parent: str, child: str, context: str, asked: tuple[str, str]) -> Link:
    question, answering = asked
    start = question.lower().index(child.lower())
    veiled = f"{question[:start]}the one that {parent} has to do with{question[start + len(child) :]}"
    return Link(veiled, f"{parent}\n{context}", f"{child}\n{answering}")
