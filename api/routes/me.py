"""Who the caller is, and how one signs in; answered to anybody."""

from fastapi import APIRouter, Request

from api.authentication import Caller
from api.session_schemas import Me, MeReply, SignInOffer
from api.signing_in import SignIn

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/me", tags=["sign-in"])


@router.get("", operation_id="getMe")
async def get_me(request: Request) -> MeReply:
    """Say who asks, and what they may do; and how to sign in, where one can."""
    caller: Caller | None = request.state.caller
    sign_in: SignIn | None = request.app.state.sign_in
    offer = None
    if sign_in is not None:
        offer = SignInOffer(sign_in.settings.name, f"{sign_in.settings.public_url}/auth/login")
    if caller is None:
        return MeReply(None, offer)
    access, session = caller.access, caller.session
    names = None if access.readable is None else sorted(access.readable)
    me = Me(
        access.subject,
        access.tenant,
        sorted(access.scopes),
        names,
        None if session is None else session.name,
    )
    return MeReply(me, offer)
