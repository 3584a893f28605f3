"""Settings as people read them: in groups, each with its variable, its value and its meaning, no secrets.

Of the tree it knows the order of its groups, and that a model inside a model is a group of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rag.core.redaction import without_secrets
from rag.core.settings import Part, Settings

__all__ = ["SettingGroup", "ShownSetting", "setting_groups"]

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Home and database": ("home", "database_url", "store", "models_dir", "tenant"),
    "Encoders and indexes": ("encoder", "late_encoder", "long_encoder", "indexes", "chunker"),
    "Search": ("retriever", "retrievers", "scorer"),
    "Generators": ("generator", "generators", "reader"),
    "Answers": ("generation",),
    "Course of a question": ("orchestration",),
    "Ingestion": ("ingestion",),
    "Buckets and web addresses": ("sources",),
    "Databases": ("sql",),
    "Tools": ("tools",),
    "Server and limits": ("server",),
    "Log": ("log",),
}


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting; of a secret the value says no more than that it is set."""

    variable: str
    value: str | None  # as the variable has it; null when it is not set and nothing takes its place
    is_default: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class SettingGroup:
    """Settings that belong together."""

    name: str
    settings: list[ShownSetting]


def setting_groups(settings: Settings) -> list[SettingGroup]:
    """Give every setting in its group; for one that is not set, what follows from the others."""
    groups: list[SettingGroup] = []
    for name, fields in _GROUPS.items():
        group = SettingGroup(name, [])
        groups.append(group)
        for field in fields:
            info, value = type(settings).model_fields[field], getattr(settings, field)
            default = _default(info)
            if value is None:
                value = default = _resolved(settings, field)
            _add(group, groups, f"GROVE_{field.upper()}", info, value=value, default=default)
    return groups


def _resolved(settings: Settings, field: str) -> object:
    """Give what stands for a setting that is not set, or nothing."""
    value = getattr(settings, f"resolved_{field.removesuffix('_url')}", None)
    if isinstance(value, Path):
        return f"sqlite:///{value}"
    return ",".join(value) if isinstance(value, tuple) else value


def _add(
    group: SettingGroup,
    groups: list[SettingGroup],
    variable: str,
    info: FieldInfo,
    *,
    value: object,
    default: object,
) -> None:
    """Add a setting, or all that are inside it, to its group, and further groups behind it."""
    model, meaning = _model_of(info), info.description or ""
    if model is None:
        group.settings.append(_shown(variable, value, default, meaning))
        return
    for name, inner in model.model_fields.items():
        path = f"{variable}__{name.upper()}"
        given, usual = getattr(value, name, None), getattr(default, name, _default(inner))
        if _model_of(inner) is not None:
            further = SettingGroup((inner.description or path).rstrip("."), [])
            groups.append(further)
            _add(further, groups, path, inner, value=given, default=usual)
        else:
            is_name_of_part = model is Part and name == "kind"
            text = meaning if is_name_of_part else inner.description or ""
            group.settings.append(_shown(path, given, usual, text))


def _shown(variable: str, value: object, default: object, meaning: str) -> ShownSetting:
    text = without_secrets(variable.lower(), value)
    if text is not None and not isinstance(text, str):
        text = json.dumps(text, ensure_ascii=False)
    return ShownSetting(variable, text, value == default, meaning)


def _model_of(info: FieldInfo) -> type[BaseModel] | None:
    """Give the model that a setting is, if it is one and not several by name."""
    for kind in (info.annotation, *get_args(info.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return None if get_args(info.annotation)[:1] == (str,) else kind
    return None


def _default(info: FieldInfo) -> object:
    return None if info.is_required() else info.get_default(call_default_factory=True)
