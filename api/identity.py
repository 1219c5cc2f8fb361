"""People: create and change users, groups and keys, and say which principals a person has.

Below this folder a person is only a `frozenset[str]` of principals; here is where it comes from.
"""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Collection, Iterable

from sqlalchemy import Select, delete, func, literal, select
from sqlalchemy.orm import Session

from api.errors import Conflict
from api.passwords import hash_password
from api.tables import ApiKey, Group, GroupMember, SignIn, User
from ingest.database import lock_changes, record_change, utc_now
from ingest.documents import EVERYONE, clean_readers
from ingest.errors import InvalidInput, NotFound
from ingest.tables import AclEntry

MAX_KEY_DAYS = 3650
_EMAIL = re.compile(r"[^\s@:/,]{1,64}@[^\s@:/,]{1,250}")
_GROUP_NAME = re.compile(r"\w(?:[\w .-]{0,98}[\w.-])?")


def create_user(
    session: Session,
    email: str,
    password: str | None,
    *,
    name: str = "",
    is_admin: bool = False,
    is_evaluator: bool = False,
    groups: Iterable[str] = (),
) -> User:
    """Add a person, and make them a member of groups that exist; without a password they cannot sign in, only use keys.

    Raises:
        InvalidInput: the e-mail address or password is not usable.
        Conflict: somebody has this e-mail address already.
        NotFound: there is no such group.
    """
    email = clean_email(email)
    if session.scalar(select(User.id).where(User.email == email)) is not None:
        raise Conflict(f"{email} is already a user; change that user instead.")
    user = User(
        email=email,
        name=name.strip()[:200],
        password_hash=None if password is None else hash_password(password),
        is_admin=is_admin,
        is_evaluator=is_evaluator,
    )
    session.add(user)
    session.flush()
    for group in groups:
        add_member(session, group, user.principal)
    return user


def clean_email(email: str) -> str:
    """An e-mail address as it is stored: trimmed, lower case.

    Raises:
        InvalidInput: it does not look like name@example.org.
    """
    cleaned = email.strip().lower()
    if not _EMAIL.fullmatch(cleaned) or not cleaned.isprintable():
        raise InvalidInput(f"{email[:80]!r} is not an e-mail address; write one like ann@example.org.")
    return cleaned


