"""The trace that is meant: of the home, of a run that the home knows, or of a run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.terminal.console import settings

if TYPE_CHECKING:
    from kedrec.agents.traces.store import TraceStore
    from kedrec.records import Trace

__all__ = ["RunFilter", "TraceIdArgument", "find", "held_by", "store"]

TraceIdArgument = Annotated[str, typer.Argument(help="Id of the trace, a beginning that only it has, or `latest`.")]
RunFilter = Annotated[Path | None, typer.Option("--run", metavar="RUN_DIR", help="Look among the traces of this run.")]


def find(trace_id: str, run: Path | None = None) -> tuple[Trace, TraceStore]:
    """A trace by its id, and what holds it.

    Raises:
        NotReady: if there is none.
    """
    held = held_by(trace_id, run)
    return held.get(trace_id), held


def held_by(trace_id: str, run: Path | None = None) -> TraceStore:
    """What holds a trace: the run where one is given, else the home or a run that it knows."""
    from kedrec.agents.traces.locate import find_store

    return store(run) if run is not None else find_store(settings().home / "traces", trace_id)


def store(run: Path | None = None) -> TraceStore:
    """The traces of a run, or those of the home.

    Raises:
        NotReady: the folder holds no traces.
    """
    from kedrec.agents.traces.store import TraceStore
    from kedrec.errors import NotReady

    if run is None:
        return TraceStore(settings().home / "traces")
    for folder in (run / "traces", run):
        if (folder / "traces.frames").is_file():
            return TraceStore(folder)
    raise NotReady(f"No traces in {run}. Name the folder of a run: kedrec runs start PAIRS.jsonl --out {run}")
