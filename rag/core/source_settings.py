"""What can be set about sources of documents: what may be fetched, from where, and how much of it.

A part of the tree of rag/core/settings.py, apart so that what fetches can be given its settings.
"""

import ipaddress
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["SourceSettings"]

_NOT_BUCKETS = {"file", "local", "http", "https", "data", "simplecache", "filecache", "blockcache"}


class SourceSettings(BaseModel):
    """Where documents may come from, besides files and uploads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: bool = Field(
        False, description="Whether pages and files are fetched from http and https addresses."
    )
    ports: tuple[int, ...] = Field((80, 443), description="Ports that are fetched from.")
    private_networks: tuple[str, ...] = Field(
        (),
        description="Networks that may be fetched from though they are not public, as `10.1.0.0/16`."
        " Metadata services of clouds never may.",
    )
    url_seconds: float = Field(30.0, gt=0, description="Longest time for an address, redirects and all.")
    max_redirects: int = Field(5, ge=0, le=20, description="Most redirects of an address.")
    buckets: tuple[str, ...] = Field(
        ("s3", "gs", "abfs"),
        description="Schemes of buckets that are read through fsspec; `s3` comes with the extra of that"
        " name, another with its own package.",
    )
    served: tuple[str, ...] = Field(
        (),
        description="Beginnings of bucket addresses that callers of the HTTP API may name, as"
        " `s3://reports/public/`: they are read with the server's own credentials.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for network in self.private_networks:
            ipaddress.ip_network(network)
        if wrong := sorted(set(self.buckets) & _NOT_BUCKETS):
            raise ValueError(f"{', '.join(wrong)} is no scheme of buckets")
        return self
