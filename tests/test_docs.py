"""The documentation says what is: generated pages are current, links lead somewhere, commands run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def test_generated_pages_are_current() -> None:
    finished = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_project_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_named_in_the_docs_exists(page: Path) -> None:
    pattern = r"`((?:rag|indexing|agents|api|ui|tests|docs|examples|benchmarks)/[\w./-]+\.\w+)`"
    named = [name for name in re.findall(pattern, page.read_text()) if "mine" not in name]
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_the_tutorial_runs(tmp_path: Path) -> None:
    commands = re.findall(r"```sh\n(.*?)```", (REPOSITORY / "docs/tutorial.md").read_text(), re.DOTALL)
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    environment = {**os.environ, "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"}
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "[1]" in finished.stdout
