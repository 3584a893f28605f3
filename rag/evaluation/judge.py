"""How well a judge of answers agrees with people: two answers to a question, of which people prefer one.

A judge that is shown them in another order should say the same.

Source: Zheng et al., Judging LLM-as-a-Judge, 2023, https://arxiv.org/abs/2306.05685, section 3 (position
bias, agreement). Deviation: agreement counts the verdicts in both orders.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rag.core.errors import InvalidInputError
from rag.core.protocols import Generator, Scorer
from rag.evaluation.datasets import numbered_lines
from rag.generation.writing import PromptWriter

__all__ = ["Pair", "Prefer", "evaluate_judge", "judged_by_generator", "judged_by_scorer", "load_pairs"]

Prefer = Callable[[str, str, str], int | None]
"""(question, first answer, second answer) -> 1 or 2, the better one; none where it is not told."""

_VERDICT = re.compile(r"(?<!\d)[12](?!\d)")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to a question, and which one people prefer: 1 or 2."""

    question: str
    first: str
    second: str
    preferred: int


def load_pairs(folder: Path, *, limit: int | None = None) -> list[Pair]:
    """Read data.jsonl[.gz], as LLMBar or as PandaLM has it; pairs without a preference are left out.

    Raises:
        InvalidInputError: no such file, a line that is no pair, or no pair.
    """
    pairs: list[Pair] = []
    for place, line in numbered_lines(folder, "data"):
        try:
            pairs += _pairs(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(
                f'{place}: a pair has "input", "output_1", "output_2" and "label" 1 or 2, got {line[:80]!r}'
            ) from error
    if not pairs:
        raise InvalidInputError(f"data.jsonl of {folder} has no pair of which one answer is preferred")
    return pairs[:limit]


def evaluate_judge(
    pairs: list[Pair], prefer: Prefer, *, on_pair: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Ask for a verdict on every pair in both orders.

    >>> evaluate_judge([Pair("Why?", "So.", "Because.", 2)], lambda question, first, second: 2)
    {'agreement': 0.5, 'position_consistency': 0.0, 'n': 1}
    """
    right, same = [], []
    for pair in pairs:
        verdict = prefer(pair.question, pair.first, pair.second)
        turned = {1: 2, 2: 1, None: None}[prefer(pair.question, pair.second, pair.first)]
        right += [verdict == pair.preferred, turned == pair.preferred]
        same.append(verdict is not None and verdict == turned)
        on_pair()
    return {
        "agreement": round(fmean(right), 4),
        "position_consistency": round(fmean(same), 4),
        "n": len(pairs),
    }


def judged_by_scorer(scorer: Scorer) -> Prefer:
    """Prefer the answer that is scored higher; each is scored for itself, so that order cannot count."""

    def prefer(question: str, first: str, second: str) -> int:
        one, other = scorer.scores(question, [first, second])
        return 1 if one > other else 2

    return prefer


def judged_by_generator(generator: Generator) -> Prefer:
    """Prefer what a model names when it is shown both."""
    writer = PromptWriter(generator, max_tokens=8, temperature=0.0)

    def prefer(question: str, first: str, second: str) -> int | None:
        values = {"question": question, "first": first, "second": second}
        (written,) = writer.write("judge", values, seeds=[0])
        found = _VERDICT.search(written)
        return None if found is None else int(found[0])

    return prefer


def _pairs(row: Mapping[str, Any]) -> Iterator[Pair]:  # Any: JSON
    if "response1" in row:  # PandaLM: what most of three people say; 0 is a tie
        votes = Counter(row[f"annotator{number}"] for number in (1, 2, 3))
        label, count = votes.most_common(1)[0]
        question = "\n\n".join(filter(None, (row["instruction"], row["input"])))
        if label != 0 and count > 1:
            yield Pair(question, row["response1"], row["response2"], int(label))
        return
    if row["label"] not in (1, 2):
        raise ValueError("a label is 1 or 2")
    yield Pair(row["input"], row["output_1"], row["output_2"], row["label"])
