"""`kedrec trace diff`: what changed from one run to another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kedrec.cli.terminal.console import Json, emit_json
from kedrec.cli.trace.which_trace import RunFilter, TraceIdArgument, find

if TYPE_CHECKING:
    from kedrec.agents.replay.diff import TraceChange, TraceDiff

__all__ = ["diff"]

WIDTH = 300
"""Characters of one side that are printed."""
ONE_SIDED = {"rationale", "evidence", "not found", "struck out"}
"""Parts whose pieces are texts: there or not there."""


def diff(
    a: TraceIdArgument,
    b: Annotated[str, typer.Argument(help="Id of the other trace.")],
    run: RunFilter = None,
    json_output: Json = False,
) -> None:
    """Type:  kedrec trace diff 20261123T0535 latest

    Show what changed from one run to another: choice, confidence, rationale, answers, evidence, calls, prompts,
    settings, versions and data.
    """
    from kedrec.agents.replay.diff import compare_traces

    found = compare_traces(find(a, run)[0], find(b, run)[0])
    if json_output:
        return emit_json(found)
    for line in _told(found):
        typer.echo(line)
    return None


def _told(found: TraceDiff) -> Iterator[str]:
    yield f"- {found.a}\n+ {found.b}"
    for part, changes in groupby(found.changes, lambda change: change.part):
        listed = list(changes)
        if [change.what for change in listed] == [""]:
            yield f"\n{part}: {_short(listed[0].before)} -> {_short(listed[0].after)}"
            continue
        yield f"\n{part}"
        for change in listed:
            yield from _lines(change)
    if not found.changes:
        yield "The same in everything that is compared."


def _lines(change: TraceChange) -> Iterator[str]:
    what = _short(change.what)
    if change.part in ONE_SIDED and change.before is not None and change.after is not None:
        yield f"  ~ {what}\n      {_short(change.before)}\n      {_short(change.after)}"
    elif change.part in ONE_SIDED:
        text = f": {_short(change.before or change.after)}" if change.part == "evidence" else ""
        yield f"  {'-' if change.after is None else '+'} {what}{text}"
    else:
        yield f"  {what}\n    - {_short(change.before)}\n    + {_short(change.after)}"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
