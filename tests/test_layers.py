"""The rules of the tree that import-linter cannot say; those that it can are in pyproject.toml."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("rag", "indexing", "agents", "api")
FAMILIES = (
    "rag/encoders",
    "rag/stores",
    "rag/retrieval",
    "rag/generation/backends",
    "rag/reading/readers",
    "rag/generation/speculation",
    "agents/tools",
    "indexing/loaders",
    "indexing/chunkers",
    "indexing/engines",
    "indexing/sources",
)
# The one place of each kind that keeps serving whatever a request or a file does.
CATCH_ALL = (
    "api/main.py",
    "api/mcp_server.py",
    "indexing/_reader_process.py",
    "indexing/engines/ray.py",
    "indexing/file_reading.py",
    "indexing/intake.py",
    "indexing/schedules.py",
    "indexing/worker.py",
)

# It runs in vLLM's processes, which have no settings of Grove's.
READS_ENVIRONMENT = ("rag/generation/vllm_plugin/options.py",)


def sources() -> list[Path]:
    return sorted(file for package in PACKAGES for file in (REPOSITORY / package).rglob("*.py"))


def name(file: Path) -> str:
    return str(file.relative_to(REPOSITORY))


def exported(file: Path) -> list[str]:
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def parts(family: str) -> list[Path]:
    return [file for file in (REPOSITORY / family).glob("*.py") if not file.name.startswith("_")]


def imports(file: Path) -> set[str]:
    """List the modules that a file imports, anywhere in it, and what it takes from packages."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def goes_on(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches everything and does not raise it again."""
    catches_all = handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")
    last = handler.body[-1]
    return catches_all and not (isinstance(last, ast.Raise) and last.exc is None)


def is_environment_read(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("os.environ.get", "os.getenv")
    is_load = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
    return is_load and ast.unparse(node.value) == "os.environ"  # type: ignore[attr-defined]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_part_of_a_family_exports_exactly_one_class(family: str) -> None:
    for file in parts(family):
        classes = [node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)]
        assert len(exported(file)) == 1, name(file)
        assert exported(file)[0] in classes, name(file)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_parts_of_a_family_do_not_know_each_other(family: str) -> None:
    # They share helpers, whose names start with an underscore, and helpers know no part.
    package = family.replace("/", ".")
    known = {
        (name(file), imported)
        for file in (REPOSITORY / family).glob("*.py")
        for imported in imports(file)
        for part in parts(family)
        if imported == f"{package}.{part.stem}"
    }
    assert known == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_parts(family: str) -> None:
    assert parts(family) != []


def test_every_folder_of_source_is_a_package() -> None:
    assert [name(file) for file in sources() if not (file.parent / "__init__.py").exists()] == []


def test_every_module_says_what_it_is() -> None:
    assert [
        name(file) for file in sources() if ast.get_docstring(ast.parse(file.read_text())) is None
    ] == []


def test_only_the_loops_that_must_go_on_catch_everything() -> None:
    found = [
        name(file)
        for file in sources()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ExceptHandler) and goes_on(node)
    ]
    assert [file for file in found if file not in CATCH_ALL] == []


def test_only_the_settings_read_the_environment() -> None:
    found = [
        name(file)
        for file in sources()
        for node in ast.walk(ast.parse(file.read_text()))
        if is_environment_read(node)
    ]
    assert [file for file in found if file not in READS_ENVIRONMENT] == []
