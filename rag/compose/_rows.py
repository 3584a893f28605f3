"""What one caller reads and writes: every part that touches rows, built with the caller's access.

A part that is to be safe from other tenants belongs here, and takes `self.access`.
"""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Self

from rag.compose._sharing import Views, shared
from rag.core.access import Access
from rag.core.errors import UnavailableError
from rag.core.protocols import Store
from rag.core.settings import Settings
from rag.db.audit import AuditLog
from rag.db.catalog import Catalog
from rag.db.conversations import Conversations
from rag.db.erasure import Eraser
from rag.db.feedback import FeedbackLog
from rag.db.files import FileRegister
from rag.db.job_control import JobControl
from rag.db.jobs import JobQueue
from rag.db.keys import Keyring
from rag.db.originals import Originals
from rag.db.publish import Publisher
from rag.db.reindex import Reindexer
from rag.db.responses import ResponseLog
from rag.db.runs import RunLog
from rag.db.schedules import Schedules
from rag.db.session import Database, open_database
from rag.db.sessions import SessionRegister

__all__ = ["Rows"]


class Rows:
    """An installation as one caller may use it; at first, as its own administrator may."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.access = Access(settings.tenant)
        self._whole: Self | None = None  # of a view, what it is of
        self._views: Views[Self] = Views()

    def within(self, access: Access) -> Self:
        """Give what a caller sees of this installation: all reads and writes keep to the access.

        It costs next to nothing: encoders and stores are shared. What remembers what was read, such as
        generators, is shared by the callers of one tenant only.
        """
        whole = self.installation
        return whole if access == whole.access else whole._views.of(access, whole._view)

    def _view(self, access: Access) -> Self:
        view = type(self)(self.settings)
        view.access, view._whole = access, self
        return view

    @property
    def installation(self) -> Self:
        """Give the whole of which this is what one caller sees."""
        return self if self._whole is None else self._whole

    @shared
    def database(self) -> Database:
        """Open the database, made and migrated when needed.

        Raises:
            UnavailableError: the home cannot be made, or the database is down.
        """
        if self.settings.database_url is None:
            _make(self.settings.home_dir)
        return open_database(self.settings.resolved_database)

    @cached_property
    def catalog(self) -> Catalog:
        """Read collections, documents and chunks."""
        return Catalog(self.database, self.access)

    @cached_property
    def audit(self) -> AuditLog:
        """Note what callers do."""
        return AuditLog(self.database, self.access)

    @cached_property
    def eraser(self) -> Eraser:
        """Remove without a trace."""
        return Eraser(self.database, self.store, self.access)

    @cached_property
    def files(self) -> FileRegister:
        """Note the files that clients keep here before they attach them."""
        return FileRegister(self.database, self.access)

    @cached_property
    def schedules(self) -> Schedules:
        """Keep what is synchronised again and again."""
        return Schedules(self.database, self.access)

    @cached_property
    def jobs(self) -> JobQueue:
        """Queue and follow ingestion jobs."""
        return JobQueue(self.database, self.access)

    @cached_property
    def job_control(self) -> JobControl:
        """Pause, resume, cancel and retry jobs."""
        return JobControl(self.database, self.access)

    @cached_property
    def keys(self) -> Keyring:
        """Make, list and revoke keys."""
        return Keyring(self.database, self.access)

    @cached_property
    def sessions(self) -> SessionRegister:
        """List and revoke sessions."""
        return SessionRegister(self.database, self.access)

    @cached_property
    def runs(self) -> RunLog:
        """Keep every question's events."""
        # Silent for long is a model that writes in one piece; the time limit ends it before this does.
        silence = timedelta(seconds=self.settings.orchestration.max_seconds + 60)
        return RunLog(self.database, self.access, silence=silence)

    @cached_property
    def responses(self) -> ResponseLog:
        """Note which run a response goes on from."""
        return ResponseLog(self.database, self.runs, self.access.tenant)

    @cached_property
    def conversations(self) -> Conversations:
        """Keep what belongs together of a person's questions."""
        # A link shows another's runs; which conversation may be read is decided before its runs are.
        runs = self.within(Access(self.access.tenant, readable=self.access.readable)).runs
        return Conversations(
            self.database,
            runs,
            tenant=self.access.tenant,
            owner=self.access.subject,
            readable=self.access.readable,
        )

    @cached_property
    def feedback(self) -> FeedbackLog:
        """Keep what people think of answers."""
        return FeedbackLog(self.database, self.runs, tenant=self.access.tenant, owner=self.access.subject)

    @cached_property
    def publisher(self) -> Publisher:
        """Write what can be found."""
        return Publisher(self.database, self.store, self.access, originals=self.originals)

    @cached_property
    def originals(self) -> Originals:
        """Keep the files that documents were read from."""
        folder = self.settings.home_dir.absolute() / "originals"
        max_bytes = self.settings.ingestion.max_original_bytes
        return Originals(self.database, folder, self.access, max_bytes=max_bytes)

    @cached_property
    def reindexer(self) -> Reindexer:
        """Rebuild indexes beside those that serve."""
        return Reindexer(self.database, self.store, self.access)

    @shared
    def store(self) -> Store:
        """Keep vectors and words."""
        raise NotImplementedError


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        raise UnavailableError(
            f"the home {home} cannot be made: {reason}; choose another with --home or GROVE_HOME"
        ) from error
