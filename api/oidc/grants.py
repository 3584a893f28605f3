"""What somebody whom the provider vouches for may do here. Knows claims and settings; no request."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rag.core.access import MAX_USER_CHARS, SUBJECTS, Access, subject_of_user
from rag.core.errors import ForbiddenError, InvalidInputError
from rag.core.oidc_settings import Grant, OidcSettings

__all__ = ["access_of", "name_of", "needed_claims"]

_NAMES = ("name", "preferred_username", "email")
_NAME_CHARS = 100

Claims = Mapping[str, Any]  # Any: JSON, as the provider sends it


def access_of(claims: Claims, settings: OidcSettings, tenant: str) -> Access:
    """Give what a person may do: all that the person's groups allow, or what is allowed to everybody.

    Args:
        claims: that were checked.
        settings: what the groups may do.
        tenant: of the installation, for groups that name none.

    Raises:
        ForbiddenError: the person is not let in: the address, the groups, or groups of several tenants.
    """
    if settings.allowed_domains:
        domain = _address(claims).rpartition("@")[2]
        if domain not in {each.lower() for each in settings.allowed_domains}:
            raise ForbiddenError(
                f"addresses of {domain} are not let in here; whoever runs this server lists those that are"
                " (GROVE_SERVER__OIDC__ALLOWED_DOMAINS)"
            )
    subject = _subject(claims, settings)
    grants = [settings.groups[name] for name in _groups(claims, settings) if name in settings.groups]
    if not grants and not settings.default_scopes:
        raise ForbiddenError(
            "you are in none of the groups that are let in here; whoever runs this server lists them"
            " (GROVE_SERVER__OIDC__GROUPS)"
        )
    grants = grants or [Grant(scopes=settings.default_scopes)]
    tenants = sorted({grant.tenant or tenant for grant in grants})
    if len(tenants) > 1:
        raise ForbiddenError(
            f"your groups belong to several tenants ({', '.join(tenants)}); one signs in to one of them"
        )
    scopes = frozenset(scope for grant in grants for scope in grant.scopes)
    writing = [grant for grant in grants if {"write", "admin"} & set(grant.scopes)]
    return Access(tenants[0], subject, scopes, _collections(grants), _collections(writing))


def name_of(claims: Claims, subject: str) -> str:
    """Give what the page calls a person.

    >>> name_of({"name": "", "email": "ada@example.org"}, "user:7")
    'ada@example.org'
    """
    for claim in _NAMES:
        name = claims.get(claim)
        if isinstance(name, str) and name.strip() and name.isprintable():
            return name.strip()[:_NAME_CHARS]
    return subject.removeprefix("user:")[:_NAME_CHARS]


def needed_claims(settings: OidcSettings) -> list[str]:
    """List the claims without which `access_of` cannot tell.

    They may be in the ID token or at the provider's userinfo endpoint.
    """
    is_address_needed = settings.user_claim == "email" or settings.allowed_domains
    address = ["email", "email_verified"] if is_address_needed else []
    return [*address, *([settings.groups_claim] if settings.groups else [])]


def _subject(claims: Claims, settings: OidcSettings) -> str:
    name = _address(claims) if settings.user_claim == "email" else str(claims["sub"])
    if len(name) > MAX_USER_CHARS or name.startswith(SUBJECTS):
        name = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
    try:
        return subject_of_user(name)
    except InvalidInputError as error:
        raise ForbiddenError(
            f"the provider's name of you cannot be one here: {error}; GROVE_SERVER__OIDC__USER_CLAIM"
            " chooses another"
        ) from error


def _address(claims: Claims) -> str:
    address = claims.get("email")
    # Some providers write the truth value as text.
    if (
        not isinstance(address, str)
        or "@" not in address
        or claims.get("email_verified") not in (True, "true")
    ):
        raise ForbiddenError(
            "the provider gives no verified address of you, which is needed here (claims email and"
            " email_verified)"
        )
    return address.lower()


def _groups(claims: Claims, settings: OidcSettings) -> list[str]:
    groups = claims.get(settings.groups_claim, [])
    listed = [groups] if isinstance(groups, str) else groups
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ForbiddenError(
            f"the claim {settings.groups_claim!r} is no list of names of groups"
            " (GROVE_SERVER__OIDC__GROUPS_CLAIM)"
        )
    return listed


def _collections(grants: Sequence[Grant]) -> frozenset[str] | None:
    listed: list[Collection[str]] = [each.collections for each in grants if each.collections is not None]
    return None if len(listed) < len(grants) else frozenset(name for names in listed for name in names)
