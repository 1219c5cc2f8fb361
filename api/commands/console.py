"""What commands share: the options --json and --as, output for people and for scripts, and errors as one sentence."""

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from sqlalchemy.orm import Session

from api.degradations import DEGRADATIONS
from api.identity import principals_of
from api.parts import Parts
from api.settings import ApiSettings
from generation.settings import GenerationSettings
from ingest.documents import EVERYONE, clean_readers
from ingest.errors import FootnoteError, InvalidInput, NotFound
from ingest.settings import IngestSettings
from retrieval.settings import RetrievalSettings

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line, for scripts.")]
AsOption = Annotated[
    list[str] | None,
    typer.Option("--as", metavar="PRINCIPAL", help="Ask as user:EMAIL or group:NAME; everyone where not given."),
]

out = Console(highlight=False, soft_wrap=True)
messages = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one object on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def print_degraded(names: Iterable[str]) -> None:
    """Print in a sentence each what makes a result less than it could be."""
    for name in names:
        out.print(f"[yellow]{escape(DEGRADATIONS.get(name, name))}[/yellow]")


@contextmanager
def command() -> Iterator[Parts]:
    """The parts for one command; what goes wrong on purpose ends it with a sentence and code 1, wrong use with 2."""
    try:
        api = ApiSettings()
        set_up_logging(api.log_level if api.log_level != "info" else "warning")
        with Parts(IngestSettings(), RetrievalSettings(), GenerationSettings(), api) as parts:
            yield parts
    except ValidationError as error:
        first = error.errors()[0]
        name = "FOOTNOTE_" + "_".join(str(part) for part in first["loc"]).upper()
        messages.print(f"[red]error:[/red] {name}: {first['msg']}; correct the setting.")
        raise typer.Exit(2) from error
    except InvalidInput as error:
        messages.print(f"[red]error:[/red] {error}", markup=True)
        raise typer.Exit(2) from error
    except FootnoteError as error:
        messages.print(f"[red]error:[/red] {error}")
        raise typer.Exit(1) from error


def set_up_logging(level: str) -> None:
    """Log to standard error, at `debug`, `info`, `warning` or `error`."""
    logging.basicConfig(
        level=level.upper(),
        format="%(message)s",
        handlers=[RichHandler(console=messages, show_path=False, rich_tracebacks=False)],
        force=True,
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)


def acting_principals(session: Session, given: list[str] | None) -> frozenset[str]:
    """The principals that `--as` names: a known user with all their groups, others as they stand, and everyone."""
    principals = {EVERYONE}
    for principal in clean_readers(given or [EVERYONE]):
        if not principal.startswith("user:"):
            principals.add(principal)
            continue
        try:
            own = principals_of(session, principal.removeprefix("user:"))
        except NotFound:
            principals.add(principal)
            continue
        if not own:
            return frozenset()
        principals |= own
    return frozenset(principals)


def acting_person(given: list[str] | None) -> str:
    """The principal that asks: the first that `--as` names."""
    return next(iter(clean_readers(given[:1])), EVERYONE) if given else EVERYONE
