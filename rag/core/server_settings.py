"""What can be set about serving: where, how much at once, and for whom.

A part of the tree of rag/core/settings.py, apart so that what limits requests can be given its settings.
"""

from pydantic import BaseModel, ConfigDict, Field

from rag.core.oidc_settings import OidcSettings

__all__ = ["ServerSettings"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(_Frozen):
    """How `rag serve` listens."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    api_key: str | None = Field(
        None,
        description="A key with all scopes, for who has no other way to make one; 32 characters or more.",
    )
    oidc: OidcSettings | None = Field(None, description="Signing in with an OpenID provider.")
    share_links: bool = Field(False, description="People may share a conversation by a link.")
    worker: bool = Field(True, description="Also run an ingestion worker.")
    max_working: int = Field(256, ge=1, description="Questions worked on at once.")
    max_waiting: int = Field(
        256, ge=0, description="Questions that may wait for that; more are turned away with status 503."
    )
    max_wait_seconds: float = Field(
        10.0, gt=0, description="A question that would wait longer is turned away, too."
    )
    traces_endpoint: str | None = Field(
        None, description="OpenTelemetry collector (OTLP over HTTP); needs the extra `otel`."
    )
    grace_seconds: float = Field(
        10.0,
        ge=0,
        description="When it is stopped, answers being written may take so long to end.",
    )
    requests_per_minute: int = Field(
        600, ge=0, description="That one key, or user, may send to a process; 0 is no limit."
    )
    requests_at_once: int = Field(
        32, ge=0, description="Of one key, or user, that a process works on; 0 is no limit."
    )
    max_upload_bytes: int = Field(200_000_000, ge=1, description="Larger uploads are refused.")
