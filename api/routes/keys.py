"""Keys of the caller's tenant; administrators only."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import GroveDep, Limit
from api.key_schemas import KeyBody, KeyList, NewKeyReply
from api.paging import page_of
from rag.db.keys import ApiKey

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])


@router.get("", operation_id="listKeys")
def list_keys(
    grove: GroveDep,
    limit: Limit = 100,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> KeyList:
    """List keys, also those that are no longer valid; never their secrets."""
    keys = grove.keys.keys(limit + 1, after=after)
    return KeyList(*page_of(keys, limit, lambda each: each.key_id))


@router.post("", operation_id="createKey", status_code=201)
def create_key(body: KeyBody, grove: GroveDep, response: Response) -> NewKeyReply:
    """Make a key. Its secret is in this reply and nowhere else; from now on every caller needs a key."""
    response.headers["cache-control"] = "no-store"
    made = grove.keys.create(
        body.name,
        scopes=body.scopes,
        collections=body.collections,
        user=body.user,
        expires_at=body.expires_at,
    )
    return NewKeyReply(made.secret, made.key)


@router.delete("/{key_id}", operation_id="revokeKey")
def revoke_key(key_id: str, grove: GroveDep) -> ApiKey:
    """Make a key invalid at once and for good."""
    return grove.keys.revoke(key_id)
