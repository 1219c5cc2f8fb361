"""Groups and their members, for admins."""

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.identity import add_member, create_group, delete_group, find_group, remove_member
from api.people_schemas import GroupList, GroupView, NewGroup, NewMember
from api.policies import RuntimeDep, admin
from api.tables import Group, GroupMember

router = APIRouter(prefix="/v1/groups", tags=["People"], dependencies=[Depends(admin)])


@router.get("", summary="List groups")
def list_groups(runtime: RuntimeDep) -> GroupList:
    """Every group with its members, by name."""
    with runtime.database.read() as session:
        groups = session.scalars(select(Group).order_by(Group.name)).all()
        return GroupList(items=[_view(session, group) for group in groups])


@router.post("", status_code=201, summary="Add a group")
def add_group(body: NewGroup, runtime: RuntimeDep) -> GroupView:
    """Add a group without members."""
    with runtime.database.write() as session:
        return _view(session, create_group(session, body.name))


@router.delete("/{name}", status_code=204, summary="Remove a group")
def remove_group(name: str, runtime: RuntimeDep) -> None:
    """Remove a group; documents that name it as a reader lose that reader at once."""
    with runtime.database.write() as session:
        delete_group(session, name)


@router.post("/{name}/members", summary="Add a member")
def put_member(name: str, body: NewMember, runtime: RuntimeDep) -> GroupView:
    """Put a user or another group into a group; in force for their next request."""
    with runtime.database.write() as session:
        add_member(session, name, body.member)
        return _view(session, find_group(session, name))


@router.delete("/{name}/members/{member}", status_code=204, summary="Take a member out")
def drop_member(name: str, member: str, runtime: RuntimeDep) -> None:
    """Take a user or group out of a group; in force for their next request."""
    with runtime.database.write() as session:
        remove_member(session, name, member)


def _view(session: Session, group: Group) -> GroupView:
    members = session.scalars(
        select(GroupMember.member).where(GroupMember.group_name == group.name).order_by(GroupMember.member)
    )
    return GroupView(name=group.name, members=list(members), created_at=group.created_at)
