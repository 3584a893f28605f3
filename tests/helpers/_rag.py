"""`rag` as a person or a script runs it: arguments, a folder, an environment; output and an exit code.

Each command is a process of its own, forked from one that has imported the program: importing it anew takes
longer than most commands do. Tests of documents, pages and servers start it as it is installed.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from api.__main__ import main

__all__ = ["Finished", "rag"]

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["api.cli", "agents.runs", "agents.toolset", "indexing.listing", "rag.db.archive", "rag.stores.faiss"]
)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # Any: JSON
        """Give what was printed; None where nothing was."""
        return json.loads(self.out) if self.out else None


def rag(*arguments: str | Path, said: str = "", variables: Mapping[str, str] | None = None) -> Finished:
    """Run `rag ARGUMENTS` in the present folder and environment.

    Args:
        arguments: what stands behind `rag`.
        said: what it reads from its standard input.
        variables: of the environment, in addition.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("in", "out", "err")]
        files[0].write_text(said)
        environment = {**os.environ, **(variables or {})}
        given = ([str(each) for each in arguments], Path.cwd(), environment, files)
        process = _FORKS.Process(target=_run, args=given)
        process.start()
        process.join()
        assert process.exitcode is not None
        return Finished(process.exitcode, files[1].read_text(), files[2].read_text())


def _run(arguments: list[str], folder: Path, environment: Mapping[str, str], files: list[Path]) -> None:
    for number, (file, mode) in enumerate(zip(files, ("r", "w", "w"), strict=True)):
        with file.open(mode) as opened:
            os.dup2(opened.fileno(), number)
    sys.stdin = open(0, closefd=False)  # multiprocessing has put another there
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["rag", *arguments]
    main()
