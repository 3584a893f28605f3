"""The web page in a real browser against a real server: `ui/e2e/journey.mjs` walks, this judges."""

import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from _bucket_server import bucket_server

REPOSITORY = Path(__file__).parents[2]
UI = REPOSITORY / "ui"
START_SECONDS = 180
STEPS = 36  # and one for each look, a size in a colour scheme
MAX_FIRST_BYTES = 350_000  # gzipped, without fonts
# Characters outside the basic plane come first: an offset counted in UTF-16 would miss the quotation.
BEES = """# Bees of the valley

🐝🐝🐝 A short account for visitors. 🌼

The valley is home to four kinds of bees. The bumblebees are the largest of them and fly first in spring.

Honey is harvested in August, when the lime trees have finished flowering.
"""

pytestmark = pytest.mark.browser


@pytest.fixture
def server(grove_home: Path, tmp_path: Path, each_database: str) -> Iterator[str]:
    """Serve an empty installation; give its address."""
    log = tmp_path / "serve.log"
    rag = Path(sys.executable).with_name("rag")
    given = {"GROVE_SERVER__SHARE_LINKS": "true", "GROVE_SOURCES__SERVED": '["s3://reports/"]'}
    with bucket_server("reports") as files, log.open("w") as output:
        files.pipe("reports/2026/wasps.md", b"# Wasps\n\nWasps build nests of paper.")
        process = subprocess.Popen(
            [rag, "serve", "--home", grove_home, "--port", "0"],
            env={**os.environ, **given},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield address_in(log, process)
        finally:
            process.terminate()
            process.wait(timeout=120)


def address_in(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"http://[\w.:]+", log.read_text()):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"the server did not start: {log.read_text()}")


def test_a_person_finds_the_way_through_the_page(
    node: str, chromium: Path, server: str, each_database: str, tmp_path: Path
) -> None:
    assert (REPOSITORY / "api" / "static" / "index.html").exists(), "run `make ui`"
    bees, broken = tmp_path / "bees.md", tmp_path / "broken.pdf"
    bees.write_text(BEES)
    broken.write_text("no PDF at all")
    files = [bees, REPOSITORY / "examples" / "handbook.pdf", broken]
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    look = [] if each_database == "sqlite" else ["wide, light"]  # how it looks does not depend on it
    finished = subprocess.run(
        [node, UI / "e2e" / "journey.mjs", server, *files, pictures, *look],
        env={**os.environ, "CHROMIUM": str(chromium)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    steps = json.loads(finished.stdout)["steps"]
    assert {step["name"]: step["error"] for step in steps if step["error"]} == {}
    assert len(steps) == STEPS + (len(look) or 4)


def test_what_the_page_loads_at_first_is_small() -> None:
    static = REPOSITORY / "api" / "static"
    index = (static / "index.html").read_text()
    files = [static / name for name in re.findall(r'(?:src|href)="\./(assets/[^"]+\.(?:js|css))"', index)]
    assert len(files) >= 2
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < MAX_FIRST_BYTES
