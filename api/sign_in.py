"""Sign-ins and keys: from what a request carries to the person behind it."""

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.identity import principals_of, sha256_of
from api.passwords import password_matches
from api.tables import ApiKey, SignIn, User
from ingest.database import utc_now

Credential = Literal["session", "key"]


@dataclass(frozen=True)
class Caller:
    """The person behind a request and what they count as, as of the start of the request.

    `credential_id` names the row of the sign-in or key that proved it.
    """

    user_id: str
    email: str
    name: str
    roles: tuple[str, ...]
    principals: frozenset[str]
    credential: Credential
    credential_id: str

    @property
    def principal(self) -> str:
        """The principal of this one person."""
        return f"user:{self.email}"

    @property
    def is_admin(self) -> bool:
        """Whether the person may manage documents and people."""
        return "admin" in self.roles


def person_with_password(session: Session, email: str, password: str) -> User | None:
    """The person whose e-mail address and password these are; None for everybody else, suspended people included.

    Takes as long for an unknown address as for a wrong password.
    """
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    right = password_matches(password, user.password_hash if user else None)
    return user if user is not None and right and not user.suspended else None


def start_session(session: Session, user: User, *, days: int) -> str:
    """Sign a person in; returns the token for the cookie, of which only the SHA-256 is stored."""
    now = utc_now()
    session.execute(delete(SignIn).where(SignIn.expires_at < now))
    token = secrets.token_urlsafe(32)
    session.add(SignIn(sha256=sha256_of(token), user_id=user.id, expires_at=now + dt.timedelta(days=days)))
    session.flush()
    return token


def end_session(session: Session, token: str) -> None:
    """Sign out; the token is worth nothing from the next request on."""
    session.execute(delete(SignIn).where(SignIn.sha256 == sha256_of(token)))


def caller_with_token(session: Session, token: str) -> Caller | None:
    """The person signed in with this token; None when it is unknown or over, or the person is suspended."""
    return _session_caller(session, sha256_of(token))


def caller_with_key(session: Session, key: str) -> Caller | None:
    """The person whose key this is; None when it is unknown, revoked or over, or the person is suspended."""
    parts = key.split("_", 2)
    row = session.scalar(select(ApiKey).where(ApiKey.prefix == parts[1])) if len(parts) == 3 else None
    if not hmac.compare_digest(sha256_of(key), row.sha256 if row else "") or row is None:
        return None
    return _key_caller(session, row.id)


def renewed(session: Session, caller: Caller) -> Caller | None:
    """The same person as of now, by the same sign-in or key; None when that no longer counts."""
    find = _session_caller if caller.credential == "session" else _key_caller
    return find(session, caller.credential_id)


def _session_caller(session: Session, sha256: str) -> Caller | None:
    user = session.scalar(
        select(User)
        .join(SignIn, SignIn.user_id == User.id)
        .where(SignIn.sha256 == sha256, SignIn.expires_at > utc_now(), ~User.suspended)
    )
    return None if user is None else _caller(session, user, "session", sha256)


def _key_caller(session: Session, key_id: str) -> Caller | None:
    user = session.scalar(
        select(User)
        .join(ApiKey, ApiKey.user_id == User.id)
        .where(
            ApiKey.id == key_id,
            ApiKey.revoked_at.is_(None),
            ApiKey.expires_at.is_(None) | (ApiKey.expires_at > utc_now()),
            ~User.suspended,
        )
    )
    return None if user is None else _caller(session, user, "key", key_id)


def _caller(session: Session, user: User, credential: Credential, credential_id: str) -> Caller:
    return Caller(
        user_id=user.id,
        email=user.email,
        name=user.name,
        roles=tuple(user.roles),
        principals=principals_of(session, user.email),
        credential=credential,
        credential_id=credential_id,
    )
