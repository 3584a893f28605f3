"""What each policy found, text by text: kept on disk so that a run can go on later, and summed up.

Knows numbers alone; how they were measured is others' business.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from rag.core.errors import InvalidInputError

__all__ = ["Found", "Row", "compared", "keep_text", "kept_texts", "row_of"]

_Z = 1.96
_SAMPLES = 2000

Row = tuple[str, float]
"""A policy and its budget."""


@dataclass
class Found:
    """What one row found, a number a text; those with `aware` after the question was read."""

    right: list[bool] = field(default_factory=list)
    right_aware: list[bool] = field(default_factory=list)
    logp: list[float] = field(default_factory=list)
    logp_aware: list[float] = field(default_factory=list)
    num_bytes: list[int] = field(default_factory=list)
    end_bytes: list[int] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    num_tokens: list[int] = field(default_factory=list)  # of the answers
    depths: list[float] = field(default_factory=list)  # of those not found

    def add(self, other: "Found") -> None:
        """Take what was found in other texts."""
        for each in fields(self):
            getattr(self, each.name).extend(getattr(other, each.name))


def keep_text(file: Path, number: int, settings: Mapping[str, Any], found: Mapping[Row, Found]) -> None:
    """Write down what was found in one text."""
    rows = [[policy, budget, asdict(each)] for (policy, budget), each in found.items()]
    with file.open("a") as lines:
        lines.write(json.dumps({"text": number, "settings": settings, "rows": rows}) + "\n")


def kept_texts(file: Path, settings: Mapping[str, Any]) -> dict[int, dict[Row, Found]]:
    """Give what was found in each text that was measured before, by whatever runs.

    Raises:
        InvalidInputError: the file is of other texts.
    """
    found: dict[int, dict[Row, Found]] = defaultdict(dict)
    for line in file.read_text().splitlines() if file.exists() else []:
        kept = json.loads(line)
        if kept["settings"] != settings:
            raise InvalidInputError(f"{file} holds {kept['settings']}, not {settings}; name another file")
        found[kept["text"]].update({(row, budget): Found(**each) for row, budget, each in kept["rows"]})
    return dict(found)


def row_of(policy: str, budget: float, found: Found) -> dict[str, Any]:
    """Sum one row up."""
    low, high = _interval(sum(found.right), len(found.right))
    return {
        "policy": policy,
        "budget": budget,
        "accuracy": _mean(found.right, 3),
        "low": low,
        "high": high,
        "accuracy_aware": _mean(found.right_aware, 3),
        "logp": _mean(found.logp, 2),
        "logp_aware": _mean(found.logp_aware, 2),
        "perplexity": round(math.exp(-sum(found.logp) / max(sum(found.num_tokens), 1)), 3),
        "bytes": _mean(found.num_bytes, None),
        "bytes_end": _mean(found.end_bytes, None),
        "bytes_peak": _mean(found.peak_bytes, None),
        "depths_missed": sorted(found.depths),
        "kept": _mean(found.kept, 4) if found.kept else 1.0,
        "n": len(found.right),
    }


def compared(found: Mapping[Row, Found], without: Mapping[str, str]) -> list[dict[str, Any]]:
    """Set policies beside the same without what makes them, on the same texts at the same budget."""
    rows: dict[tuple[str, float], dict[str, Any]] = defaultdict(dict)
    for (policy, budget), ours in found.items():
        plain = found.get((without.get(policy, ""), budget))
        if plain is None:
            continue
        row = rows[policy, budget]
        row |= {"policy": policy, "without": without[policy], "budget": budget, "n": len(ours.right)}
        row |= _difference(ours.right, plain.right, ours.logp, plain.logp, "")
        if ours.logp_aware and plain.logp_aware:
            row |= _difference(
                ours.right_aware, plain.right_aware, ours.logp_aware, plain.logp_aware, "_aware"
            )
    return list(rows.values())


def _difference(
    ours: Sequence[bool],
    plain: Sequence[bool],
    our_logp: Sequence[float],
    plain_logp: Sequence[float],
    ending: str,
) -> dict[str, Any]:
    """Give how many texts each alone found, and the gain of log p with its 95% interval over texts."""
    gains = np.array(our_logp) - np.array(plain_logp)
    drawn = np.random.default_rng(0).integers(len(gains), size=(_SAMPLES, len(gains)))
    low, high = np.quantile(gains[drawn].mean(axis=1), (0.025, 0.975)).round(3).tolist()
    return {
        f"only_with{ending}": sum(a and not b for a, b in zip(ours, plain, strict=True)),
        f"only_without{ending}": sum(b and not a for a, b in zip(ours, plain, strict=True)),
        f"logp_gain{ending}": round(float(gains.mean()), 3),
        f"logp_low{ending}": low,
        f"logp_high{ending}": high,
    }


def _mean(numbers: Sequence[float], digits: int | None) -> float | None:
    return round(sum(numbers) / len(numbers), digits) if numbers else None


def _interval(right: int, count: int) -> tuple[float, float]:
    """Give Wilson's 95% interval of a share."""
    share = right / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)
