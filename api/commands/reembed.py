"""`footnote reembed`: another embedding model, without a moment in which searches fail."""

import os
import time
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from api.commands.console import JsonOption, command, messages, out, print_json
from api.parts import Parts
from ingest.batch_vectors import PrecisionChoice
from ingest.embed import Embedder
from ingest.embedding_models import ModelChoice, active_model
from ingest.errors import InvalidInput, StorageBusy
from ingest.file_lock import locked
from ingest.pipeline import PASSAGE_TOKENS
from ingest.reembed import (
    begin,
    delete_dropped,
    drop_all_but_active,
    embed_missing,
    model_before,
    model_statuses,
    switch,
)
from ingest.replica import Replica
from ingest.snapshot import remove_snapshots

NICENESS = 10
SNAPSHOT_ATTEMPTS = 60

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="The model to switch to: bundled name, hub name or folder.")
]
PrecisionOption = Annotated[
    PrecisionChoice | None, typer.Option(help="How it computes, as FOOTNOTE_EMBEDDING_PRECISION.")
]
BackOption = Annotated[bool, typer.Option("--back", help="Go back to the model before, whose vectors are kept.")]
DropOption = Annotated[bool, typer.Option("--drop-old", help="Delete the vectors of every model but the active one.")]
StatusOption = Annotated[bool, typer.Option("--status", help="Show the models of this database.")]


def reembed(
    model: ModelOption = None,
    precision: PrecisionOption = None,
    back: BackOption = False,
    drop_old: DropOption = False,
    status: StatusOption = False,
    as_json: JsonOption = False,
) -> None:
    """Switch the embedding model: searches use the old one until every passage is embedded with the new one."""
    asked = [model is not None or precision is not None, back, drop_old, status]
    with command() as parts:
        if sum(asked) != 1:
            raise InvalidInput("Say one of --model (or --precision), --back, --drop-old and --status.")
        if drop_old:
            _drop(parts)
        elif not status:
            with locked(parts.folder.root / "reembed.lock", wait=False):
                _switch(parts, _previous(parts) if back else _choice(parts, model, precision))
        _print_statuses(parts, as_json=as_json)


def _choice(parts: Parts, model: str | None, precision: PrecisionChoice | None) -> ModelChoice:
    if model is None:
        model = parts.models.active().name
    return ModelChoice(model, precision or parts.ingest_settings.embedding_precision)


def _previous(parts: Parts) -> ModelChoice:
    with parts.database.read() as session:
        row = model_before(session)
    return ModelChoice(row.name, row.precision)  # type: ignore[arg-type]  # as it was stored


def _switch(parts: Parts, choice: ModelChoice) -> None:
    """Embed, build the indexes, switch; again where passages came meanwhile that lack a vector."""
    os.nice(NICENESS)
    assert parts.models.active()  # a database without a model gets the one of the settings first
    embedder = parts.models.load(choice)
    with parts.database.read() as session:
        if _is_active(session, embedder):
            messages.print(f"Searches use {embedder.model_id} already.")
            return
    if embedder.max_tokens < PASSAGE_TOKENS:
        messages.print(
            f"[yellow]{embedder.model_id} reads {embedder.max_tokens} tokens, passages have up to {PASSAGE_TOKENS}: "
            "what is past that is found by keyword only.[/yellow]"
        )
    with parts.database.write() as session:
        begin(session, embedder)
    replica = Replica(parts.folder.indexes, embedder.model_id, embedder.dimension)
    try:
        while True:
            _embed(parts, embedder)
            _build(parts, replica)
            with parts.database.write() as session:
                if switch(session, embedder.model_id):
                    break
    finally:
        replica.close()
    messages.print(f"Searches use {embedder.model_id} from now on; running servers follow within seconds.")
    delete_dropped(parts.database)


def _is_active(session: Session, embedder: Embedder) -> bool:
    active = active_model(session)
    return active is not None and active.model_id == embedder.model_id


def _embed(parts: Parts, embedder: Embedder) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages) as progress:
        task = progress.add_task("Embedding", total=None)
        embed_missing(
            parts.database, embedder, lambda n_done, n_texts: progress.update(task, completed=n_done, total=n_texts)
        )


def _build(parts: Parts, replica: Replica) -> None:
    """Have a snapshot ready that servers load after the switch; an older one may lack vectors that came later."""
    with parts.database.read() as session:
        replica.open(session)
        stats = replica.stats()
        if stats.n_vectors < stats.n_passages:
            replica.rebuild(session)
    for _ in range(SNAPSHOT_ATTEMPTS):
        try:
            replica.snapshot()
            return
        except StorageBusy:
            time.sleep(1)  # a server writes one of the old model; without ours it would build the indexes itself


def _drop(parts: Parts) -> None:
    with parts.database.write() as session:
        dropped = drop_all_but_active(session)
    n_deleted = delete_dropped(parts.database)
    for model_id in dropped:
        remove_snapshots(parts.folder.indexes / "snapshots", model_id)
    messages.print(f"Deleted {n_deleted} vectors of {', '.join(dropped) or 'no model'}.")


def _print_statuses(parts: Parts, *, as_json: bool) -> None:
    with parts.database.read() as session:
        statuses = model_statuses(session)
    if as_json:
        print_json({"models": [asdict(status) for status in statuses]})
        return
    for status in statuses:
        out.print(f"[bold]{status.state:10}[/bold] {status.model_id}  {status.n_embedded} of {status.n_texts} texts")
