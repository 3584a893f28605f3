"""The trained parts that the package carries, as files: what each is, and whether it is as shipped."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from rag.networks._weights import FOLDER, sums

__all__ = ["Head", "heads"]


@dataclass(frozen=True, slots=True)
class Head:
    """One file of weights."""

    name: str
    title: str  # the first line of its model card
    card: Path
    size_bytes: int
    sha256: str
    is_intact: bool  # the digest is the one that was shipped


def heads(folder: Path = FOLDER) -> list[Head]:
    """List those that should be there, by name; a missing file has no bytes and is not intact."""
    return [_head(folder, name, digest) for name, digest in sorted(sums(folder).items())]


def _head(folder: Path, name: str, digest: str) -> Head:
    file, card = folder / name, (folder / name).with_suffix(".md")
    content = file.read_bytes() if file.exists() else b""
    found = hashlib.sha256(content).hexdigest()
    title = card.read_text().split("\n", 1)[0].lstrip("# ") if card.exists() else ""
    return Head(file.stem, title, card, len(content), found, found == digest)
