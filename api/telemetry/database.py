"""What the database knows, as metrics: the counters of workers are there, whichever process runs them.

Read when it is scraped and kept for a few seconds, so that many scrapers cost what one does.
"""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool

from api.telemetry.names import METRICS
from rag.compose import Grove
from rag.core.errors import UnavailableError
from rag.db.session import Database
from rag.db.statistics import Statistics, read_statistics

__all__ = ["DatabaseMetrics"]

_KEPT_SECONDS = 5.0
_STORED = {metric.name: metric for metric in METRICS if metric.source == "database"}
Values = dict[tuple[str, ...], float]


class DatabaseMetrics(Collector):
    """Gives the metrics whose source is the database."""

    def __init__(self, grove: Grove) -> None:
        self._grove = grove
        self._lock = threading.Lock()
        self._kept: dict[str, Values] = {}
        self._read_at = float("-inf")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give each metric with its values."""
        with self._lock:
            if time.monotonic() - self._read_at > _KEPT_SECONDS:
                self._kept = _values(self._grove)
                self._read_at = time.monotonic()
            kept = self._kept
        for name, values in kept.items():
            metric = _STORED[name]
            family = GaugeMetricFamily(name, metric.help, labels=metric.labels)
            for labels, value in values.items():
                family.add_metric(labels, value)
            yield family


def _values(grove: Grove) -> dict[str, Values]:
    try:
        counted = read_statistics(grove.database)
    except UnavailableError:  # a scrape tells of it instead of failing by it
        return {"grove_database_up": {(): 0.0}}
    up: Values = {(): 1.0}
    values = {"grove_database_up": up, **_counts(counted), **_pool(grove.database)}
    segments = grove.settings.home_dir / "segments"
    if segments.is_dir():
        values["grove_segment_files_bytes"] = {(): float(_size(segments))}
    return values


def _counts(counted: Statistics) -> dict[str, Values]:
    return {
        "grove_database_bytes": {(): counted.database_bytes},
        "grove_jobs": {labels: number for labels, number in counted.jobs.items()},
        "grove_queue_depth": {(): counted.queue_depth},
        "grove_queue_oldest_job_age_seconds": {(): counted.oldest_job_seconds},
        "grove_job_files": {(state,): number for state, number in counted.files.items()},
        "grove_job_chunks": {(): counted.ingested_chunks},
        "grove_collections": {(): counted.collections},
        "grove_documents": {(): counted.documents},
        "grove_segments": {(): counted.segments},
        "grove_index_rows": {("live",): counted.live_rows, ("dead",): counted.dead_rows},
    }


def _pool(database: Database) -> dict[str, Values]:
    pool = database.engine.pool
    if not isinstance(pool, QueuePool):  # that of a database in memory counts nothing
        return {}
    counted: Values = {("in_use",): pool.checkedout(), ("idle",): pool.checkedin()}
    return {"grove_database_pool_connections": counted}


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:  # merged away meanwhile
                continue
    return total
