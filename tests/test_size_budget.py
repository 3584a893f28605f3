"""Files of at most 300 lines, functions of at most 60 lines and 8 parameters."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FOLDERS = ("rag", "indexing", "agents", "api", "tests", "benchmarks", "examples", "docs")
HISTORY = REPOSITORY / "rag/db/migrations/versions"  # one step of the schema each; never edited again
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 8


def sources() -> list[Path]:
    files = sorted(file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*.py"))
    return [file for file in files if not file.is_relative_to(HISTORY)]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    named = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([argument for argument in named if argument.arg not in ("self", "cls")])


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_a_file_and_its_functions_keep_the_size_budget(file: Path) -> None:
    text = file.read_text()
    excess = []
    if (lines := len(text.splitlines())) > MAX_FILE_LINES:
        excess.append(f"the file has {lines} lines")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if (length := node.end_lineno - node.lineno + 1) > MAX_FUNCTION_LINES:
                excess.append(f"{node.name} has {length} lines")
            if (count := parameters(node)) > MAX_PARAMETERS:
                excess.append(f"{node.name} has {count} parameters")
    assert excess == []
