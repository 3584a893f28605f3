import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from api.llm_environment import VLLM_VERSION, has_plugin, install_plugin
from rag.core.errors import ConflictError
from rag.generation.vllm_plugin import TESTED_VERSION, check_version, register

REPOSITORY = Path(__file__).parents[3]
# vLLM's own, as its plugin loader sees them; the paths of the environment alone.
LISTED = """
import sys
from importlib.metadata import entry_points
found = [each for each in entry_points(group="vllm.general_plugins") if each.name == "grove"]
found[0].load()()
print(len(found), "api" in sys.modules, "rag" in sys.modules)
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    (tmp_path / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    return tmp_path


def test_without_its_variable_the_plugin_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROVE_VLLM", raising=False)
    register()


def test_another_version_of_vllm_is_refused_with_what_to_do() -> None:
    with pytest.raises(
        ConflictError, match=r"tested with vLLM 0\.32\.0, and this is 0\.33\.0.*rag llm install"
    ):
        check_version("0.33.0")


def test_what_is_installed_is_the_tested_version() -> None:
    assert VLLM_VERSION == TESTED_VERSION


def test_the_distribution_names_the_plugin() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    declared = project["entry-points"]["vllm.general_plugins"]
    assert declared == {"grove": "rag.generation.vllm_plugin:register"}


def test_a_link_to_another_rag_is_replaced(environment: Path) -> None:
    link = environment / "lib" / "python3.11" / "site-packages" / "rag"
    link.symlink_to(environment / "gone")
    assert not has_plugin(environment)
    install_plugin(environment)
    install_plugin(environment)
    assert has_plugin(environment)
    assert link.resolve() == REPOSITORY / "rag"


def test_an_environment_finds_rag_and_the_entry_point_and_nothing_else_of_grove(environment: Path) -> None:
    install_plugin(environment)
    paths = [str(environment / "lib" / "python3.11" / "site-packages")]
    command = [sys.executable, "-I", "-S", "-c", f"import sys\nsys.path += {paths!r}\n{LISTED}"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.stdout.split() == ["1", "False", "True"], finished.stderr


@pytest.mark.vllm
def test_the_environment_of_vllm_can_import_all_of_it(vllm_environment: Path) -> None:
    folder = REPOSITORY / "rag" / "generation" / "vllm_plugin"
    modules = ", ".join(
        f"rag.generation.vllm_plugin.{file.stem}" for file in folder.glob("*.py") if file.stem != "__init__"
    )
    command = [str(vllm_environment / "bin" / "python"), "-c", f"import {modules}"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
