"""`kedrec trace`: look at recorded runs and replay them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.console import Json, emit_json, settings

if TYPE_CHECKING:
    from kedrec.agents.replay import Difference
    from kedrec.agents.traces import TraceStore, TraceSummary
    from kedrec.records import Trace

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Type:  kedrec trace show latest\n\nLook at recorded runs and replay them.",
)
TraceId = Annotated[str, typer.Argument(help="Id of the trace, a beginning that only it has, or `latest`.")]
WIDTH = 400
"""Characters of each side of a difference that are printed."""


@app.command("list")
def list_traces(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Traces to show, newest first.")] = 20,
    json_output: Json = False,
) -> None:
    """Type:  kedrec trace list

    List the recorded runs, newest first.
    """
    found = _store().list(limit)
    if json_output:
        emit_json([summary.model_dump(mode="json") for summary in found])
        return
    if not found:
        typer.echo("No traces yet. `kedrec compare` and `kedrec ask` make them.")
    for summary in found:
        typer.echo(_line(summary))


@app.command()
def show(trace_id: TraceId, json_output: Json = False) -> None:
    """Type:  kedrec trace show latest

    Tell a recorded run: what was asked, what was looked up, what the model said, what came of it.
    """
    trace = _find(trace_id)
    if json_output:
        emit_json(trace)
    else:
        from kedrec.cli.views import print_trace

        print_trace(trace)


@app.command()
def replay(trace_id: TraceId, json_output: Json = False) -> int:
    """Type:  kedrec trace replay latest

    Run the graph again on the recorded answers alone, calling nothing, and say at the first difference what differed.
    Exits 1 where it differs.
    """
    trace = _find(trace_id)
    from kedrec.agents.replay import replay as run_again

    report = run_again(trace)
    if json_output:
        emit_json(report)
    elif report.first_difference is None:
        typer.echo(f"{trace.id}: identical, {len(trace.calls)} calls.")
    else:
        typer.echo(_told(report.first_difference))
    return 0 if report.identical else 1


def _find(trace_id: str) -> Trace:
    from kedrec.agents.trace_places import find_trace

    return find_trace(settings().home / "traces", trace_id)


def _store() -> TraceStore:
    from kedrec.agents.traces import TraceStore

    return TraceStore(settings().home / "traces")


def _line(summary: TraceSummary) -> str:
    outcome = summary.error or summary.choice or f"no choice: {summary.abstained}"
    asked = f"{summary.disease}: {' or '.join(summary.candidates)}"
    return f"{summary.id}  {summary.setting:8}  {summary.model:12}  {asked} -> {outcome}"


def _told(difference: Difference) -> str:
    sides = [json.dumps(side, ensure_ascii=False) for side in (difference.recorded, difference.replayed)]
    start = next((at for at, (a, b) in enumerate(zip(*sides, strict=False)) if a != b), 0)
    recorded, replayed = (side[max(0, start - 40) : start + WIDTH] for side in sides)
    return f"Differs at {difference.step}.\n  recorded: {recorded}\n  replayed: {replayed}"
