"""`footnote user`, `footnote group` and `footnote key`: who there is, in which groups, with which keys."""

import secrets
import sys
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.commands.console import JsonOption, command, messages, out, print_json
from api.identity import (
    add_member,
    create_group,
    create_key,
    create_user,
    delete_group,
    find_user,
    remove_member,
    revoke_key,
    update_user,
)
from api.tables import ApiKey, Group, GroupMember, User
from ingest.errors import NotFound

users = typer.Typer(no_args_is_help=True, help="People who may sign in.")
groups = typer.Typer(no_args_is_help=True, help="Groups of people; documents name them as readers.")
keys = typer.Typer(no_args_is_help=True, help="Keys with which programs act as a person.")

EmailArgument = Annotated[str, typer.Argument(help="The person's e-mail address.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@users.command("create")
def create_person(
    email: EmailArgument,
    admin: Annotated[bool, typer.Option("--admin", help="May upload and manage documents and people.")] = False,
    evaluator: Annotated[bool, typer.Option("--evaluator", help="May score answers.")] = False,
    group: Annotated[list[str] | None, typer.Option("--group", "-g", help="A group to join; made where new.")] = None,
    name: Annotated[str, typer.Option(help="The name to show.")] = "",
    password_stdin: PasswordStdin = False,
    as_json: JsonOption = False,
) -> None:
    """Add a person. Without --password-stdin you are asked for a password, or one is made and shown once."""
    made = None
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty() and not as_json:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = made = secrets.token_urlsafe(15)
    with command() as parts, parts.database.write() as session:
        for group_name in group or []:
            _create_missing_group(session, group_name)
        user = create_user(
            session, email, password, name=name, is_admin=admin, is_evaluator=evaluator, groups=group or []
        )
        described = {"email": user.email, "name": user.name, "roles": user.roles, "groups": group or []}
    if as_json:
        print_json({**described, "password": made} if made else described)
        return
    out.print(f"{user.email} is created ({', '.join(user.roles)}).")
    if made:
        out.print(f"Password, shown this once: {made}")


def _create_missing_group(session: Session, name: str) -> None:
    if session.get(Group, name.strip()) is None:
        create_group(session, name)
        messages.print(f"The group {name!r} was made.")


@users.command("list")
def list_people(as_json: JsonOption = False) -> None:
    """List everyone."""
    with command() as parts, parts.database.read() as session:
        people = session.scalars(select(User).order_by(User.email)).all()
    for user in people:
        if as_json:
            print_json({"email": user.email, "name": user.name, "roles": user.roles, "suspended": user.suspended})
        else:
            out.print(f"{user.email}  {', '.join(user.roles)}{'  suspended' if user.suspended else ''}")


@users.command()
def suspend(email: EmailArgument, as_json: JsonOption = False) -> None:
    """Refuse a person everywhere from the next request on, sessions and keys included."""
    _set_suspended(email, suspended=True, as_json=as_json)


@users.command()
def restore(email: EmailArgument, as_json: JsonOption = False) -> None:
    """Let a suspended person in again."""
    _set_suspended(email, suspended=False, as_json=as_json)


def _set_suspended(email: str, *, suspended: bool, as_json: bool) -> None:
    with command() as parts, parts.database.write() as session:
        user = find_user(session, email)
        update_user(session, user, suspended=suspended)
    if as_json:
        print_json({"email": user.email, "suspended": suspended})
    else:
        out.print(f"{user.email} is {'suspended' if suspended else 'active again'}.")


@users.command()
def password(email: EmailArgument, password_stdin: PasswordStdin = False) -> None:
    """Set a new password; sign-ins of the person end."""
    if password_stdin:
        new = sys.stdin.readline().rstrip("\r\n")
    else:
        new = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    with command() as parts, parts.database.write() as session:
        update_user(session, find_user(session, email), password=new)
    out.print("The password is changed.")


@groups.command("create")
def create_new_group(name: str, as_json: JsonOption = False) -> None:
    """Add a group."""
    with command() as parts, parts.database.write() as session:
        group = create_group(session, name)
    if as_json:
        print_json({"name": group.name, "principal": group.principal})
    else:
        out.print(f"{group.name} is created; documents name it {group.principal}.")


@groups.command("list")
def list_groups(as_json: JsonOption = False) -> None:
    """List groups with their members."""
    with command() as parts, parts.database.read() as session:
        names = session.scalars(select(Group.name).order_by(Group.name)).all()
        rows = session.execute(select(GroupMember.group_name, GroupMember.member).order_by(GroupMember.member)).all()
    for name in names:
        members = [member for group_name, member in rows if group_name == name]
        if as_json:
            print_json({"name": name, "members": members})
        else:
            out.print(f"{name}  {', '.join(members) or 'no members'}")


MemberArgument = Annotated[str, typer.Argument(help="user:EMAIL, group:NAME, or an e-mail address.")]


@groups.command("add")
def add_to_group(name: str, member: MemberArgument) -> None:
    """Put a person or another group into a group."""
    with command() as parts, parts.database.write() as session:
        add_member(session, name, _principal(member))
    out.print(f"{member} is in {name}.")


@groups.command("remove")
def remove_from_group(name: str, member: MemberArgument) -> None:
    """Take a member out of a group; in force for the next request."""
    with command() as parts, parts.database.write() as session:
        remove_member(session, name, _principal(member))
    out.print(f"{member} is no longer in {name}.")


@groups.command("delete")
def delete_whole_group(name: str) -> None:
    """Delete a group; documents that named it are no longer read through it."""
    with command() as parts, parts.database.write() as session:
        delete_group(session, name)
    out.print(f"{name} is deleted.")


def _principal(member: str) -> str:
    return member if member.startswith(("user:", "group:")) else f"user:{member}"


@keys.command("create")
def create_new_key(
    email: EmailArgument,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    days: Annotated[int | None, typer.Option(help="The key ends after this many days; never where not given.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key that acts as a person; it is shown this once."""
    with command() as parts, parts.database.write() as session:
        key, prefix = create_key(session, find_user(session, email), name, expires_in_days=days)
    if as_json:
        print_json({"key": key, "prefix": prefix})
    else:
        out.print(f"{key}\nShown this once. Send it as «Authorization: Bearer KEY»; revoke it by its prefix {prefix}.")


@keys.command("list")
def list_keys(as_json: JsonOption = False) -> None:
    """List keys by their prefix."""
    with command() as parts, parts.database.read() as session:
        rows = session.execute(
            select(ApiKey, User.email).join(User, User.id == ApiKey.user_id).order_by(ApiKey.created_at)
        ).all()
    for key, email in rows:
        state = "revoked" if key.revoked_at else "active"
        if as_json:
            print_json({"prefix": key.prefix, "email": email, "name": key.name, "state": state})
        else:
            out.print(f"{key.prefix}  {email}  {state}  {key.name}")


@keys.command("revoke")
def revoke_one_key(prefix: Annotated[str, typer.Argument(help="The key's prefix, as listed.")]) -> None:
    """End a key; refused from the next request on."""
    with command() as parts, parts.database.write() as session:
        key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix.removeprefix("fn_").split("_")[0]))
        if key is None:
            raise NotFound(f"There is no key {prefix!r}; `footnote key list` shows the prefixes.")
        revoke_key(session, key)
    out.print(f"The key {key.prefix} is revoked.")
