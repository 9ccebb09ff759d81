"""The trace that is meant: of the home, of a run that the home knows, or of a run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.console import settings

if TYPE_CHECKING:
    from kedrec.agents.traces import TraceStore
    from kedrec.records import Trace

__all__ = ["RunDir", "TraceId", "found", "store"]

TraceId = Annotated[str, typer.Argument(help="Id of the trace, a beginning that only it has, or `latest`.")]
RunDir = Annotated[Path | None, typer.Option("--run", metavar="RUN_DIR", help="Look among the traces of this run.")]


def found(trace_id: str, run: Path | None = None) -> Trace:
    """A trace by its id.

    Raises:
        NotReady: where there is none.
    """
    if run is not None:
        return store(run).get(trace_id)
    from kedrec.agents.trace_places import find_trace

    return find_trace(settings().home / "traces", trace_id)


def store(run: Path | None = None) -> TraceStore:
    """The traces of a run, or those of the home.

    Raises:
        NotReady: the folder holds no traces.
    """
    from kedrec.agents.traces import TraceStore
    from kedrec.errors import NotReady

    if run is None:
        return TraceStore(settings().home / "traces")
    for folder in (run / "traces", run):
        if (folder / "traces.frames").is_file():
            return TraceStore(folder)
    raise NotReady(f"No traces in {run}. Name the folder of a run: kedrec runs start PAIRS.jsonl --out {run}")
