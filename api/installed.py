"""What is installed: encoders, trained parts with their cards and digests, generators, readers, scorers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.compose import DEFAULT, Grove
from rag.core.errors import MissingExtraError
from rag.core.registry import Family
from rag.core.settings import Part

__all__ = ["InstalledModel", "installed_models"]

_FAMILIES = {
    "encoder": "rag.encoders",
    "generator": "rag.generation.backends",
    "reader": "rag.reading.readers",
    "scorer": "rag.generation.scorers",
}


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A part that is, carries or reaches a model."""

    family: str  # encoder, generator, reader, scorer, head or weights
    name: str
    used: str  # as what the settings use it; empty where they do not
    installed: bool
    about: str
    sha256: str | None = None
    size_bytes: int | None = None
    card: Path | None = None


def installed_models(grove: Grove) -> list[InstalledModel]:
    """List what the settings can name, and the weights that come with the package."""
    return [*_parts(grove), *_profiles(grove), *_heads(), _language_model(grove)]


def _parts(grove: Grove) -> Iterator[InstalledModel]:
    used = _used(grove)
    for family, package in _FAMILIES.items():
        parts = Family(package)
        for name in parts.names():
            try:
                about = (parts.load(name).__doc__ or "").split("\n", 1)[0]
            except MissingExtraError as error:
                yield InstalledModel(family, name, "", False, str(error))
                continue
            yield InstalledModel(family, name, used.get((family, name), ""), True, about)


def _used(grove: Grove) -> Mapping[tuple[str, str], str]:
    settings = grove.settings
    chosen: list[tuple[str, str, Part]] = [
        ("encoder", "encoder", settings.encoder),
        ("encoder", "late_encoder", settings.late_encoder),
        ("encoder", "long_encoder", settings.long_encoder),
        ("reader", "reader", settings.resolved_reader),
        ("scorer", "scorer", settings.scorer),
        ("generator", "generator", settings.generator),
    ]
    return {(family, part.kind): role for family, role, part in chosen}


def _profiles(grove: Grove) -> Iterator[InstalledModel]:
    files = Family(_FAMILIES["generator"]).names()
    for name in grove.generator_names():
        if name in files or name == DEFAULT:
            continue
        part = grove.settings.generators.get(name)
        about = f"profile of `{part.kind}`" if part else "the server of `rag llm serve`"
        yield InstalledModel("generator", name, "", True, about)


def _heads() -> Iterator[InstalledModel]:
    from rag.networks.cards import heads  # noqa: PLC0415  # brings torch

    for head in heads():
        about = head.title if head.is_intact else "damaged: install the package again"
        yield InstalledModel(
            "head", head.name, "", head.is_intact, about, head.sha256, head.size_bytes, head.card
        )


def _language_model(grove: Grove) -> InstalledModel:
    folder = grove.local_model_folder()
    files = list(folder.glob("*.safetensors"))
    about = str(folder) if files else "not prepared: run `rag models prepare` (once, about 45 s)"
    size = sum(file.stat().st_size for file in files) or None
    return InstalledModel("weights", folder.name, "", bool(files), about, size_bytes=size)
