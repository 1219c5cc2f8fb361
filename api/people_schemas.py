"""The bodies of requests and responses about people: users, groups and keys."""

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas import Line, RequestBody, Role


class UserView(BaseModel):
    """A user as admins see them; `groups` are those they were put into directly."""

    id: str
    email: str
    name: str
    roles: list[Role]
    suspended: bool
    groups: list[str]
    created_at: dt.datetime


class UserList(BaseModel):
    """Every user, by e-mail address."""

    items: list[UserView]


class NewUser(RequestBody):
    """A user to add."""

    email: Line = Field(examples=["ann@example.org"])
    password: Annotated[str, StringConstraints(max_length=4000)]
    name: Line = ""
    roles: list[Role] = Field(default=[])
    groups: list[Line] = Field(default=[])


class UserEdit(RequestBody):
    """What to change about a user."""

    name: Line | None = None
    password: Annotated[str, StringConstraints(max_length=4000)] | None = None
    roles: list[Role] | None = None
    suspended: bool | None = None


class NewGroup(RequestBody):
    """A group to add."""

    name: Line = Field(examples=["finance"])


class NewMember(RequestBody):
    """A user or group to put into a group."""

    member: Line = Field(examples=["user:ann@example.org"])


class GroupView(BaseModel):
    """A group and its members, as principals."""

    name: str
    members: list[str]
    created_at: dt.datetime


class GroupList(BaseModel):
    """Every group, by name."""

    items: list[GroupView]


class NewKey(RequestBody):
    """A key to make."""

    name: Line = Field(default="", examples=["nightly import"])
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)


class KeyView(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    prefix: str
    name: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None


class CreatedKey(KeyView):
    """A new key; `key` is shown this once."""

    key: str


class KeyList(BaseModel):
    """The caller's keys, newest first."""

    items: list[KeyView]
