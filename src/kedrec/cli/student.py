"""`kedrec student`: Teach a small model."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Teach a small model.")


@app.callback()
def _group() -> None:
    """Keep this a group while it has one command."""
