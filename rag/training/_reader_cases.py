"""Questions with the passage that answers them and with passages that look as if they did.

Three kinds of the latter, each of the question's own subject:

- `near`: one of the nearest passages by words that lacks the answer; for a question over several hops its
  other paragraphs.
- `removed`: the passage itself without the sentences that hold the answer.
- `swapped`: the passage itself, and the question about another name or number, one that it does not have;
  for a document of everyday.jsonl a question that was written to have no answer in it.

Sources: negatives of the same document, Clark & Gardner, Simple and Effective Multi-Paragraph Reading
Comprehension, 2018, section 3; questions about another entity, Rajpurkar, Jia & Liang, Know What You Don't
Know: Unanswerable Questions for SQuAD, 2018, table 1 ("entity swap").
"""

import json
import lzma
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.evaluation.datasets import load_dataset
from rag.scoring.sentences import sentence_spans
from rag.training._kept import made_of, whole
from rag.training._late_teacher import Words
from rag.training._reader_data import (
    Example,
    Side,
    covid,
    english,
    everyday,
    held_out,
    is_free,
    is_set_aside,
    lines_of,
    natural,
    places,
    sources,
)

__all__ = ["KINDS", "Case", "load_cases", "removed"]

KINDS = ("near", "removed", "swapped")
_TRIED = 12  # nearest passages that are looked at
_NEAR = 4  # of them are kept
_MIN_CHARS = 80  # of a passage that is left without its answer
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'’-]+(?: (?:of |the |de )?[A-Z][\w'’-]+)*")
_NUMBER = re.compile(r"(?<![\w.,])\d[\d,.]*\d(?![\w.,])")
_MIN_NAME = 4  # characters
_Passage = tuple[str, str]  # title, text


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its passage; nearest passages without an answer, and questions it does not answer."""

    asked: Example
    near: tuple[_Passage, ...]
    swapped: tuple[str, ...]

    def without(self, kind: str) -> list[Example]:
        """Give examples of a kind without an answer; none where there are none of it."""
        own = self.asked
        if kind == "near":
            return [Example(own.dataset, own.question, *passage, ()) for passage in self.near]
        if kind == "removed":
            left = removed(own)
            return [Example(own.dataset, own.question, own.title, left, ())] if left else []
        assert kind == "swapped", f"there is no {kind!r} among {KINDS}"
        return [Example(own.dataset, question, own.title, own.context, ()) for question in self.swapped]


def removed(example: Example) -> str:
    """Give the passage without the sentences that hold an accepted answer; empty where little is left.

    >>> left = "It stands on a hill above the river, and can be seen from every street of the old town."
    >>> removed(Example("", "who built it", "", f"Ada Stone built it. {left}", ((0, 9),))) == left
    True
    """
    accepted = [example.context[start:end] for start, end in example.answers]
    kept = [
        example.context[start:end]
        for start, end in sentence_spans(example.context)
        if not any(start < b and a < end for a, b in example.answers)
    ]
    text = " ".join(sentence for sentence in kept if not places(sentence, accepted))
    return text if len(text) >= _MIN_CHARS else ""


def load_cases(data: Path, work: Path, *, seed: int) -> dict[str, list[Case]]:
    """Give the cases to train on, by set, and those to choose by: `choice`, `set aside`, `everyday choice`.

    Finding the nearest passages takes a minute; what was found is kept in `work`.

    Args:
        data: the folder that holds train_qa_english, train_multihop, qa_nq_gold and qa_longdoc_covidqa.
        work: where `cases_*.json.xz` of this data and seed lies, or is put.
        seed: which questions are taken, and what names are put into them.
    """
    file = work / f"cases_{made_of(seed, *sources(data))}.json.xz"
    if not file.exists():
        found = _cases(data, np.random.default_rng(seed), seed)
        with whole(file) as partial:
            partial.write_bytes(lzma.compress(json.dumps(_packed(found)).encode()))
    stored = _unpacked(json.loads(lzma.decompress(file.read_bytes())))
    return stored | {"everyday": _everyday("training"), "everyday choice": _everyday("choice")}


def _cases(data: Path, chooser: np.random.Generator, seed: int) -> dict[str, list[Case]]:
    questions = load_dataset(data / "qa_nq_gold")
    papers = load_dataset(data / "qa_longdoc_covidqa")
    parts = english(data, seed=seed)
    parts["nq"] = natural(questions, "training")
    parts["covid"] = list(covid(papers, data / "qa_longdoc_covidqa" / "queries.jsonl"))
    choice = held_out(data, "choice")
    aside = [each for name in parts for each in parts[name] if name != "nq" and is_set_aside(each.context)]
    everything = [(entry.title, entry.text) for entry in questions.corpus]
    free = [(entry.title, entry.text) for entry in questions.corpus if is_free(questions, entry.id)]
    found: dict[str, list[Case]] = {}
    for name, examples in parts.items():
        kept = [each for each in examples if name == "nq" or not is_set_aside(each.context)]
        found[name] = list(_with_negatives(kept, free if name == "nq" else _passages(kept), chooser))
    found["multihop"] = list(_multihop(data / "train_multihop" / "train.jsonl.gz", chooser))
    found["choice"] = list(_with_negatives(choice, everything, chooser))
    found["set aside"] = list(_with_negatives(aside, _passages(aside), chooser))
    return found


def _passages(found: Sequence[Example]) -> list[_Passage]:
    return list(dict.fromkeys((example.title, example.context) for example in found))


def _with_negatives(
    found: Sequence[Example], pool: Sequence[_Passage], chooser: np.random.Generator
) -> Iterator[Case]:
    nearest = _Nearest(pool)
    for example in found:
        yield _case(example, nearest.of(example.question), chooser)


class _Nearest:
    """The passages of a pool that are nearest to a question by words, best first."""

    def __init__(self, pool: Sequence[_Passage]) -> None:
        self._pool = pool
        self._words = Words([f"{title}\n{text}" for title, text in pool])

    def of(self, question: str) -> list[_Passage]:
        scores = self._words.scores(question)
        tried = np.argpartition(-scores, min(_TRIED, len(self._pool) - 1))[:_TRIED]
        return [self._pool[number] for number in tried[np.argsort(-scores[tried])].tolist()]


def _everyday(wanted: Side) -> list[Case]:
    documents = everyday(wanted)
    nearest = _Nearest([(each.title, each.text) for each in documents])
    cases = []
    for each in documents:
        for question, answer in each.answered:
            own = Example("everyday", question, each.title, each.text, places(each.text, [answer]))
            cases.append(Case(own, _lacking(own, nearest.of(question))[:_NEAR], each.unanswered))
    return cases


def _multihop(path: Path, chooser: np.random.Generator) -> Iterator[Case]:
    for row in lines_of(path):
        passages = [(each["title"], each["text"]) for each in row["paragraphs"]]
        for passage in row["paragraphs"]:
            spans = places(passage["text"], row["answers"])
            if passage["supporting"] and spans:
                own = Example("multihop", row["question"], passage["title"], passage["text"], spans)
                yield _case(own, passages, chooser)


def _case(own: Example, others: Sequence[_Passage], chooser: np.random.Generator) -> Case:
    """Keep what lacks the answer, and ask about a name or number of one of them in its place."""
    near = _lacking(own, others)
    swapped = [question for other in near for question in _swapped(own, other[1], chooser)]
    return Case(own, near[:_NEAR], tuple(dict.fromkeys(swapped))[:2])


def _lacking(own: Example, others: Sequence[_Passage]) -> tuple[_Passage, ...]:
    accepted = [own.context[start:end] for start, end in own.answers]
    return tuple(other for other in others if other[1] != own.context and not places(other[1], accepted))


def _swapped(own: Example, other: str, chooser: np.random.Generator) -> Iterator[str]:
    """Give the question with a name or number of another text in the place of its own longest one."""
    seen = f"{own.title}\n{own.context}".casefold()
    for pattern in (_NAME, _NUMBER):
        mine = {match[0] for match in pattern.finditer(f", {own.title}, {own.context}")}
        spots = [
            match
            for name in mine
            if len(name) >= _MIN_NAME
            for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", own.question, re.IGNORECASE)
        ]
        theirs = [
            name
            for name in dict.fromkeys(match[0] for match in pattern.finditer(other))
            if len(name) >= _MIN_NAME and not any(part in seen for part in name.casefold().split())
        ]
        if spots and theirs:
            spot = max(spots, key=lambda match: len(match[0]))
            name = theirs[int(chooser.integers(len(theirs)))]
            written = name.lower() if own.question.islower() else name
            yield own.question[: spot.start()] + written + own.question[spot.end() :]


def _packed(found: Mapping[str, Sequence[Case]]) -> dict[str, Any]:  # Any: JSON
    """Give the cases with every passage once; `_unpacked` reads them."""
    table: dict[_Passage, int] = {}
    cases = {
        name: [
            [
                case.asked.dataset,
                case.asked.question,
                table.setdefault((case.asked.title, case.asked.context), len(table)),
                case.asked.answers,
                [table.setdefault(passage, len(table)) for passage in case.near],
                case.swapped,
            ]
            for case in some
        ]
        for name, some in found.items()
    }
    return {"passages": list(table), "cases": cases}


def _unpacked(stored: Mapping[str, Any]) -> dict[str, list[Case]]:
    table: list[_Passage] = [(title, text) for title, text in stored["passages"]]
    return {
        name: [
            Case(
                Example(dataset, question, table[own][0], table[own][1], tuple(map(tuple, answers))),
                tuple(table[number] for number in near),
                tuple(swapped),
            )
            for dataset, question, own, answers, near, swapped in rows
        ]
        for name, rows in stored["cases"].items()
    }
