"""Signing in with the provider of the settings, and out. The first two are for browsers alone."""

import logging
from html import escape
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.oidc.cookies import Attempt, checked_next
from api.oidc.discovery import CALLBACK
from api.problems import status_of
from api.session_schemas import SignedOut
from api.signing_in import SignIn
from rag.core.errors import ConflictError, NotFoundError, RagError, UnauthenticatedError

__all__ = ["router"]

router = APIRouter(tags=["sign-in"])
_NOT_KEPT = {"cache-control": "no-store"}
_log = logging.getLogger(__name__)


def _sign_in(request: Request) -> SignIn:
    sign_in: SignIn | None = request.app.state.sign_in
    if sign_in is None:
        raise NotFoundError("one does not sign in here: GROVE_SERVER__OIDC__ISSUER names no provider")
    return sign_in


SignInDep = Annotated[SignIn, Depends(_sign_in)]


@router.get("/auth/login", include_in_schema=False)
async def login(sign_in: SignInDep, next: str = "/") -> Response:
    """Send a browser to the provider; `next` is the path to come back to."""
    try:
        attempt = Attempt.new(checked_next(next))
        url = await sign_in.leave(attempt)
    except RagError as error:
        return _refused(error)
    response = RedirectResponse(url, 303, _NOT_KEPT)
    sign_in.cookies.keep_attempt(response, attempt)
    return response


@router.get(CALLBACK, include_in_schema=False)
async def callback(
    request: Request,
    sign_in: SignInDep,
    state: str = "",
    code: str | None = None,
    error: str | None = None,
    iss: str | None = None,
) -> Response:
    """Take what the provider sends a browser back with, and sign in or say why not."""
    cookies = sign_in.cookies
    try:
        attempt = cookies.attempt(request.headers, state)
    except RagError as refusal:
        return _refused(refusal)
    response: Response
    try:
        if code is None:
            raise UnauthenticatedError(f"the provider has not signed you in: {(error or 'no code')[:100]}")
        former = cookies.session(request.headers)
        secret = await sign_in.arrive(attempt, code, issuer=iss, former=former)
        response = RedirectResponse(attempt.next, 303, _NOT_KEPT)
        cookies.keep_session(response, secret)
    except RagError as refusal:
        response = _refused(refusal)
    cookies.drop_attempt(response)  # its one reply has come
    return response


@router.post("/auth/logout", operation_id="signOut")
async def logout(request: Request, response: Response, sign_in: SignInDep) -> SignedOut:
    """Sign out: the cookie's session is over at once; `url` is where to sign out at the provider, too."""
    secret = sign_in.cookies.session(request.headers)
    if request.state.caller.session is None or secret is None:
        raise ConflictError("you have come with a key, and are not signed in; leave it out to be nobody")
    url = await sign_in.end(secret)
    sign_in.cookies.drop_session(response)
    response.headers.update(_NOT_KEPT)
    return SignedOut(url)


def _refused(error: RagError) -> HTMLResponse:
    """Tell the person before the browser what was wrong."""
    _log.warning("somebody was not signed in: %s: %r", type(error).__name__, str(error))
    page = f"""<!doctype html><html lang="en"><title>Not signed in - Grove</title>
<h1>You are not signed in</h1><p>{escape(str(error))}<p><a href="/">Back to Grove</a>"""
    return HTMLResponse(page, status_of(error), _NOT_KEPT)
