"""`kedrec trace replay`: recorded runs once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from kedrec.cli.console import Json, emit_json
from kedrec.cli.trace.finding import RunDir, TraceId, found

if TYPE_CHECKING:
    from kedrec.agents.replay import Difference

__all__ = ["replay"]

WIDTH = 400
"""Characters of each side of a difference that are printed."""


def replay(trace_id: TraceId, run: RunDir = None, json_output: Json = False) -> int:
    """Type:  kedrec trace replay latest

    Run the graph again on the recorded answers alone, calling nothing, and say at the first difference what differed.
    Exits 1 where it differs.
    """
    trace = found(trace_id, run)
    from kedrec.agents.replay import replay as run_again

    report = run_again(trace)
    if json_output:
        emit_json(report)
    elif report.first_difference is None:
        typer.echo(f"{trace.id}: identical, {len(trace.calls)} calls.")
    else:
        typer.echo(told(report.first_difference))
    return 0 if report.identical else 1


def told(difference: Difference, width: int = WIDTH) -> str:
    """A difference with both sides, from shortly before the first character that differs."""
    sides = [json.dumps(side, ensure_ascii=False) for side in (difference.recorded, difference.replayed)]
    start = next((at for at, (a, b) in enumerate(zip(*sides, strict=False)) if a != b), 0)
    recorded, replayed = (side[max(0, start - 40) : start + width] for side in sides)
    return f"Differs at {difference.step}.\n  recorded: {recorded}\n  replayed: {replayed}"
