"""What the figures were measured on, and how they are summed up."""

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

import torch

__all__ = ["machine", "percentile"]


def machine() -> str:
    """Name the processor, its cores and torch's threads."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    name = model or platform.processor() or platform.machine()
    return (
        f"{name}, {os.cpu_count()} cores, torch {torch.__version__} with {torch.get_num_threads()} threads"
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Give a percentile, interpolated between neighbours."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
