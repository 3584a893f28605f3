"""Whether an installation is sound: each check looks at one thing, and says what to do when it is not.

Looks only: nothing is made, migrated or repaired.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from api.checks import environment, parts, services
from api.checks._outcome import Outcome, State
from rag.core.errors import RagError
from rag.core.settings import Settings

__all__ = ["Finding", "examine"]

Check = Callable[[Settings], Outcome]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it."""

    name: str
    state: State
    found: str
    advice: str = ""


CHECKS: dict[str, Check] = {
    "python": environment.python,
    "packages": environment.packages,
    "home": environment.home,
    "disk": environment.disk,
    "memory": environment.memory,
    "database": services.database,
    "pgvector": services.pgvector,
    "store": parts.store,
    "index": parts.index,
    "heads": parts.heads,
    "encoder": parts.encoder,
    "language model": parts.language_model,
    "generator": services.generator,
    "vllm": environment.vllm,
    "page": environment.page,
    "sign-in": services.sign_in,
    "port": services.port,
    "worker": services.worker,
}


def examine(settings: Settings) -> Iterator[Finding]:
    """Make each check in turn; one that our own errors end has failed with their message."""
    for name, check in CHECKS.items():
        try:
            yield Finding(name, *check(settings))
        except (RagError, OSError) as error:
            yield Finding(name, "failed", f"{type(error).__name__}: {error}", "see the message")
