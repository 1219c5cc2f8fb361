"""`footnote explain-access`: by which entry, and since when, a person may read a document."""

from typing import Annotated

import typer
from sqlalchemy import select

from api.commands.console import JsonOption, acting_principals, command, out, print_json
from api.commands.documents import DocumentArgument, find_document
from ingest.tables import AclEntry


def explain_access(
    document: DocumentArgument,
    principal: Annotated[str, typer.Argument(help="user:EMAIL, group:NAME or everyone.")],
    as_json: JsonOption = False,
) -> None:
    """Say why somebody may read a document, or that they may not; ends with code 1 when not."""
    with command() as parts, parts.database.read() as session:
        found = find_document(session, document)
        principals = acting_principals(session, [principal])
        entries = session.scalars(
            select(AclEntry)
            .where(AclEntry.document_id == found.id, AclEntry.principal.in_(principals))
            .order_by(AclEntry.created_at)
        ).all()
    if as_json:
        because = [{"principal": entry.principal, "since": entry.created_at} for entry in entries]
        print_json({"document_id": found.id, "principal": principal, "may_read": bool(entries), "because": because})
    elif entries:
        out.print(f"{principal} may read {found.filename}:")
        for entry in entries:
            how = "named as a reader" if entry.principal == principal else f"through {entry.principal}"
            out.print(f"  {how}, since {entry.created_at:%Y-%m-%d %H:%M} UTC")
    else:
        out.print(
            f"{principal} may not read {found.filename}; counted as: {', '.join(sorted(principals)) or 'nobody'}."
        )
    if not entries:
        raise typer.Exit(1)
