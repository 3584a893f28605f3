"""ID tokens: whose signature they carry, and what must stand in them. The only user of joserfc.

Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725, section 3.1 (the algorithm is ours to choose).
"""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from rag.core.errors import UnauthenticatedError, UnavailableError

__all__ = ["KeySet", "UnknownKeyError", "claims_of", "keys_of"]

# Signatures with a key pair alone: with a shared secret, whoever knows the public key could sign.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_UNREADABLE = (JoseError, KeyError, TypeError, ValueError, AttributeError)
_LEEWAY_SECONDS = 60  # between the provider's clock and ours
_MAX_SUBJECT_CHARS = 255


class UnknownKeyError(UnauthenticatedError):
    """Say that a token is signed with a key that is not in the set: perhaps the provider has new ones."""


def keys_of(text: str) -> KeySet:
    """Read a provider's public keys (a JWK set), without those of kinds that are not understood.

    Source: RFC 7517, section 5.

    Raises:
        UnavailableError: it is none, or no key of it can be read.
    """
    keys, why = [], "it has none"
    try:
        for each in json.loads(text)["keys"]:
            try:
                keys += KeySet.import_key_set({"keys": [each]}).keys
            except _UNREADABLE as error:
                why = f"{error!r:.200}"
    except _UNREADABLE as error:
        raise UnavailableError(f"the provider's keys cannot be read: {error!r:.200}") from error
    if not keys:
        raise UnavailableError(f"the provider's keys cannot be read: {why}")
    return KeySet(keys)


def claims_of(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: int | None = None
) -> Mapping[str, Any]:  # Any: JSON
    """Check an ID token and give its claims.

    Args:
        token: as the provider sent it.
        keys: of the provider.
        issuer: that must have issued it.
        client_id: for whom it must be.
        nonce: of the sign-in that it must belong to.
        now: seconds since 1970; by default the present.

    Raises:
        UnknownKeyError: it is signed with another key.
        UnauthenticatedError: it is not valid, and why.
    """
    # What RFC 7515 does not name in a header is to be ignored, not refused.
    registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
    required = jwt.JWTClaimsRegistry(
        now=now,
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        claims = jwt.decode(token, keys, registry=registry).claims
        required.validate(claims)
    except InvalidKeyIdError as error:
        raise UnknownKeyError(f"the provider's token is not valid: {error}") from error
    except (JoseError, ValueError) as error:
        raise UnauthenticatedError(f"the provider's token is not valid: {error}") from error
    audience = claims["aud"]
    is_for_several = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if is_for_several else client_id) != client_id:
        raise UnauthenticatedError("the provider's token is not valid: it was issued to another (azp)")
    if not 0 < len(claims["sub"]) <= _MAX_SUBJECT_CHARS:
        raise UnauthenticatedError(
            "the provider's token is not valid: its subject has no or too many characters"
        )
    return claims
