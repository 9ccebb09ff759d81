"""`kedrec trace`: Look at recorded runs and replay them."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at recorded runs and replay them.")


@app.callback()
def _group() -> None:
    """Keep this a group while it has one command."""
