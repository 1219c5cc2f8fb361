"""`footnote index`: look at the search indexes, check them against the database, make them anew."""

from dataclasses import asdict

import typer

from api.commands.console import JsonOption, command, out, print_json

index = typer.Typer(no_args_is_help=True, help="The search indexes, which follow the database.")


@index.command()
def stats(as_json: JsonOption = False) -> None:
    """Show how much is indexed, and up to which change."""
    with command() as parts:
        figures = asdict(parts.replica.stats())
    _print(figures, as_json=as_json)


@index.command()
def verify(as_json: JsonOption = False) -> None:
    """Compare the indexes with the database, both ways; ends with code 1 when they differ."""
    with command() as parts, parts.database.read() as session:
        parts.replica.catch_up(session)
        report = parts.replica.verify(session)
    _print({**asdict(report), "matches": report.matches}, as_json=as_json)
    if not report.matches:
        raise typer.Exit(1)


@index.command()
def rebuild(as_json: JsonOption = False) -> None:
    """Make the indexes anew from the database; searches go on meanwhile. Nothing is embedded again."""
    with command() as parts:
        with parts.database.read() as session:
            parts.replica.rebuild(session)
        parts.replica.snapshot()
        figures = asdict(parts.replica.stats())
    _print(figures, as_json=as_json)


def _print(figures: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        out.print(f"[bold]{name.replace('_', ' '):24}[/bold] {value}")
