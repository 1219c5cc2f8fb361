"""`footnote replay`: whether a stored answer comes out the same again."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from sqlalchemy import select

from api.commands.console import AsOption, JsonOption, acting_principals, command, out, print_json
from generation.replay import Difference, Replay
from generation.replay import replay as replay_answer
from generation.tables import Answer


def replay(
    answer: Annotated[str, typer.Argument(help="Id of a stored answer.")],
    given: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search again and check a stored answer again, without a model; exit code 1 when something differs unexplained.

    Without --as the asker's rights of today are used.
    """
    with command() as parts:
        with parts.database.read() as session:
            asker = session.scalar(select(Answer.asked_by).where(Answer.id == answer))
            principals = acting_principals(session, given or ([asker] if asker else None))
        result = replay_answer(parts.answerer, parts.database, answer, principals)
    if as_json:
        print_json(asdict(result) | {"same": result.same})
    else:
        _print(result)
    if not result.same:
        raise typer.Exit(1)


def _print(result: Replay) -> None:
    for name, differences in (("found", result.search), ("answered", result.answer)):
        for difference in differences:
            _print_difference(name, difference)
    if result.changes:
        out.print(f"{result.changes} changes of documents or readers since the answer explain what is found otherwise.")
    if result.rights_changed:
        out.print("The rights are not those of the answer; this too explains what is found otherwise.")
    out.print("[green]The answer is reproduced.[/green]" if result.same else "[red]The answer is not reproduced.[/red]")


def _print_difference(name: str, difference: Difference) -> None:
    out.print(f"[bold]{name}, {escape(difference.what)}[/bold]")
    out.print(f"  then: {escape(str(difference.stored))}")
    out.print(f"  now:  {escape(str(difference.now))}")
