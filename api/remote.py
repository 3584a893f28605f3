"""A running server of the same home, as the command line sees it.

`rag serve` leaves `server.json` in its home. A command that finds this very server alive asks it instead
of loading the models again. A command that has settings of its own in the environment does so only when
the server has the same. No proxy stands between the two: nothing but the server is shown its secret.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import TypeAdapter

from rag.core.errors import ConflictError, InvalidInputError, NotFoundError, RagError, UnavailableError
from rag.core.events import Event
from rag.core.settings import Settings

__all__ = ["INSTANCE_HEADER", "RunningServer", "announce", "find_server", "instance_of"]

INSTANCE_HEADER = "grove-instance"
_FILE = "server.json"
_ELSEWHERE = {"home", "models_dir", "server", "log"}  # they change no answer
_ERRORS: dict[int, type[RagError]] = {404: NotFoundError, 409: ConflictError, 422: InvalidInputError}
_SEARCH_SECONDS, _ASK_SECONDS = 60, 600
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answered."""

    url: str
    secret: str  # of this run of the server; who can read the home may use it

    def search(self, request: Mapping[str, object]) -> dict[str, Any]:
        """Search there; the reply is that of POST /api/v1/search."""
        with self._answering():
            response = httpx.post(
                f"{self.url}/api/v1/search",
                json=request,
                headers=self._headers,
                timeout=_SEARCH_SECONDS,
                trust_env=False,
            )
            _raise_for(response)
            found: dict[str, Any] = response.json()
            return found

    def ask(self, request: Mapping[str, object]) -> Iterator[Event]:
        """Ask there; the events of POST /api/v1/ask as they come."""
        return self._events("/api/v1/ask", request)

    def permit(self, run_id: str, *, allow: bool) -> Iterator[Event]:
        """Answer a run that waits there; the events that follow, as they come."""
        return self._events(f"/api/v1/runs/{run_id}/permission", {"allow": allow})

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.secret}"}

    def _events(self, path: str, body: Mapping[str, object]) -> Iterator[Event]:
        request = {**body, "stream": True}
        address, headers = f"{self.url}{path}", self._headers
        with (
            self._answering(),
            httpx.stream(
                "POST", address, json=request, headers=headers, timeout=_ASK_SECONDS, trust_env=False
            ) as response,
        ):
            if response.is_error:
                response.read()
            _raise_for(response)
            for line in response.iter_lines():
                if line.startswith("data:"):
                    yield _EVENT.validate_json(line[5:])

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (
            httpx.HTTPError,
            ValueError,
        ) as error:  # it died, is too slow, or answers what it should not
            raise UnavailableError(
                f"the server at {self.url} did not answer: {str(error) or type(error).__name__};"
                " `rag doctor` tells whether it runs"
            ) from error


def find_server(settings: Settings) -> RunningServer | None:
    """Give the server that runs on this home, if there is one and it would answer the same."""
    own = [name for name in os.environ if name.upper().startswith("GROVE_") and name != "GROVE_HOME"]
    try:
        found = json.loads((settings.home_dir / _FILE).read_text())
        url, secret = found["url"], found["secret"]
        if own and found["settings"] != _digest(settings):
            return None
        reply = httpx.get(f"{url}/health", timeout=1, trust_env=False).raise_for_status()
    except (OSError, ValueError, KeyError, httpx.HTTPError):  # absent, half written, or of a dead server
        return None
    # Where a server has died, another may listen by now, which serves another home.
    is_same = reply.headers.get(INSTANCE_HEADER) == instance_of(secret)
    return RunningServer(url, secret) if is_same else None


def instance_of(secret: str) -> str:
    """Give what tells one run of a server from others, and nothing of its secret."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


@contextmanager
def announce(settings: Settings, url: str, *, secret: str) -> Iterator[Path]:
    """Leave the server's address, and what lets the command line in, in the home while the block runs."""
    path = settings.home_dir / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # of no other user
    with open(descriptor, "w") as file:
        left = {"url": url, "pid": os.getpid(), "secret": secret, "settings": _digest(settings)}
        json.dump(left, file)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _digest(settings: Settings) -> str:
    values = settings.model_dump(mode="json", exclude=_ELSEWHERE)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _raise_for(response: httpx.Response) -> None:
    if not response.is_error:
        return
    problem = response.json()
    message = problem.get("detail") or problem.get("title") or response.text
    raise _ERRORS.get(response.status_code, UnavailableError)(str(message))
