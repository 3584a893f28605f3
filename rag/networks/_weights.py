"""The one loader of the weights that the package carries: rag/networks/weights/*.safetensors.

Each file has a model card of its name beside it, and a line in SHA256SUMS. At most 60 MB in all
(tests/networks/test_weights.py).
"""

import hashlib
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from rag.core.errors import DamagedWeightsError

FOLDER = Path(__file__).with_name("weights")


def load_weights(name: str, folder: Path = FOLDER) -> dict[str, Tensor]:
    """Read the tensors of NAME.safetensors; what is stored in half precision comes as float32.

    Raises:
        DamagedWeightsError: the file is missing or its sha256 is not the one that SHA256SUMS names.
    """
    file = folder / f"{name}.safetensors"
    content = file.read_bytes() if file.exists() else b""
    if (found := hashlib.sha256(content).hexdigest()) != (wanted := sums(folder).get(file.name)):
        raise DamagedWeightsError(
            f"{file} has sha256 {found}, SHA256SUMS names {wanted}: install the package again"
        )
    return {
        key: tensor.float() if tensor.is_floating_point() else tensor
        for key, tensor in load(content).items()
    }


def save_weights(name: str, tensors: dict[str, Tensor], folder: Path = FOLDER) -> None:
    """Write NAME.safetensors and its line in SHA256SUMS."""
    folder.mkdir(exist_ok=True)
    content = save(tensors)
    (folder / f"{name}.safetensors").write_bytes(content)
    known = sums(folder) | {f"{name}.safetensors": hashlib.sha256(content).hexdigest()}
    lines = [f"{digest}  {file}\n" for file, digest in sorted(known.items())]
    (folder / "SHA256SUMS").write_text("".join(lines))


def sums(folder: Path = FOLDER) -> dict[str, str]:
    """Read SHA256SUMS: file name -> digest."""
    path = folder / "SHA256SUMS"
    lines = path.read_text().splitlines() if path.exists() else []
    return {file: digest for digest, file in (line.split("  ") for line in lines)}
