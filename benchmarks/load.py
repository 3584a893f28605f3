"""Many clients at once: how soon answers begin, whether all end well, and what memory does.

`steady`: as many clients begin each second as the machine serves, each streaming for half a minute, so that
more than 200 are connected at a time. `overloaded`: a server that works on few questions at once and a
generator too slow for what comes: the excess gets 503 with Retry-After, the rest is served. The encoder,
the reader, the database and the server are the product's; the generator is `echo`, so many words a second.
The clients are another process with a schedule that no slow server can stretch (benchmarks/_clients.py).
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._machine import machine, percentile

REPOSITORY = Path(__file__).parents[1]
RATE = 6.0  # clients a second
SITES = 22  # that an answer names, in five words each
WORD_SECONDS = {"steady": 0.32, "overloaded": 0.1}
OVERLOAD_WORKING, OVERLOAD_WAITING = 16, 16
MACHINES = ("anemometer", "barometer", "camera", "drone", "engine", "filter", "gauge", "hygrometer")
Clients = Sequence[dict[str, Any]]


def run(*, quick: bool) -> dict[str, Any]:
    """Serve a steady load, 10 minutes of it or one, then more than can be served."""
    seconds = 60 if quick else 600
    with tempfile.TemporaryDirectory() as folder:
        home, documents = Path(folder) / "home", Path(folder) / "documents"
        questions = _documents(documents)
        _rag("ingest", str(documents), "--home", str(home))
        rows = [_row("steady", home, questions, seconds, {})]
        limits = {
            "GROVE_SERVER__MAX_WORKING": str(OVERLOAD_WORKING),
            "GROVE_SERVER__MAX_WAITING": str(OVERLOAD_WAITING),
        }
        rows.append(_row("overloaded", home, questions, 20 if quick else 60, limits))
    settings = {"rate": RATE, "word_seconds": WORD_SECONDS, "seconds": seconds}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _documents(folder: Path) -> list[str]:
    """Write documents of one long sentence each, and give a question for each."""
    folder.mkdir()
    for name in MACHINES:
        words = " ".join(f"the {name} was inspected at site {site}," for site in range(SITES))
        (folder / f"{name}.txt").write_text(f"Report on the {name}: {words} and all was well.\n")
    return [f"Where was the {name} inspected?" for name in MACHINES]


def _row(
    load: str, home: Path, questions: list[str], seconds: int, variables: dict[str, str]
) -> dict[str, Any]:
    plan = {"rate": RATE, "seconds": seconds, "questions": questions}
    generator = json.dumps({"delay_seconds": WORD_SECONDS[load]})
    variables = {"GROVE_GENERATOR__OPTIONS": generator, **variables}
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
    return {"load": load, **_summary(clients), **cost, **_growth(sizes)}


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
