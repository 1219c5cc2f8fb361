"""`footnote bench`: speed and quality beside a peer, from `evals/benchmarks/`."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

import evals.benchmarks
from api.commands.console import JsonOption, messages

DataOption = Annotated[str, typer.Option(help="Folder of the labelled sets.")]


def bench(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Which benchmark; without one they are listed.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A version of at most a minute.")] = False,
    data: DataOption = "../shared/data",
    peers_python: Annotated[
        str | None, typer.Option(help="For `ingest`: interpreter of an environment with the extra `peers`.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a benchmark: both sides in one run, with ratio and goal.

    Options of one benchmark alone, such as --rows, follow its name: `footnote bench scale --rows 100000`.
    """
    names = sorted(module.name.replace("_", "-") for module in iter_modules(evals.benchmarks.__path__))
    if name not in names:
        messages.print(f"The benchmarks are: {', '.join(names)}.")
        raise typer.Exit(0 if name is None else 2)
    arguments = ["--data", data, *(["--quick"] if quick else []), *(["--json"] if as_json else [])]
    arguments += ["--peers-python", peers_python] if peers_python else []
    import_module(f"evals.benchmarks.{name.replace('-', '_')}").main([*arguments, *context.args])
