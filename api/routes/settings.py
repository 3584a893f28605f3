"""What the server runs with, for its administrators to read; it is changed where it is started."""

from dataclasses import dataclass
from importlib.metadata import version

from fastapi import APIRouter

from api.deps import GroveDep
from api.shown_settings import SettingGroup, setting_groups
from rag.core.errors import ForbiddenError

__all__ = ["router"]

router = APIRouter(tags=["settings"])


@dataclass(frozen=True, slots=True)
class SettingsReply:
    """The settings of the running server."""

    version: str
    groups: list[SettingGroup]


@router.get("/api/v1/settings", operation_id="getSettings")
def get_settings(grove: GroveDep) -> SettingsReply:
    """Give every setting with its variable, value and meaning; of secrets only that they are set.

    For administrators of the installation; of other tenants they are none of theirs.
    """
    grove.access.require("admin")
    own = grove.settings.tenant
    if grove.access.tenant != own:
        raise ForbiddenError(f"the settings are of all tenants; they take a key of the tenant {own!r}")
    return SettingsReply(version("grove-rag"), setting_groups(grove.settings))
