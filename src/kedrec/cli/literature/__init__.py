"""`kedrec literature`: add literature and search it; one module for each kind of command."""

from __future__ import annotations

import typer

from kedrec.cli.literature import adding, embedding, fetching, info, searching

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Add literature and search it.")
for command in (adding.add, fetching.fetch, embedding.embed, searching.search, info.info):
    app.command()(command)
