"""What requests and replies about keys look like."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from api.instants import ZonedInstant
from api.schemas import Body
from rag.db.keys import ApiKey

__all__ = ["KeyBody", "KeyList", "NewKeyReply"]


class KeyBody(Body):
    """A key to make."""

    name: Annotated[str, Field(min_length=1, max_length=100, description="For people.")]
    scopes: Annotated[list[Literal["read", "ask", "write", "admin"]], Field(min_length=1)]
    collections: Annotated[
        list[str] | None, Field(description="The only ones that it may use; by default all of the tenant.")
    ] = None
    user: Annotated[
        str | None, Field(description="Whose questions are asked with it; by default the key's own.")
    ] = None
    expires_at: ZonedInstant | None = None


@dataclass(frozen=True, slots=True)
class KeyList:
    """One page of keys; `next` is the `after` of the next one."""

    keys: list[ApiKey]
    next: str | None


@dataclass(frozen=True, slots=True)
class NewKeyReply:
    """A key that was just made; the one time that its secret is shown."""

    secret: str
    key: ApiKey
