"""`kedrec model`: The fitted weights of the offline model."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The fitted weights of the offline model.")


@app.callback()
def _group() -> None:
    """Keep this a group while it has one command."""
