"""What an installation brings: documented, light to import, resolvable with the GPU extra, and whole."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
HEAVY = (
    "faiss",
    "fastapi",
    "langgraph",
    "sentence_transformers",
    "torch",
    "transformers",
    "vllm",
    "ray",
    "fsspec",
)
LIGHT = ("rag, rag.stores, rag.retrieval, rag.encoders", "api.cli")


def split(requirement: str) -> tuple[str, str]:
    """Split into name (with its extras) and range."""
    found = re.fullmatch(r"([\w.\[\]-]+?)\s*([=<>!~].*)?", requirement)
    assert found is not None, requirement
    return found[1], found[2] or ""


def documented() -> dict[str, tuple[str, str]]:
    """Read name -> (range, extra) from the tables of docs/dependencies.md."""
    rows = re.findall(
        r"^\| `([^`]+)` \| `([^`]*)` \| [^|]+ \| (\w+) \| [^|]+ \|$",
        (REPOSITORY / "docs/dependencies.md").read_text(),
        re.MULTILINE,
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def source_files() -> list[str]:
    """List what git tracks, or would: the packages, and what building them needs."""
    wanted = ("LICENSE", "README.md", "pyproject.toml", "rag", "indexing", "agents", "api")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *wanted]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [file for file in listed.stdout.splitlines() if (REPOSITORY / file).exists()]


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *arguments]
    return subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True)


def skip_without_registry(finished: subprocess.CompletedProcess[str]) -> None:
    signs = (
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
        "Network is unreachable",
        "error sending request",
    )
    if finished.returncode and any(sign in finished.stderr for sign in signs):
        pytest.skip("no package registry answers")


def test_every_dependency_is_documented_with_its_range() -> None:
    declared = {split(line)[0]: (split(line)[1], "default") for line in PROJECT["dependencies"]}
    for extra, lines in EXTRAS.items():
        declared |= {split(line)[0]: (split(line)[1], extra) for line in lines}
    listed = {row: value for row, value in documented().items() if value[1] != "apart"}
    assert listed == declared


@pytest.mark.parametrize("modules", LIGHT)
def test_importing_is_light(modules: str) -> None:
    program = f"import sys, {modules}; print([name for name in {HEAVY!r} if name in sys.modules])"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"


def test_the_gpu_extra_resolves_with_the_default_set() -> None:
    # faiss-gpu takes the place of faiss-cpu, as docs/dependencies.md says.
    wanted = [line for line in PROJECT["dependencies"] if not line.startswith("faiss-cpu")] + EXTRAS["gpu"]
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "-"]
    finished = subprocess.run(command, check=False, input="\n".join(wanted), capture_output=True, text=True)
    skip_without_registry(finished)
    assert finished.returncode == 0, finished.stderr[-2000:]


def test_a_built_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    files = source_files()
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / file, tmp_path / file)
    finished = pip("wheel", "--no-deps", "--quiet", "--wheel-dir", str(tmp_path), str(tmp_path))
    skip_without_registry(finished)
    assert finished.returncode == 0, finished.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert [file for file in files if "/" in file and file not in held] == []
