"""`kedrec graph`: load a knowledge graph and look into it; one module for each kind of command."""

from __future__ import annotations

import typer

from kedrec.cli.graph import embedding, fetching, info_and_paths, loading, querying, synthesizing

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Load a knowledge graph and look into it.")
for command in (
    fetching.fetch,
    fetching.names,
    loading.load,
    info_and_paths.info,
    info_and_paths.show,
    info_and_paths.path,
    querying.query,
    embedding.embed,
    synthesizing.synthesize,
):
    app.command()(command)
