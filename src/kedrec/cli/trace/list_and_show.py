"""`kedrec trace list | show`: which runs were recorded, and one of them in words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kedrec.cli.terminal.console import Json, emit_json, say, settings
from kedrec.cli.trace.which_trace import RunFilter, TraceIdArgument, find, store

__all__ = ["list_traces", "show"]


def list_traces(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Traces to show, newest first.")] = 20,
    run: RunFilter = None,
    json_output: Json = False,
) -> None:
    """Type:  kedrec trace list

    List the recorded runs, newest first.
    """
    summaries = store(run).list(limit)
    if json_output:
        return emit_json([summary.model_dump(mode="json") for summary in summaries])
    if not summaries:
        typer.echo("No traces yet. `kedrec compare` and `kedrec ask` make them.")
    for summary in summaries:
        asked = f"{summary.disease}: {' or '.join(summary.candidates)}"
        typer.echo(f"{summary.id}  {summary.setting:8}  {summary.model:12}  {asked} -> {summary.outcome}")
    return None


def show(
    trace_id: TraceIdArgument,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as one page that needs no network.")
    ] = None,
    run: RunFilter = None,
    json_output: Json = False,
) -> None:
    """Type:  kedrec trace show latest

    Show a recorded run: what was asked, what was looked up, what the model said, the outcome. With --html FILE it
    becomes a page for a browser or a printer: steps, evidence, citations that lead to it, the paths in the graph.
    """
    trace = find(trace_id, run)[0]
    if html is not None:
        from kedrec.agents.answer_html.page import trace_page
        from kedrec.agents.trace_export.sanitize import clean_trace
        from kedrec.atomic_file import staged
        from kedrec.redaction import Redactor

        with staged(html) as part:
            part.write_text(trace_page(clean_trace(trace, Redactor(settings()))), encoding="utf-8")
    if json_output:
        emit_json(trace)
    elif html is not None:
        say(f"{trace.id} written to {html}")
    else:
        from kedrec.cli.terminal.trace_view import print_trace

        print_trace(trace)
