"""Running the files of benchmarks/, which belong to the repository and not to the installed package."""

import importlib
import sys
from pathlib import Path
from typing import Any

from rag.core.errors import InvalidInputError

__all__ = ["run_benchmark"]

_REPOSITORY = Path(__file__).parents[1]


def run_benchmark(name: str, *, quick: bool) -> dict[str, Any]:
    """Import benchmarks/NAME.py and give what its `run` gives: machine, settings, rows.

    Raises:
        InvalidInputError: there is no such file, or no repository.
    """
    folder = _REPOSITORY / "benchmarks"
    names = sorted(
        path.stem for path in folder.glob("[a-z]*.py") if "\ndef run(*, quick: bool)" in path.read_text()
    )
    if name not in names:
        raise InvalidInputError(
            f"no benchmark {name!r}; choose one of: {', '.join(names) or 'none: this is not a checkout'}"
        )
    sys.path.insert(0, str(_REPOSITORY))
    result: dict[str, Any] = importlib.import_module(f"benchmarks.{name}").run(quick=quick)
    return result
