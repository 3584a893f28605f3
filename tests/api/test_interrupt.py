"""Ctrl-C, as the one who stops a command sees it."""

import json
import signal
import subprocess
import sys

import pytest

WAITING = """
import signal
import time
from api import cli

signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored

@cli.app.command()
def wait(json: bool = False):
    print("waits", file=cli.sys.stderr, flush=True)
    time.sleep(60)

cli.main()
"""

IMPORTING = """
import os
import signal
import sys

signal.signal(signal.SIGINT, signal.default_int_handler)

class Stopped:
    def find_spec(name, *rest):
        if name == "api.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Stopped)

from api.__main__ import main

main()
"""


def test_stopping_it_before_it_has_begun_shows_no_traceback() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", IMPORTING], check=False, capture_output=True, text=True
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_command_that_is_stopped_says_so_and_exits_as_shells_expect(options: list[str]) -> None:
    command = [sys.executable, "-c", WAITING, "wait", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "waits\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "rag: stopped; what was finished is kept\n")
    assert [json.loads(line)["error"]["type"] for line in out.splitlines()] == ["Interrupted"] * len(
        options
    )
