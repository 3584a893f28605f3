"""Who a request comes from: a key that it shows, a session, or the person at this machine while it is open.

Every request passes here before a route sees it, but for a short list of open addresses, so that a new
route is closed unless somebody opens it. docs/security.md has the rule and its reasons.
"""

import hmac
import re
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auditing import audited
from api.oidc.discovery import CALLBACK
from api.problems import problem_of
from api.rates import RateLimits
from api.signing_in import SignIn
from api.store_paths import store_path
from rag.compose import Grove
from rag.core.access import Access
from rag.core.addresses import is_loopback
from rag.core.errors import ForbiddenError, InvalidInputError, RagError, UnauthenticatedError
from rag.db.keys import access_of, has_keys
from rag.db.sessions import SignedIn

__all__ = ["AccessGuard", "Authenticator", "Caller", "needed_scope", "require_keys"]

OPEN_PATHS = frozenset({"/", "/health", "/health/ready", "/openapi.json"})
"""What is served to anybody: that the server lives, and what its API looks like. Nothing that it holds."""

SIGN_IN_PATHS = frozenset({"/auth/login", CALLBACK})
"""What is open besides where one signs in: the way to the provider and back."""

_WHO_AM_I = "/api/v1/me"  # answers also who is nobody yet
_OF_ALL_SCOPES = frozenset({_WHO_AM_I, "/auth/logout"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_OF_ALL_TENANTS = r"/metrics"
_MIN_SECRET_CHARS = 32
_NUM_THREADS = 8
# The first that fits decides; what none fits takes `read` to look at and `write` to change.
_SCOPES: tuple[tuple[str, str, str], ...] = (
    ("*", r"/api/v1/(keys|sessions|audit|erase|feedback)(/.*)?", "admin"),
    ("*", r"/metrics", "admin"),
    ("POST", r"/api/v1/search", "read"),
    ("POST", r"/api/v1/(ask|runs|chat|conversations|ui-messages)(/.*)?", "ask"),
    ("*", r"/api/v1/(conversations(/.*)?|runs/[^/]+/feedback)", "ask"),
    ("POST", r"/v1/(chat/completions|responses)(/.*)?", "ask"),
    ("POST", r"/v1/(embeddings|rerank|vector_stores/[^/]+/search)|/v2/rerank", "read"),
    ("*", r"/mcp(/.*)?", "read"),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    access: Access
    session: SignedIn | None = None  # none for a key, and for the person at the machine


class Authenticator:
    """Decides what a caller may do, from the secret or the session that the request shows."""

    def __init__(
        self, grove: Grove, *, local_secret: str | None = None, sign_in: SignIn | None = None
    ) -> None:
        """Decide for one installation.

        Args:
            grove: whose keys count.
            local_secret: what the command line of this machine shows, read from the home.
            sign_in: whose sessions count, if one can sign in.
        """
        self._grove = grove
        server = grove.settings.server
        self._is_loopback = is_loopback(server.host)
        given = {"local": local_secret, "key:settings": server.api_key}
        self._administrators = {subject: secret for subject, secret in given.items() if secret is not None}
        self._has_key_of_settings = server.api_key is not None
        self._sign_in = sign_in

    def caller(self, headers: Headers, method: str) -> Caller:
        """Give who sends a request.

        Raises:
            UnauthenticatedError: a key or a session is needed, or the one shown is not valid.
            ForbiddenError: it shows a session, and does not come from the page.
        """
        # Through a proxy: its sender is not at this machine.
        is_forwarded = any(name in headers for name in _FORWARDED)
        if not is_forwarded and self._is_open():
            # Whatever is shown: clients of OpenAI's API cannot show nothing.
            return Caller(self._grove.access)
        secret = _secret(headers)
        if secret is not None:
            return Caller(self._access(secret))
        if self._sign_in is None:
            raise UnauthenticatedError(
                "a key is needed: send it as `Authorization: Bearer KEY`; `rag keys create` makes one"
            )
        session = self._sign_in.session(headers, method)
        if session is None:
            raise UnauthenticatedError("sign in on the page, or send a key as `Authorization: Bearer KEY`")
        return Caller(session.access, session)

    def _access(self, secret: str) -> Access:
        own = self._grove.access
        shown = secret.encode()
        for subject, known in self._administrators.items():
            if hmac.compare_digest(shown, known.encode()):
                return Access(own.tenant, subject)
        return access_of(self._grove.database, secret)

    def require_own(self, access: Access, path: str) -> None:
        """Make sure that what is of all tenants is seen by administrators of the installation alone.

        Raises:
            ForbiddenError: it is of all tenants, and this is another one's administrator.
        """
        own = self._grove.access.tenant
        if _is_routed(_OF_ALL_TENANTS, path) and access.tenant != own:
            raise ForbiddenError(f"{path} is about all tenants; it takes a key of the tenant {own!r}")

    def _is_open(self) -> bool:
        is_closed = not self._is_loopback or self._has_key_of_settings or self._sign_in is not None
        return not is_closed and not has_keys(self._grove.database)


class AccessGuard:
    """Lets those through that may do what they ask for; routes find who it is in the request's state."""

    def __init__(
        self, app: ASGIApp, *, grove: Grove, authenticator: Authenticator, open_paths: Collection[str]
    ) -> None:
        """Guard an application.

        Args:
            app: what comes next.
            grove: whose audit log is written.
            authenticator: decides.
            open_paths: what the page consists of, besides what is always open.
        """
        self._app = app
        self._grove = grove
        self._rates = RateLimits(grove.settings.server)
        self._authenticator = authenticator
        # Of its own: the routes of a few callers may take all others, for as long as they work.
        self._threads = anyio.CapacityLimiter(_NUM_THREADS)
        self._open = OPEN_PATHS.union(open_paths)
        if grove.settings.server.oidc is not None:
            self._open |= SIGN_IN_PATHS
        self._open_folders = tuple(path[:-1] for path in open_paths if path.endswith("/*"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or say who it comes from and pass it on."""
        if scope["type"] != "http":  # the server's own start and end; there are no web sockets
            await self._app(scope, receive, send)
            return
        if self._is_open(scope):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            caller = await anyio.to_thread.run_sync(
                self._authenticator.caller, Headers(scope=scope), scope["method"], limiter=self._threads
            )
        except UnauthenticatedError as error:
            if scope["path"] == _WHO_AM_I and scope["method"] == "GET":
                state["caller"] = None
                await self._app(scope, receive, send)
                return
            await problem_of(scope["path"], error)(scope, receive, send)
            return
        except RagError as error:
            await problem_of(scope["path"], error)(scope, receive, send)
            return
        state["caller"], state["access"] = caller, caller.access
        with audited(self._grove, caller.access, scope, send) as noting:
            await self._serve(caller.access, scope, receive, noting)

    async def _serve(self, access: Access, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        with ExitStack() as held:
            try:
                held.enter_context(self._rates.place(access))
                if path not in _OF_ALL_SCOPES:
                    access.require(needed_scope(scope["method"], store_path(scope)))
                self._authenticator.require_own(access, path)
            except RagError as error:
                await problem_of(path, error)(scope, receive, send)
                return
            await self._app(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        if scope["method"] not in ("GET", "HEAD"):
            return False
        path: str = scope["path"]
        return path in self._open or path.startswith(self._open_folders)


def needed_scope(method: str, path: str) -> str:
    """Give the scope that a request takes.

    >>> needed_scope("GET", "/api/v1/jobs"), needed_scope("DELETE", "/api/v1/documents/1")
    ('read', 'write')
    >>> needed_scope("POST", "/api/v1/ask"), needed_scope("GET", "/api/v1/keys")
    ('ask', 'admin')
    """
    for known, pattern, scope in _SCOPES:
        if known in ("*", method) and _is_routed(pattern, path):
            return scope
    return "read" if method in ("GET", "HEAD", "OPTIONS") else "write"


def _is_routed(pattern: str, path: str) -> bool:
    r"""Tell whether a path fits as the router sees it, to which one with a line feed behind is the same.

    >>> _is_routed("/a", "/a"), _is_routed("/a", "/a\n"), _is_routed("/a|/b", "/ab")
    (True, True, False)
    """
    return re.match(f"(?:{pattern})$", path, re.DOTALL) is not None


def require_keys(grove: Grove) -> None:
    """Refuse to serve others than this machine while nobody has a key.

    Raises:
        InvalidInputError: there is no key, or one of the settings that is too short.
    """
    server = grove.settings.server
    if server.api_key is not None and len(server.api_key) < _MIN_SECRET_CHARS:
        raise InvalidInputError(
            f"GROVE_SERVER__API_KEY has {len(server.api_key)} characters and needs {_MIN_SECRET_CHARS};"
            " `openssl rand -hex 32` makes a good one"
        )
    is_reached = not is_loopback(server.host)
    if is_reached and server.api_key is None and server.oidc is None and not has_keys(grove.database):
        raise InvalidInputError(
            f"{server.host} can be reached by others, and there is no key that would keep them out."
            " Make one with `rag keys create NAME --scope admin`, or set GROVE_SERVER__API_KEY or"
            " GROVE_SERVER__OIDC__ISSUER, and start the server again; or listen on 127.0.0.1"
        )


def _secret(headers: Headers) -> str | None:
    """Give the secret that a request shows, as `Authorization: Bearer` or as `x-api-key`."""
    authorization = headers.get("authorization")
    if authorization is None:
        return headers.get("x-api-key")
    scheme, _, secret = authorization.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""  # which is nobody's
