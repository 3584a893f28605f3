"""What a provider says of itself: its discovery document, read and checked. No request is made here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag.core.addresses import is_private_way
from rag.core.errors import UnavailableError
from rag.core.oidc_settings import OidcSettings

__all__ = ["CALLBACK", "Discovery", "discovery_of", "discovery_url"]

CALLBACK = "/auth/callback"
"""Where the provider sends browsers back to."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Where a provider does what."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    is_secret_in_form: bool  # it does not take the client's secret as HTTP Basic, which is the rule
    has_pkce: bool  # it says that it checks S256
    names_itself: bool  # its replies name the issuer (RFC 9207)


def discovery_url(settings: OidcSettings) -> str:
    """Give the address of the provider's discovery document."""
    return f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration"


def discovery_of(document: Mapping[str, Any], settings: OidcSettings) -> Discovery:  # Any: JSON
    """Read a discovery document.

    Raises:
        UnavailableError: it is another provider's, or lacks an address.
    """
    if document.get("issuer") != settings.issuer:
        raise UnavailableError(
            f"the provider calls itself {document.get('issuer')!r:.200}, and GROVE_SERVER__OIDC__ISSUER is"
            f" {settings.issuer!r}; they must be the same to the character"
        )
    ways = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Discovery(
        _required(document, "authorization_endpoint"),
        _required(document, "token_endpoint"),
        _required(document, "jwks_uri"),
        _endpoint(document, "userinfo_endpoint"),
        _endpoint(document, "end_session_endpoint"),
        is_secret_in_form="client_secret_basic" not in ways and "client_secret_post" in ways,
        has_pkce="S256" in (document.get("code_challenge_methods_supported") or ()),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _required(document: Mapping[str, Any], name: str) -> str:  # Any: JSON
    url = _endpoint(document, name)
    if url is None:
        raise UnavailableError(f"the provider names no {name}")
    return url


def _endpoint(document: Mapping[str, Any], name: str) -> str | None:  # Any: JSON
    """Give an address of the document; none where it has none."""
    url = document.get(name)
    if url is None:
        return None
    if not isinstance(url, str) or not is_private_way(url):
        raise UnavailableError(f"the provider's {name} must be an https address, got {url!r:.200}")
    return url
