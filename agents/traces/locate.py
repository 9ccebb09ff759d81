"""Where traces are: those of single questions in the home, those of a run in its folder, which the home knows."""

from __future__ import annotations

from pathlib import Path

from kedrec.agents.traces.store import TraceStore
from kedrec.append_log import AppendLog, whole_lines
from kedrec.records import Trace

__all__ = ["find_store", "find_trace", "note_place", "places"]

PLACES = "places.txt"


def note_place(home_traces: Path, folder: Path) -> None:
    """Let the home know that a folder holds traces.

    Args:
        home_traces: folder of the home's own traces.
        folder: the other one.
    """
    if folder.resolve() not in places(home_traces):
        home_traces.mkdir(parents=True, exist_ok=True)
        file = AppendLog(home_traces / PLACES)
        file.append([str(folder.resolve())], synced=False)
        file.close()


def find_trace(home_traces: Path, trace_id: str) -> Trace:
    """A trace of the home, or of a run that it knows; see `find_store`.

    Raises:
        NotReady: if there is none.
        UserError: where several ids begin so.
        DamagedData: where it cannot be read.
    """
    return find_store(home_traces, trace_id).get(trace_id)


def find_store(home_traces: Path, trace_id: str) -> TraceStore:
    """What holds a trace: the home, or a run that it knows; the latest run first.

    Args:
        home_traces: folder of the home's own traces.
        trace_id: its id, a beginning of one, or `latest`, which means the home's own.

    Returns:
        The home's own traces where nothing holds it.
    """
    own = TraceStore(home_traces)
    if trace_id == "latest" or (trace_id and trace_id in own):
        return own
    known = (TraceStore(folder) for folder in reversed(list(places(home_traces))))
    return next((store for store in known if trace_id and trace_id in store), own)


def places(home_traces: Path) -> dict[Path, None]:
    """Folders outside the home that hold traces and that it knows, in the order in which they were noted."""
    lines = whole_lines(home_traces / PLACES)
    return dict.fromkeys(Path(line.decode()) for line in lines)
