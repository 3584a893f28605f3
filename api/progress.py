"""Progress bars of a job, whoever runs it."""

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from api.console import Console

if TYPE_CHECKING:
    from indexing.worker import Progress as JobProgress
    from rag.compose import Grove
    from rag.db.jobs import JobStatus

__all__ = ["follow_job"]

_POLL_SECONDS = 0.3
_AT_REST = ("done", "failed", "cancelled", "paused")


def follow_job(console: Console, grove: "Grove", job_id: str) -> "JobStatus":
    """Run the job here, or watch the worker that was quicker, and show how it goes."""
    from indexing.worker import run_job

    with _Bars(console.err) as bars:
        run_job(grove, job_id, on_progress=bars.show)
        while (status := grove.jobs.job(job_id)).state not in _AT_REST:
            bars.show_status(status)
            time.sleep(_POLL_SECONDS)
            run_job(grove, job_id, on_progress=bars.show)  # takes over if that worker died
    return status


class _Pace(ProgressColumn):
    """How many a second since the start, and how long the rest takes at this pace."""

    def render(self, task: Task) -> Text:
        if not task.completed or not task.elapsed:
            return Text("")
        pace = f"{task.completed / task.elapsed:.1f}/s"
        if not task.fields["tells_left"] or not task.total or task.completed >= task.total:
            return Text(pace)
        left = timedelta(seconds=round((task.total - task.completed) * task.elapsed / task.completed))
        return Text(f"{pace}, {left} left")


class _Bars:
    """Two bars on standard error: files, and chunks encoded."""

    def __init__(self, console: RichConsole) -> None:
        self._progress = Progress(
            TextColumn("{task.description:8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            _Pace(),
            TextColumn("{task.fields[source]}"),
            console=console,
        )
        self._files: TaskID = self._progress.add_task("files", total=None, source="", tells_left=True)
        # How many chunks there will be is known only when all files are read.
        self._chunks: TaskID = self._progress.add_task("chunks", total=None, source="", tells_left=False)

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, progress: "JobProgress") -> None:
        """Show what the worker in this process does."""
        self._progress.update(
            self._files, total=progress.num_files, completed=progress.files_done, source=progress.source
        )
        self._progress.update(self._chunks, total=progress.chunks_read, completed=progress.chunks_encoded)

    def show_status(self, status: "JobStatus") -> None:
        """Show what a worker elsewhere has done."""
        finished = sum(file.state not in ("queued", "running") for file in status.files)
        if status.kind == "reindex":
            self._progress.update(self._chunks, total=status.chunks_total, completed=status.chunks_done)
        else:
            self._progress.update(self._files, total=len(status.files), completed=finished)
