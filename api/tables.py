"""The tables of people and of what they sent: users, groups, keys, sign-ins, and the keys of uploads."""

import datetime as dt

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.database import Base, UtcDateTime, utc_now
from ingest.tables import new_id


class User(Base):
    """A person who may sign in; a suspended one is refused everywhere, keys and running streams included."""

    __tablename__ = "user_account"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_evaluator: Mapped[bool] = mapped_column(default=False)
    suspended: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)

    @property
    def principal(self) -> str:
        """How readers of documents name this person."""
        return f"user:{self.email}"

    @property
    def roles(self) -> list[str]:
        """Every role, from the least powerful."""
        return ["employee", *(["evaluator"] if self.is_evaluator else []), *(["admin"] if self.is_admin else [])]


class Group(Base):
    """A named set of people and other groups; documents name it as the reader `group:NAME`."""

    __tablename__ = "user_group"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)

    @property
    def principal(self) -> str:
        """How readers of documents name this group."""
        return f"group:{self.name}"


class GroupMember(Base):
    """One member of a group: a person (`user:EMAIL`) or another group (`group:NAME`)."""

    __tablename__ = "group_member"

    group_name: Mapped[str] = mapped_column(ForeignKey("user_group.name", ondelete="CASCADE"), primary_key=True)
    member: Mapped[str] = mapped_column(String(400), primary_key=True, index=True)


class ApiKey(Base):
    """A key with which a program acts as a person; only the SHA-256 of the key is kept."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class SignIn(Base):
    """One browser's sign-in; the cookie holds the token, the row only its SHA-256."""

    __tablename__ = "sign_in"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class UploadKey(Base):
    """The `Idempotency-Key` of an upload that was accepted, so that sending it again leads to the same version.

    `key_sha256` is the hash of person and key together, `request_sha256` that of what was uploaded and where to. The
    version is no foreign key: an upload that is repeated after its document was removed must not bring it back.
    """

    __tablename__ = "upload_key"

    key_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    version_id: Mapped[str] = mapped_column(String(32))
    unchanged: Mapped[bool]
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
