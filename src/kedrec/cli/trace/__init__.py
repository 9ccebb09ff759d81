"""`kedrec trace`: look at recorded runs, replay, compare and export them; one module for each kind of command."""

from __future__ import annotations

import typer

from kedrec.cli.trace import comparing, exporting, list_and_show, replaying

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Type:  kedrec trace show latest\n\nLook at recorded runs and replay them.",
)
app.command("list")(list_and_show.list_traces)
app.command()(list_and_show.show)
app.command()(replaying.replay)
app.command()(comparing.diff)
app.command()(exporting.export)
