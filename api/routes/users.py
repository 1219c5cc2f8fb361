"""Users, for admins."""

from collections import defaultdict
from collections.abc import Iterable

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.deps import is_id
from api.identity import create_user, update_user
from api.people_schemas import NewUser, UserEdit, UserList, UserView
from api.policies import RuntimeDep, admin
from api.tables import GroupMember, User
from ingest.errors import InvalidInput, NotFound

router = APIRouter(prefix="/v1/users", tags=["People"], dependencies=[Depends(admin)])


@router.get("", summary="List users")
def list_users(runtime: RuntimeDep) -> UserList:
    """Every user, by e-mail address."""
    with runtime.database.read() as session:
        return UserList(items=_views(session, session.scalars(select(User).order_by(User.email)).all()))


@router.post("", status_code=201, summary="Add a user")
def add_user(body: NewUser, runtime: RuntimeDep) -> UserView:
    """Add a person with a password, and put them into groups."""
    with runtime.database.write() as session:
        try:
            user = create_user(
                session,
                body.email,
                body.password,
                name=body.name,
                is_admin="admin" in body.roles,
                is_evaluator="evaluator" in body.roles,
                groups=body.groups,
            )
        except NotFound as error:
            raise InvalidInput(str(error)) from error
        return _views(session, [user])[0]


@router.patch("/{user_id}", summary="Change a user")
def edit_user(user_id: str, body: UserEdit, runtime: RuntimeDep) -> UserView:
    """Change name, password, roles, or suspend; a new password or a suspension ends the person's sign-ins."""
    with runtime.database.write() as session:
        user = session.get(User, user_id) if is_id(user_id) else None
        if user is None:
            raise NotFound("There is no such user.")
        update_user(
            session,
            user,
            name=body.name,
            password=body.password,
            is_admin=None if body.roles is None else "admin" in body.roles,
            is_evaluator=None if body.roles is None else "evaluator" in body.roles,
            suspended=body.suspended,
        )
        return _views(session, [user])[0]


def _views(session: Session, users: Iterable[User]) -> list[UserView]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for row in session.scalars(select(GroupMember).order_by(GroupMember.group_name)):
        groups[row.member].append(row.group_name)
    return [
        UserView.model_validate(
            {
                "id": user.id,
                "email": user.email,
                "name": user.name,
                "roles": user.roles,
                "suspended": user.suspended,
                "groups": groups[user.principal],
                "created_at": user.created_at,
            }
        )
        for user in users
    ]
