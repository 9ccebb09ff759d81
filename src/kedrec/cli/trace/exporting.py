"""`kedrec trace export`: recorded runs for other tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, say, settings
from kedrec.cli.trace.which_trace import RunFilter, held_by, store

if TYPE_CHECKING:
    from kedrec.agents.trace_export.export import ExportFormat
    from kedrec.agents.traces.store import TraceStore
    from kedrec.records import Trace

__all__ = ["export"]

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of traces, or beginnings of them, or `latest`.")]
Parquet = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A table of runs, FILE, and one of calls beside it, *.calls.parquet."),
]
Otel = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="OpenTelemetry spans (GenAI conventions), OTLP JSON, a run on each line."),
]
LangSmith = Annotated[
    Path | None, typer.Option(metavar="FILE", help="LangSmith's runs, a JSON object on each line, parents first.")
]


def export(
    trace_ids: Ids = None,
    *,
    run: RunFilter = None,
    every: Annotated[bool, typer.Option("--all", help="All traces of the home.")] = False,
    parquet: Parquet = None,
    otel: Otel = None,
    langsmith: LangSmith = None,
    json_output: Json = False,
) -> int:
    """Type:  kedrec trace export --run runs/first --parquet runs.parquet

    Write recorded runs for other tools: those named, all of a run, or with --all those of the home. Secrets that are
    known now are taken out once more. Exits 1 where a trace could not be read; the others are written.
    """
    from kedrec.agents.trace_export.export import export_traces
    from kedrec.errors import UserError
    from kedrec.redaction import Redactor

    given: dict[ExportFormat, Path | None] = {"parquet": parquet, "otel": otel, "langsmith": langsmith}
    files = {form: path for form, path in given.items() if path is not None}
    if not files:
        raise UserError("Say what to write: --parquet FILE, --otel FILE or --langsmith FILE.")
    wanted, lost = _wanted(trace_ids or [], run, every=every), list[str]()
    with counting_bar("traces") as advance:
        traces = _read(wanted, lost, lambda done: advance(done, len(wanted)))
        count = export_traces(traces, files, Redactor(settings()))
    if json_output:
        emit_json({"traces": count, "unreadable": lost, "files": {form: str(path) for form, path in files.items()}})
    say(f"{count} traces written to {', '.join(map(str, files.values()))}")
    return 1 if lost else 0


def _wanted(trace_ids: Sequence[str], run: Path | None, *, every: bool) -> list[tuple[TraceStore, str]]:
    """The traces that are meant, each with what holds it."""
    from kedrec.errors import UserError

    if trace_ids and not every:
        return [(held_by(trace_id, run), trace_id) for trace_id in trace_ids]
    if trace_ids or every == (run is not None):
        raise UserError("Name traces, or a run with --run RUN_DIR, or with --all those of the home.")
    held = store(run)
    return [(held, trace_id) for trace_id in held.ids()]


def _read(wanted: Sequence[tuple[TraceStore, str]], lost: list[str], on_read: Callable[[int], None]) -> Iterator[Trace]:
    """The traces one by one; those that are damaged are said, noted and left out."""
    from kedrec.errors import DamagedData

    for done, (held, trace_id) in enumerate(wanted, 1):
        try:
            yield held.get(trace_id)
        except DamagedData as error:
            say(f"{trace_id} is left out: {error}")
            lost.append(trace_id)
        on_read(done)
