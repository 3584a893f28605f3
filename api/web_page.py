"""The built web page, served beside the API."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["add_page"]

_INDEX = "index.html"
_NOT_BUILT = """<!doctype html><html lang="en"><title>Grove</title>
<p>Grove runs, but its page is not built: install Node 22.12 or newer, run <code>make ui</code>,
start it again.
<p><a href="/openapi.json">/openapi.json</a> describes the API."""


def add_page(app: FastAPI, folder: Path) -> list[str]:
    """Serve the files of a folder, or say how they are built when there is no page among them.

    What is listed then is open to anybody, `/assets/*` with all below it: it holds nothing of the library.

    Each entry gets a route of its own: a folder mounted at the root would take over every address that no
    route has, and the errors of the API with them.
    """
    if not (folder / _INDEX).exists():
        app.get("/", include_in_schema=False, response_class=HTMLResponse)(_not_built)
        return ["/"]
    served = []
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            app.mount(f"/{entry.name}", _Assets(directory=entry))
            served.append(f"/{entry.name}/*")
        else:
            path = "/" if entry.name == _INDEX else f"/{entry.name}"
            app.add_api_route(path, _sends(entry), methods=["GET", "HEAD"], include_in_schema=False)
            served.append(path)
    return served


async def _not_built() -> str:
    return _NOT_BUILT


def _sends(file: Path) -> Callable[[], Awaitable[Response]]:
    async def send() -> Response:
        # Asked for anew each time: it names the assets of its own build.
        return FileResponse(file, headers={"cache-control": "no-cache"})

    return send


class _Assets(StaticFiles):
    """Files whose names change with what they hold."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
