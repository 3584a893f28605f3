"""The HTTP application: routes, errors, headers and the web page put together."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import add_handlers
from api.routes import ask, collections, documents, health, jobs, openai, search
from rag.compose import Grove

__all__ = ["create_app"]

_PAGE = Path(__file__).parent / "static"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def create_app(grove: Grove) -> FastAPI:
    """Build the application over one installation."""
    app = FastAPI(
        title="Grove",
        version="1",
        description="Answers from your documents, every claim tied to the words it came from.",
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
    )
    app.state.grove = grove
    add_handlers(app)
    for resource in (health, collections, documents, jobs, search, ask, openai):
        app.include_router(resource.router)
    if grove.settings.server.host in _LOOPBACK:
        # A page elsewhere must not reach this server under a name of its own (DNS rebinding).
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_LOOPBACK, "[::1]"])
    app.add_middleware(_SecurityHeaders)
    if (_PAGE / "index.html").exists():
        app.mount("/", StaticFiles(directory=_PAGE, html=True), name="page")
    else:
        app.get("/", include_in_schema=False, response_class=HTMLResponse)(_no_page)
    return app


async def _no_page() -> str:
    return (
        "<!doctype html><title>Grove</title><p>Grove runs. Its page is not built: install Node 20 and run"
        " <code>make ui</code>. The API is described in <a href='/openapi.json'>/openapi.json</a>."
    )


class _SecurityHeaders:
    """Adds to every reply what keeps a browser from trusting too much."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
