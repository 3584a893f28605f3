"""Many clients at once: how soon answers begin, whether all end well, and what memory does.

`steady`: as many clients begin each second as the machine serves, each with a question that nobody asked
before and an answer of minutes, so that more than 200 are connected at a time. `overloaded`: a server that
works on few questions at once and a generator too slow for them: the excess gets 503 with Retry-After, the
rest is served. The encoder, the reader, the database and the server are the product's; the generator is
`echo`, so many words a second. The clients are another process with a schedule that no slow server can
stretch (benchmarks/_clients.py). `python -m benchmarks.load --rate 1.5` is another rate.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks._inspections import new_questions, write_documents
from benchmarks._machine import machine, percentile

REPOSITORY = Path(__file__).parents[1]
RATE = 1.0  # clients a second
AT_ONCE = 220  # clients that stream together, from the time on that the first ones end
ANSWER_WORDS = 130
OVERLOAD_RATE, OVERLOAD_ANSWER_SECONDS = 6.0, 12.0
OVERLOAD_WORKING, OVERLOAD_WAITING = 16, 16
Clients = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Load:
    name: str
    rate: float  # clients a second
    seconds: float  # in which they begin
    answer_seconds: float
    limits: Mapping[str, str] = field(default_factory=dict)  # settings; the product's own by default


def run(*, quick: bool) -> dict[str, Any]:
    """Serve a steady load, 10 minutes of it or one of shorter answers, then more than can be served."""
    if quick:
        return _measured(RATE, seconds=60, answer_seconds=45, overload_seconds=20)
    return _measured(RATE, seconds=600, answer_seconds=AT_ONCE / RATE, overload_seconds=60)


def main() -> None:
    """Measure at another rate or for another time, and print what there is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=RATE, help="clients a second")
    parser.add_argument("--seconds", type=float, default=600, help="in which they begin")
    options = parser.parse_args()
    if options.rate <= 0 or options.seconds * options.rate < 1:
        parser.error(f"at least one client comes: got {options.rate} a second for {options.seconds} s")
    answer_seconds = AT_ONCE / options.rate
    result = _measured(
        options.rate, seconds=options.seconds, answer_seconds=answer_seconds, overload_seconds=60
    )
    print(json.dumps(result, indent=2))


def _measured(
    rate: float, *, seconds: float, answer_seconds: float, overload_seconds: float
) -> dict[str, Any]:
    few = {
        "GROVE_SERVER__MAX_WORKING": str(OVERLOAD_WORKING),
        "GROVE_SERVER__MAX_WAITING": str(OVERLOAD_WAITING),
    }
    loads = (
        _Load("steady", rate, seconds, answer_seconds),
        _Load("overloaded", OVERLOAD_RATE, overload_seconds, OVERLOAD_ANSWER_SECONDS, few),
    )
    questions = new_questions()
    with tempfile.TemporaryDirectory() as folder:
        home, documents = Path(folder) / "home", Path(folder) / "documents"
        write_documents(documents)
        _rag("ingest", str(documents), "--home", str(home))
        rows = [_row(load, home, list(islice(questions, int(load.rate * load.seconds)))) for load in loads]
    settings = {"rate": rate, "seconds": seconds, "answer_seconds": answer_seconds}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _row(load: _Load, home: Path, questions: Sequence[str]) -> dict[str, Any]:
    plan = {"rate": load.rate, "seconds": load.seconds, "questions": questions}
    variables = {
        "GROVE_GENERATOR__OPTIONS": json.dumps({"delay_seconds": load.answer_seconds / ANSWER_WORDS}),
        "GROVE_GENERATION__TIMEOUT_SECONDS": str(10 * load.answer_seconds),
        "GROVE_ORCHESTRATION__MAX_SECONDS": str(10 * load.answer_seconds),
        **load.limits,
    }
    with _server(home, variables) as (port, pid), _memory(pid) as sizes:
        before = _cpu_seconds(pid)
        finished = subprocess.run(
            [sys.executable, "-m", "benchmarks._clients"],
            input=json.dumps({**plan, "port": port}),
            capture_output=True,
            text=True,
            check=True,
            cwd=REPOSITORY,
        )
        cpu = _cpu_seconds(pid) - before
    clients = json.loads(finished.stdout)
    cost = {"cpu_ms_a_question": round(cpu * 1000 / len(clients), 1)}
    return {"load": load.name, **_summary(clients), **cost, **_growth(sizes)}


def _summary(clients: Clients) -> dict[str, Any]:
    first = [each["first_token"] * 1000 for each in clients if "first_token" in each]
    served = [each for each in clients if each["end"] == "finished"]
    turned_away = [each for each in clients if each["status"] == 503]
    return {
        "asked": len(clients),
        "served": len(served),
        "turned_away": len(turned_away),
        "with_retry_after": sum(each["retry_after"] is not None for each in turned_away),
        "errors": len(clients) - len(served) - len(turned_away),
        "at_once": _at_once(served),
        "tokens": sum(each["tokens"] for each in served),
        "ttft_p50_ms": round(percentile(first, 50)),
        "ttft_p95_ms": round(percentile(first, 95)),
        "ttft_p99_ms": round(percentile(first, 99)),
        "other_ends": sorted({each["end"] for each in clients} - {"finished", "refused"}),
    }


def _at_once(clients: Clients) -> int:
    """Give the largest number of clients that were connected at one time."""
    changes = sorted([(each["due"], 1) for each in clients] + [(each["until"], -1) for each in clients])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


@contextmanager
def _server(home: Path, variables: dict[str, str]) -> Iterator[tuple[int, int]]:
    environment = {
        **os.environ,
        "GROVE_HOME": str(home),
        "GROVE_GENERATOR__KIND": "echo",
        "GROVE_GENERATION__MIN_ANSWERABILITY": "0",  # what is measured needs an answer each time
        **variables,
    }
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--no-worker"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        ports = (re.search(r"http://\S+?:(\d+)", line) for line in process.stderr)
        port = next(int(match[1]) for match in ports if match)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            yield port, process.pid
        finally:
            process.terminate()


@contextmanager
def _memory(pid: int) -> Iterator[list[int]]:
    """Note the resident size of a process each second."""
    sizes: list[int] = []
    stop = threading.Event()

    def note() -> None:
        while not stop.wait(1):
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            sizes.append(resident * os.sysconf("SC_PAGE_SIZE"))

    thread = threading.Thread(target=note)
    thread.start()
    try:
        yield sizes
    finally:
        stop.set()
        thread.join()


def _growth(sizes: list[int]) -> dict[str, float]:
    """Compare the memory of the last tenth with that after the first third, when all have come."""
    tenth = max(1, len(sizes) // 10)
    third = len(sizes) // 3
    early = sum(sizes[third : third + tenth]) / tenth
    late = sum(sizes[-tenth:]) / tenth
    return {"memory_bytes": round(late), "memory_growth": round(late / early - 1, 4)}


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rag(*arguments: str) -> None:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "api.cli", *arguments], check=True, capture_output=True)
    print(f"rag {arguments[0]}: {time.perf_counter() - started:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
