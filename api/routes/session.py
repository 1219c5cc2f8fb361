"""Signing in and out with a password."""

from fastapi import APIRouter, Depends, Request, Response

from api.errors import NotSignedIn
from api.policies import COOKIE, RuntimeDep, SignedInDep, public, require_same_origin
from api.schemas import PersonView, SessionView, SignInBody
from api.sign_in import Caller, caller_with_token, end_session, person_with_password, start_session

router = APIRouter(prefix="/v1/session", tags=["Session"])


@router.post("", summary="Sign in", dependencies=[Depends(public)])
def sign_in(body: SignInBody, request: Request, response: Response, runtime: RuntimeDep) -> SessionView:
    """Check the password and set the session cookie; an earlier session of this browser ends."""
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        require_same_origin(request)
    address = request.client.host if request.client else ""
    runtime.throttle.begin(body.email, address)
    settings = runtime.parts.settings
    with runtime.database.read() as session:
        user = person_with_password(session, body.email, body.password)
    if user is None:
        raise NotSignedIn("The e-mail address or the password is wrong; try again, or ask an admin for a new password.")
    runtime.throttle.succeeded(body.email, address)
    with runtime.database.write() as session:
        if earlier := request.cookies.get(COOKIE):
            end_session(session, earlier)
        token = start_session(session, user, days=settings.session_days)
        caller = caller_with_token(session, token)
    if caller is None:
        raise NotSignedIn("This user was suspended just now; ask an admin.")
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_days * 24 * 3600,
        path="/",
        httponly=True,
        samesite="strict",
        secure=settings.secure_cookies or request.url.scheme == "https",
    )
    return session_view(caller)


@router.get("", summary="Who am I?")
def show_session(caller: SignedInDep) -> SessionView:
    """Who is signed in, and the principals by which documents name their readers."""
    return session_view(caller)


@router.delete("", status_code=204, summary="Sign out")
def sign_out(caller: SignedInDep, request: Request, response: Response, runtime: RuntimeDep) -> None:  # noqa: ARG001
    """End this browser's session; its cookie is worth nothing from now on."""
    with runtime.database.write() as session:
        end_session(session, request.cookies[COOKIE])
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def session_view(caller: Caller) -> SessionView:
    """A caller as the page sees them."""
    user = PersonView.model_validate({"email": caller.email, "name": caller.name, "roles": caller.roles})
    return SessionView(user=user, principals=sorted(caller.principals))
