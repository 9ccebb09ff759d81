"""Where traces are: those of single questions in the home, those of a run in its folder, which the home knows."""

from __future__ import annotations

from pathlib import Path

from kedrec.agents.lines import LineFile, whole_lines
from kedrec.agents.traces import TraceStore
from kedrec.errors import NotReady
from kedrec.records import Trace

__all__ = ["find_trace", "note_place"]

PLACES = "places.txt"


def note_place(home_traces: Path, folder: Path) -> None:
    """Let the home know that a folder holds traces.

    Args:
        home_traces: folder of the home's own traces.
        folder: the other one.
    """
    if folder.resolve() not in _places(home_traces):
        home_traces.mkdir(parents=True, exist_ok=True)
        file = LineFile(home_traces / PLACES)
        file.append([str(folder.resolve())], synced=False)
        file.close()


def find_trace(home_traces: Path, trace_id: str) -> Trace:
    """A trace of the home, or of a run that it knows; the latest run first.

    Args:
        home_traces: folder of the home's own traces.
        trace_id: its id, a beginning that only one id has, or `latest`, which means the home's own.

    Raises:
        NotReady: where there is none.
        UserError: where several ids begin so.
        DamagedData: where it cannot be read.
    """
    try:
        return TraceStore(home_traces).get(trace_id)
    except NotReady:
        for folder in reversed(list(_places(home_traces))) if trace_id != "latest" else ():
            if trace_id in (store := TraceStore(folder)):
                return store.get(trace_id)
        raise


def _places(home_traces: Path) -> dict[Path, None]:
    lines = whole_lines(home_traces / PLACES)
    return dict.fromkeys(Path(line.decode()) for line in lines)
