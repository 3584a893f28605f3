"""Running the files of benchmarks/, which belong to the repository and not to the installed package."""

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

from rag.core.errors import InvalidInputError

__all__ = ["benchmark_names", "run_benchmark"]

_REPOSITORY = Path(__file__).parents[1]
_RUN = re.compile(r"^def run\(\s*\*,\s*quick: bool\b", re.MULTILINE)


def benchmark_names() -> list[str]:
    """Give those that there are; none outside a checkout."""
    files = (_REPOSITORY / "benchmarks").glob("[a-z]*.py")
    return sorted(path.stem for path in files if _RUN.search(path.read_text()))


def run_benchmark(name: str, *, quick: bool) -> dict[str, Any]:
    """Import benchmarks/NAME.py and give what its `run` gives: machine, settings, rows.

    Raises:
        InvalidInputError: there is no such file, or no repository.
    """
    names = benchmark_names()
    if name not in names:
        raise InvalidInputError(
            f"no benchmark {name!r}; choose one of: {', '.join(names) or 'none: this is not a checkout'}"
        )
    sys.path.insert(0, str(_REPOSITORY))
    os.environ.pop("GROVE_DATABASE_URL", None)  # what a benchmark indexes goes into a home of its own
    result: dict[str, Any] = importlib.import_module(f"benchmarks.{name}").run(quick=quick)
    return result
