"""The documentation says what is: generated pages are current, links lead somewhere, commands run."""

import asyncio
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from agents.tools import Effects, ToolResult, ToolScope
from api.benchmarks import benchmark_names
from api.cli import app
from rag.generation.backends.openai import Openai
from rag.scoring.tools import Tool

REPOSITORY = Path(__file__).parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
BIN = Path(sys.prefix) / "bin"


def blocks(page: Path) -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL))


def shell(script: str, folder: Path, **variables: str) -> str:
    environment = {**os.environ, **variables, "PATH": f"{BIN}:{os.environ['PATH']}"}
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@contextmanager
def server(home: Path) -> Iterator[str]:
    command = [str(BIN / "rag"), "serve", "--home", str(home), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = (re.search(r"http://\S+:\d+", line) for line in process.stderr)
        try:
            yield next(match[0] for match in lines if match)
        finally:  # a command that fails must not wait for a server that nobody ends
            process.terminate()


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
def test_every_link_to_a_heading_leads_to_one(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#]*)#([^)]+)\)", page.read_text()):
        text = (page.parent / target if target else page).read_text()
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_named_in_the_docs_exists(page: Path) -> None:
    pattern = r"`((?:rag|indexing|agents|api|ui|tests|docs|examples|benchmarks)/[\w./-]+\.\w+)`"
    named = [name for name in re.findall(pattern, page.read_text()) if "mine" not in name]
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_the_docs_has_the_options_it_is_given(page: Path) -> None:
    for line in re.findall(r"^(?:\.venv/bin/)?rag (.*)$", blocks(page).replace("\\\n", " "), re.MULTILINE):
        command = typer.main.get_command(app)
        words = shlex.split(line, comments=True)
        while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
            command = command.commands[words.pop(0)]
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        assert {word for word in words if word.startswith("-")} <= known, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_benchmark_in_the_docs_exists(page: Path) -> None:
    assert set(re.findall(r"rag bench ([a-z]\w*)", page.read_text())) <= set(benchmark_names())


def test_the_torch_of_the_page_on_dependencies_is_the_one_that_is_set_up() -> None:
    (version,) = re.findall(
        r"^TORCH \?= (torch==[\d.]+)", (REPOSITORY / "Makefile").read_text(), re.MULTILINE
    )
    assert f"make setup TORCH={version}\n" in (REPOSITORY / "docs/dependencies.md").read_text()


def test_the_answers_of_the_readme_are_those_that_are_given(tmp_path: Path) -> None:
    transcript = (REPOSITORY / "README.md").read_text().split("<!-- transcript:")[1]
    shown = re.findall(r"^\$ rag (ask .*)\n((?:(?!\$ rag |```).*\n)*)", transcript, re.MULTILINE)
    files = ("peps/pep-0008.rst", "handbook.pdf", "mail.zip")
    shell(f"rag ingest {' '.join(f'examples/{name}' for name in files)} --home {tmp_path}", REPOSITORY)
    assert len(shown) > 3
    for question, answer in shown:
        given = shell(f"rag {question} --home {tmp_path}", REPOSITORY)
        assert _unmeasured(given) == _unmeasured(answer)


def _unmeasured(answer: str) -> str:
    """Leave out the times, and what depends on the other documents of the demo."""
    pattern = r"^prepare .* ms$| \(relevance [\d.]+\)| None of the \d passages .*"
    return re.sub(pattern, "", answer, flags=re.MULTILINE).strip()


def test_the_tutorial_runs(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    assert "[1]" in shell(blocks(REPOSITORY / "docs/tutorial.md"), tmp_path)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_of_the_http_page_run(tmp_path: Path) -> None:
    with server(tmp_path) as url:
        script = blocks(REPOSITORY / "docs/http.md").replace("http://127.0.0.1:8080", url)
        shell(f'rag ingest examples/product.html --home "{tmp_path}"', REPOSITORY)
        replies = shell(script, REPOSITORY)
    assert "event: answer.finished" in replies
    assert '"object":"chat.completion"' in replies


def test_the_examples_of_the_settings_page_are_settings(tmp_path: Path) -> None:
    script = blocks(REPOSITORY / "docs/settings.md")
    assert "GROVE_RETRIEVER=" in script
    imports = "from rag.compose import Grove; from rag.core.settings import Settings"
    build = f"{imports}; print(Grove(Settings()).retriever())"
    made = shell(f"{script}\nunset GROVE_DATABASE_URL\npython -c '{build}'", tmp_path)
    assert "fusion='score'" in made


def test_the_generators_of_the_page_on_answers_are_settings(tmp_path: Path) -> None:
    page = REPOSITORY / "docs/answers.md"
    (script,) = re.findall(r"^export GROVE_GENERATORS=.*?(?=^rag )", blocks(page), re.DOTALL | re.MULTILINE)
    imports = "from rag.compose import Grove; from rag.core.settings import Settings"
    build = f'{imports}; g = Grove(Settings()).generator; print(g("ollama").model, g("cloud").api_key)'
    assert shell(f"{script}\npython -c '{build}'", tmp_path) == "llama3.2 KEY\n"


def test_the_options_of_servers_are_those_of_the_page_on_answers() -> None:
    page = (REPOSITORY / "docs/answers.md").read_text()
    (table,) = re.findall(r"^\| option of `openai`.*\n(?:\|.*\n)*", page, re.MULTILINE)
    options = [field.name for field in fields(Openai)]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == options


def test_the_commands_of_the_tools_page_run(tmp_path: Path) -> None:
    page = re.sub(r"```sh\nexport.*?```", "", (REPOSITORY / "docs/tools.md").read_text(), flags=re.DOTALL)
    script = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    said = shell(script, REPOSITORY, GROVE_HOME=str(tmp_path))
    assert "15% of 240 = 36" in said
    assert "it is 64 days" in said
    assert "The collection holds 2 documents" in said


def test_the_commands_of_the_page_on_databases_run(tmp_path: Path) -> None:
    page = re.sub(
        r"```sh\nexport GROVE_SQL__GENERATOR.*?```",
        "",
        (REPOSITORY / "docs/sql.md").read_text(),
        flags=re.DOTALL,
    )
    said = shell(
        "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)), REPOSITORY, GROVE_HOME=str(tmp_path)
    )
    assert "shop  sqlite   a shop of garden tools  customer, product, purchase, purchase_item" in said
    assert "Ada Lindqvist | 3" in said
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert shown in said
    assert (
        "Hose Reel\n[shop: SELECT product.name FROM product ORDER BY product.price DESC LIMIT 1] [1]"
        in said
    )


def test_the_tool_of_the_tools_page_works(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs/tools.md").read_text()
    (source,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {"secrets": secrets, "Tool": Tool, "Mapping": Mapping}
    names |= {each.__name__: each for each in (ToolResult, ToolScope)} | {"Effects": Effects}
    exec(compile(source, "docs/tools.md", "exec"), names)
    result = asyncio.run(names["Dice"]().call({"sides": 2}, None))
    assert result.text in ("The die shows 1.", "The die shows 2.")


def test_the_programs_of_the_page_on_clients_run(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs/clients.md").read_text()
    *programs, with_key = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    with server(tmp_path) as url:
        for program in (*programs, with_key):
            source = program.replace("http://127.0.0.1:8080", url)
            if program is with_key:  # from then on nobody gets in without one
                made = shell(blocks(REPOSITORY / "docs/clients.md"), REPOSITORY, GROVE_HOME=str(tmp_path))
                source = source.replace("KEY", made.strip())
            finished = subprocess.run(
                [sys.executable, "-c", source], cwd=REPOSITORY, capture_output=True, text=True, check=False
            )
            assert finished.returncode == 0, finished.stderr
            assert finished.stdout.strip()


def test_the_commands_of_the_page_on_ingestion_run(tmp_path: Path) -> None:
    page = REPOSITORY / "docs/ingestion.md"
    said = shell(blocks(page), tmp_path, GROVE_HOME=str(tmp_path / "home"))
    (promised,) = re.findall(r"prints `(would [^`]*)`", page.read_text())
    assert promised in said
