"""What can be set about signing in with an OpenID provider, and what its groups may do here.

A part of the tree of rag/core/settings.py. Knows addresses and names; nothing of tokens and requests.
"""

import hashlib
import json
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from rag.core.addresses import is_private_way

__all__ = ["Grant", "OidcSettings"]

ScopeName = Literal["read", "ask", "write", "admin"]
_USUAL_PORTS = {"https": ":443", "http": ":80"}
_TERMS = {
    "issuer",
    "client_id",
    "user_claim",
    "allowed_domains",
    "groups_claim",
    "groups",
    "default_scopes",
}


def _web_address(value: str) -> str:
    if not is_private_way(value):
        raise ValueError(f"an https address is expected (http only to this machine), got {value!r}")
    parts = urlsplit(value)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"an address without query, fragment and password is expected, got {value!r}")
    return value


def _origin(value: str) -> str:
    """Write an address as browsers write origins."""
    parts = urlsplit(value.lower())
    if parts.path not in ("", "/"):
        raise ValueError(
            f"an address without a path is expected, as https://grove.example.com; got {value!r}"
        )
    return f"{parts.scheme}://{parts.netloc.removesuffix(_USUAL_PORTS[parts.scheme])}"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Grant(_Frozen):
    """What the members of a group may do."""

    scopes: tuple[ScopeName, ...] = Field(min_length=1)
    collections: tuple[str, ...] | None = None  # the only ones; none for all of the tenant
    tenant: str | None = Field(None, min_length=1, max_length=64)  # none for the installation's

    @model_validator(mode="after")
    def _administrators_have_no_list(self) -> Self:
        if self.collections is not None and "admin" in self.scopes:
            raise ValueError(
                "an administrator's group is for the whole tenant; leave out the collections, or the scope"
                " 'admin'"
            )
        return self


class OidcSettings(_Frozen):
    """Who signs in, where, and as whom."""

    issuer: Annotated[str, AfterValidator(_web_address)] = Field(
        description="Address of the OpenID provider, exactly as its discovery document names it."
    )
    client_id: str = Field(min_length=1, description="Grove's name at the provider.")
    client_secret: SecretStr | None = Field(
        None,
        min_length=1,
        description="Grove's secret there; without one it is a public client (PKCE alone).",
    )
    public_url: Annotated[str, AfterValidator(_web_address), AfterValidator(_origin)] = Field(
        description="Address of the page as browsers see it; the provider sends them back to"
        " `/auth/callback` below it."
    )
    name: str = Field(
        "single sign-on", min_length=1, max_length=60, description="The page says `Sign in with NAME`."
    )
    scopes: tuple[str, ...] = Field(
        ("openid", "profile", "email"),
        description="What the provider is asked for; `openid` is one of them.",
    )
    user_claim: Literal["sub", "email"] = Field(
        "sub", description="What names a person here: `user:` and this; an address must be verified."
    )
    allowed_domains: tuple[str, ...] = Field(
        (), description="Only verified addresses of these domains are let in; empty: of all."
    )
    groups_claim: str = Field("groups", min_length=1, description="The claim that lists a person's groups.")
    groups: dict[str, Grant] = Field(
        {},
        description="What members of a group may do: `scopes`, and `collections` and `tenant` where it is"
        " not all of the installation's, as JSON by the group's name.",
    )
    default_scopes: tuple[ScopeName, ...] = Field(
        (), description="What who is in none of these groups may do; empty: is not let in."
    )
    session_seconds: int = Field(43_200, ge=300, description="After so long one signs in anew.")
    idle_seconds: int = Field(7_200, ge=300, description="Unused for so long, a session is over.")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError(f"scopes: 'openid' must be one of them, got {list(self.scopes)}")
        if not self.groups and not self.default_scopes:
            raise ValueError(
                "nobody could sign in: set groups to what their members may do, or default_scopes"
                ' (["ask"]) to what everybody of this provider may'
            )
        if self.idle_seconds > self.session_seconds:
            raise ValueError(
                f"a session of {self.session_seconds} s cannot be idle for {self.idle_seconds} s;"
                " set idle_seconds to less than session_seconds"
            )
        needs_address = self.user_claim == "email" or self.allowed_domains
        if needs_address and "email" not in self.scopes:
            raise ValueError("user_claim email and allowed_domains need the address: add 'email' to scopes")
        if wrong := [each for each in self.allowed_domains if "@" in each or "." not in each]:
            raise ValueError(f"allowed_domains holds domains, as example.com; got {', '.join(wrong)}")
        return self

    @property
    def is_secure(self) -> bool:
        """Tell whether browsers come by https."""
        return self.public_url.startswith("https:")

    @property
    def terms(self) -> str:
        """Give a digest of what decides who may do what: sessions of other terms are over."""
        kept = self.model_dump(mode="json", include=_TERMS)
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
