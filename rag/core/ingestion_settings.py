"""What can be set about taking documents in.

A part of the tree of rag/core/settings.py, apart for its length.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["IngestionSettings"]


class IngestionSettings(BaseModel):
    """How documents are taken in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str = Field("local", description="Where files are read: a file of indexing/engines.")
    workers: int = Field(
        1, ge=1, le=64, description="Files that an ingestion reads at a time, a process each."
    )
    ray_address: str | None = Field(
        None,
        description="Cluster of the engine `ray`, as `auto` or HOST:PORT; by default one of this machine.",
    )
    shared_files: bool = Field(
        False, description="All machines of the cluster see the same files under the same paths."
    )
    batch_chunks: int = Field(256, ge=1, description="Chunks encoded and published together.")
    max_file_bytes: int = Field(100_000_000, ge=1, description="Larger files are refused.")
    read_seconds: float = Field(
        120.0,
        gt=0,
        description="A file is given up that shows no progress for so long, or takes ten times as long.",
    )
    read_bytes: int = Field(
        1_000_000_000, ge=100_000_000, description="Memory that reading a file may take; more gives it up."
    )
    max_original_bytes: int = Field(
        100_000_000,
        ge=0,
        description="Originals up to this size are kept, for previews and downloads; 0 keeps none.",
    )
    lease_seconds: float = Field(30.0, gt=0, description="A worker silent for so long has lost its job.")
    max_segments: int = Field(8, ge=1, description="More segments than this are merged into one.")
    long_unit: Literal["section", "document", "chunk"] = Field(
        "section",
        description="What a vector of the kind `long` stands for; a chunk is read in its section's light.",
    )
    token_pooling: int = Field(
        1, ge=1, le=16, description="Token vectors that are alike are merged until one of so many is left."
    )
