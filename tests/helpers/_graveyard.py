"""Many deaths of workers at little cost: `python _graveyard.py ENCODER` forks the victims.

The process has imported all that a worker needs, and done nothing with it: a victim is a fork of it. It
reads a line of JSON for each, the arguments of `_fork`, and writes how the victim ended. The step `anytime`
kills after COUNT milliseconds, wherever the worker is then.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from _victim import run_to_death, settings_of

from rag.compose import Grove
from rag.core.settings import Settings

__all__ = ["Graveyard", "graveyard"]

_HELPERS = Path(__file__).parent


class Graveyard:
    """The forking process, as a test sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def kill(self, grove: Grove, job_id: str, step: str, count: int) -> bool:
        """Run a worker that is to die; tell whether it did, for it may have finished before."""
        home, database_url = str(grove.settings.home_dir), grove.settings.database_url
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([home, database_url, job_id, step, count]) + "\n")
        self._process.stdin.flush()
        status = int(self.line())
        assert status in (0, -signal.SIGKILL), f"a worker failed at {step} {count}"
        return status != 0

    def line(self) -> str:
        """Read the next line that the process writes."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def graveyard(encoder: str = "hashing") -> Iterator[Graveyard]:
    """Start the process."""
    path = f"{_HELPERS.parents[1]}:{_HELPERS}"
    with subprocess.Popen(
        [sys.executable, __file__, encoder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_HELPERS.parents[1],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    ) as process:
        yard = Graveyard(process)
        assert yard.line() == f"torch: {encoder != 'hashing'}"
        yield yard
        assert process.stdin is not None
        process.stdin.close()


def _fork(settings: Settings, job_id: str, step: str, count: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            run_to_death(settings, job_id, step, count)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    if step == "anytime":
        time.sleep(count / 1000)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(encoder: str) -> None:
    """Fork a victim for every line."""
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(settings_of(Path(home), encoder=encoder))
        # The imports, and nothing that starts a thread.
        assert grove.encoder.fingerprint
        assert grove.store
        assert psycopg
    sys.stdout.write(f"torch: {'torch' in sys.modules}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        home, database_url, *death = json.loads(line)
        status = _fork(settings_of(Path(home), database_url, encoder=encoder), *death)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