def find_user(session: Session, email: str) -> User:
    """The person with an e-mail address. Raises NotFound when there is none."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(f"There is no user {email[:80]!r}; `footnote user list` shows who there is.")
    return user


def update_user(
    session: Session,
    user: User,
    *,
    name: str | None = None,
    password: str | None = None,
    is_admin: bool | None = None,
    is_evaluator: bool | None = None,
    suspended: bool | None = None,
) -> None:
    """Change what is given. Sign-ins end when the password changes or the person is suspended.

    Raises:
        Conflict: nobody would be left who can administer.
        InvalidInput: the password is not usable.
    """
    loses_admin = user.is_admin and not user.suspended and (is_admin is False or suspended is True)
    if loses_admin:
        lock_changes(session)
        if _n_active_admins(session) <= 1:
            raise Conflict(f"{user.email} is the last admin; make somebody else an admin first.")
    if name is not None:
        user.name = name.strip()[:200]
    if password is not None:
        user.password_hash = hash_password(password)
    if is_admin is not None:
        user.is_admin = is_admin
    if is_evaluator is not None:
        user.is_evaluator = is_evaluator
    if suspended is not None:
        user.suspended = suspended
    if password is not None or suspended:
        session.execute(delete(SignIn).where(SignIn.user_id == user.id))
    session.flush()


def _n_active_admins(session: Session) -> int:
    return session.scalar(select(func.count()).where(User.is_admin, ~User.suspended)) or 0


def create_group(session: Session, name: str) -> Group:
    """Add a group without members.

    Raises:
        InvalidInput: the name is not usable.
        Conflict: there is one of this name.
    """
    cleaned = name.strip()
    if not _GROUP_NAME.fullmatch(cleaned):
        raise InvalidInput(
            f"{name[:80]!r} cannot name a group; use up to 100 letters, digits, spaces, dots, dashes or underscores."
        )
    if session.get(Group, cleaned) is not None:
        raise Conflict(f"There is a group {cleaned!r} already; add members to it instead.")
    group = Group(name=cleaned)
    session.add(group)
    session.flush()
    return group


def find_group(session: Session, name: str) -> Group:
    """The group of this name. Raises NotFound when there is none."""
    group = session.get(Group, name)
    if group is None:
        raise NotFound(f"There is no group {name[:80]!r}; create it first.")
    return group


def delete_group(session: Session, name: str) -> None:
    """Remove a group from everywhere: its members, the groups it is in, and the readers of documents.

    Readers go too, so that a later group of the same name does not inherit what this one could read.
    """
    group = find_group(session, name)
    lock_changes(session)
    document_ids = session.scalars(select(AclEntry.document_id).where(AclEntry.principal == group.principal)).all()
    session.execute(delete(AclEntry).where(AclEntry.principal == group.principal))
    for document_id in document_ids:
        record_change(session, "readers", document_id)
    session.execute(delete(GroupMember).where(GroupMember.member == group.principal))
    session.delete(group)
    session.flush()


def add_member(session: Session, group_name: str, member: str) -> None:
    """Put `user:EMAIL` or `group:NAME` into a group; harmless when it is there already.

    Raises:
        NotFound: there is no such group.
        InvalidInput: there is no such member, or the member is not a person or group.
    """
    find_group(session, group_name)
    (principal,) = known_readers(session, [member])
    if principal == EVERYONE:
        raise InvalidInput("everyone cannot be a member; add users or groups.")
    if principal == f"group:{group_name}":
        raise InvalidInput(f"The group {group_name!r} cannot be a member of itself; add users or other groups.")
    if session.get(GroupMember, (group_name, principal)) is None:
        session.add(GroupMember(group_name=group_name, member=principal))
        session.flush()


def remove_member(session: Session, group_name: str, member: str) -> None:
    """Take a member out of a group; in force for the next request.

    Raises:
        NotFound: there is no such group, or it has no such member.
    """
    find_group(session, group_name)
    (principal,) = clean_readers([member])
    row = session.get(GroupMember, (group_name, principal))
    if row is None:
        raise NotFound(f"{member[:80]!r} is not a member of {group_name!r}.")
    session.delete(row)
    session.flush()


def known_readers(session: Session, readers: Collection[str]) -> frozenset[str]:
    """The readers, cleaned, when each is `everyone`, a user or a group that exists.

    Raises:
        InvalidInput: naming the first that is malformed or unknown.
    """
    cleaned = clean_readers(readers)
    emails = {reader.removeprefix("user:") for reader in cleaned if reader.startswith("user:")}
    names = {reader.removeprefix("group:") for reader in cleaned if reader.startswith("group:")}
    unknown_emails = emails - set(session.scalars(select(User.email).where(User.email.in_(emails))))
    unknown_names = names - set(session.scalars(select(Group.name).where(Group.name.in_(names))))
    for email in sorted(unknown_emails):
        raise InvalidInput(f"There is no user {email[:80]!r}; create the user first, or name another reader.")
    for name in sorted(unknown_names):
        raise InvalidInput(f"There is no group {name[:80]!r}; create the group first, or name another reader.")
    return cleaned


def principals_of(session: Session, email: str) -> frozenset[str]:
    """What a person counts as: `user:EMAIL`, `everyone`, and every group they are in, directly or through groups.

    Empty for a suspended person, who may read nothing.

    Raises:
        NotFound: there is no such person.
    """
    user = find_user(session, email)
    if user.suspended:
        return frozenset()
    return frozenset({user.principal, EVERYONE, *session.scalars(_groups_of(user.principal))})


def _groups_of(principal: str) -> Select[str]:
    """The principals of all groups around a principal; groups that contain each other end the search, not the query."""
    around = (
        select((literal("group:") + GroupMember.group_name).label("principal"))
        .where(GroupMember.member == principal)
        .cte("around", recursive=True)
    )
    outer = select((literal("group:") + GroupMember.group_name).label("principal")).join(
        around, GroupMember.member == around.c.principal
    )
    return select(around.union(outer).c.principal)


def create_key(session: Session, user: User, name: str = "", *, expires_in_days: int | None = None) -> tuple[str, str]:
    """Make a key for a person: the key itself, which is not kept, and the prefix it is known by.

    Raises:
        InvalidInput: the days are out of range.
    """
    if expires_in_days is not None and not 1 <= expires_in_days <= MAX_KEY_DAYS:
        raise InvalidInput(f"A key lasts 1 to {MAX_KEY_DAYS} days; {expires_in_days} is out of range.")
    prefix = secrets.token_hex(4)
    key = f"fn_{prefix}_{secrets.token_urlsafe(32)}"
    expires_at = None if expires_in_days is None else utc_now() + dt.timedelta(days=expires_in_days)
    row = ApiKey(prefix=prefix, sha256=sha256_of(key), user_id=user.id, name=name.strip()[:200], expires_at=expires_at)
    session.add(row)
    session.flush()
    return key, prefix


def revoke_key(session: Session, key: ApiKey) -> None:
    """End a key; refused from the next request on."""
    key.revoked_at = key.revoked_at or utc_now()
    session.flush()


def sha256_of(secret: str) -> str:
    """How a random secret is stored: the hexadecimal SHA-256 of it."""
    return hashlib.sha256(secret.encode()).hexdigest()
