"""Which run a recorded question belongs to, and what was hidden from it."""

from __future__ import annotations

from kedrec.agents.traces.store import TraceStore
from kedrec.distill.runs.folder import RunFolder
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import Trace

__all__ = ["hidden_from", "run_of"]


def run_of(held: TraceStore) -> RunFolder | None:
    """The run that traces belong to; None for those of the home."""
    folder = RunFolder(held.folder.parent)
    return folder if folder.info_file.is_file() else None


def hidden_from(trace: Trace, held: TraceStore) -> HiddenPairs:
    """The pairs that were hidden: those of the run, or where that is not at hand those of the question itself."""
    if not trace.data.get("hidden_pairs"):
        return frozenset()
    folder = run_of(held)
    if folder is not None:
        return folder.questions().hidden()
    made = trace.recommendation
    ill = made.disease.id if made else str(trace.question["disease"])
    drugs = [drug.id for drug in made.candidates] if made else trace.question["candidates"]
    return frozenset(frozenset((ill, drug)) for drug in drugs)
