"""The command `footnote`."""

import typer

from api.commands.access import explain_access
from api.commands.asking import ask
from api.commands.backups import backup, restore
from api.commands.benchmarks import bench
from api.commands.doctor import doctor
from api.commands.documents import documents
from api.commands.index import index
from api.commands.ingesting import ingest
from api.commands.people import groups, keys, users
from api.commands.reembed import reembed
from api.commands.replaying import replay
from api.commands.searching import search
from api.commands.serving import demo, serve, worker

app = typer.Typer(
    name="footnote",
    help="Answers from your own documents, every sentence with a checked citation.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, serve, worker, ingest, search, ask, replay, explain_access):
    app.command()(command)
for operation in (reembed, backup, restore, doctor):
    app.command()(operation)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(bench)
app.add_typer(documents, name="documents")
app.add_typer(users, name="user")
app.add_typer(groups, name="group")
app.add_typer(keys, name="key")
app.add_typer(index, name="index")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
