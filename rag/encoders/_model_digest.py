"""What tells one folder of a model from another: a digest of its files, quick at any size."""

import hashlib
from pathlib import Path

__all__ = ["model_digest"]

_SUFFIXES = (".json", ".txt", ".metadata", ".model", ".safetensors", ".bin")  # of what vectors depend on
_NUM_SLICES, _SLICE_BYTES = 64, 16_384  # of a large file; training moves the weights of every layer


def model_digest(folder: Path) -> str:
    """Give 12 hex digits of the names, sizes and parts of a model's files, up to a MB of each."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file():
            size = path.stat().st_size
            digest.update(f"{path.relative_to(folder).as_posix()}\0{size}\0".encode())
            with path.open("rb") as file:
                if size <= _NUM_SLICES * _SLICE_BYTES:
                    digest.update(file.read())
                    continue
                for number in range(_NUM_SLICES):
                    file.seek((size - _SLICE_BYTES) * number // (_NUM_SLICES - 1))
                    digest.update(file.read(_SLICE_BYTES))
    return digest.hexdigest()[:12]
