"""Who may call a route: each route of /v1 declares exactly one of `POLICIES` as a dependency.

public      anybody
visitor     anybody; knows who it is when they are signed in
person      signed in or with a key
signed_in   signed in with a password; a key is not enough
admin       a person with the role admin
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from api.errors import Forbidden, NotSignedIn
from api.runtime import Runtime
from api.sign_in import Caller, caller_with_key, caller_with_token

COOKIE = "footnote_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def runtime_of(connection: HTTPConnection) -> Runtime:
    """The running server's parts."""
    runtime = connection.app.state.runtime
    assert isinstance(runtime, Runtime)
    return runtime


RuntimeDep = Annotated[Runtime, Depends(runtime_of)]


def public() -> None:
    """Anybody may."""


def visitor(request: Request, runtime: RuntimeDep) -> Caller | None:
    """Anybody may; the caller where one is known.

    Raises:
        Forbidden: a browser sent the cookie from another site.
    """
    authorization = request.headers.get("authorization")
    token = request.cookies.get(COOKIE)
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        with runtime.database.read() as session:
            return caller_with_key(session, key.strip())
    if not token:
        return None
    if request.method not in SAFE_METHODS:
        require_same_origin(request)
    with runtime.database.read() as session:
        return caller_with_token(session, token)


def person(caller: Annotated[Caller | None, Depends(visitor)]) -> Caller:
    """Somebody with a valid sign-in or key. Raises NotSignedIn otherwise."""
    if caller is None:
        raise NotSignedIn("Sign in, or send a valid key as `Authorization: Bearer fn_…`.")
    return caller


def signed_in(caller: Annotated[Caller, Depends(person)]) -> Caller:
    """Somebody signed in with a password. Raises Forbidden for keys."""
    if caller.credential != "session":
        raise Forbidden("A key cannot do this; sign in with a password.")
    return caller


def admin(caller: Annotated[Caller, Depends(person)]) -> Caller:
    """An admin. Raises Forbidden otherwise."""
    if not caller.is_admin:
        raise Forbidden("Only admins may do this; ask an admin.")
    return caller


POLICIES = frozenset({public, visitor, person, signed_in, admin})

PersonDep = Annotated[Caller, Depends(person)]
SignedInDep = Annotated[Caller, Depends(signed_in)]
AdminDep = Annotated[Caller, Depends(admin)]
VisitorDep = Annotated[Caller | None, Depends(visitor)]


def require_same_origin(request: Request) -> None:
    """Refuse a request that a browser sent from another site's page.

    `Sec-Fetch-Site` decides where the browser sends it, and `Origin` has to name this host where it is sent; one of
    the two must be there.

    Raises:
        Forbidden: the request comes from elsewhere, or does not say where it comes from.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    same_site = site is None or site in ("same-origin", "none")
    same_host = origin is None or urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    if (site is None and origin is None) or not same_site or not same_host:
        raise Forbidden("This request comes from another site; open Footnote's own page, or use a key.")
