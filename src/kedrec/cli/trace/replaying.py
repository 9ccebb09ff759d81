"""`kedrec trace replay`: recorded runs once more, strictly, by the thousand, or live from a point on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, say, settings
from kedrec.cli.terminal.options import Model
from kedrec.cli.trace.which_trace import RunFilter, find, store

if TYPE_CHECKING:
    pass

__all__ = ["replay"]

ANY = Annotated[str | None, typer.Argument(help="Id of the trace, a beginning that only it has, or `latest`.")]
All = Annotated[
    Path | None,
    typer.Option("--all", metavar="RUN_DIR", help="Replay every trace of this run; `home` for the home's own."),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="STEP", help="Go on live from this step, or from the call of this number."),
]
ReplayWorkers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes for --all; as many as cores.")]


def replay(
    trace_id: ANY = None,
    *,
    every: All = None,
    start: From = None,
    model: Model = None,
    run: RunFilter = None,
    workers: ReplayWorkers = None,
    json_output: Json = False,
) -> int:
    """Type:  kedrec trace replay latest

    Replay a run from its recorded answers without calling anything, and report the first difference. Exits 1 if there
    is one. --all RUN_DIR does so with every trace of a run: a regression test for prompts and code.
    --from STEP takes the answers up to STEP from the trace and continues live, with --model SPEC by another model; the
    new run is a trace of its own, which says where it was forked from.
    """
    from kedrec.errors import UserError

    if (trace_id is None) == (every is None):
        raise UserError("Name one trace, or with --all RUN_DIR a run: kedrec trace replay latest")
    if every is not None:
        if start or model or run:
            raise UserError("--all replays strictly; --from, --model and --run are for one trace.")
        return _all(every, workers, json_output)
    if model is not None and start is None:
        raise UserError("A replay asks no model. To go on live with another one, say from where: --from decide")
    if start is not None:
        return _fork(str(trace_id), run, start, model, json_output)
    trace = find(str(trace_id), run)[0]
    from kedrec.agents.replay.replay import replay as run_again

    report = run_again(trace)
    if json_output:
        emit_json(report)
    elif report.first_difference is None:
        typer.echo(f"{trace.id}: identical, {len(trace.calls)} calls.")
    else:
        recorded, replayed = report.first_difference.excerpt()
        typer.echo(f"Differs at {report.first_difference.step}.\n  recorded: {recorded}\n  replayed: {replayed}")
    return 0 if report.identical else 1


def _all(run: Path, workers: int | None, json_output: bool) -> int:
    from kedrec.agents.replay.replay_all import replay_all

    folder = store(None if str(run) == "home" else run).folder
    with counting_bar("replays") as advance:
        found = replay_all(folder, workers=workers, on_done=advance)
    if json_output:
        emit_json(found)
    else:
        for one in found.different:
            typer.echo(f"{one.trace_id}  {one.step}\n  recorded: {one.recorded}\n  replayed: {one.replayed}")
        for step, count in found.by_step().items():
            typer.echo(f"{count} differ first at {step}")
        rate = f"{found.traces / found.seconds:.0f}/s" if found.seconds else ""
        typer.echo(f"{found.identical} of {found.traces} identical, {found.seconds:.1f} s {rate}")
    return 0 if found.identical == found.traces else 1


def _fork(trace_id: str, run: Path | None, start: str, model: str | None, json_output: bool) -> int:
    from kedrec.agents.replay.fork import fork
    from kedrec.cli.compare import outcome_error
    from kedrec.cli.terminal.answer_view import print_recommendation
    from kedrec.distill.runs.trace_run import hidden_from

    trace, source = find(trace_id, run)
    made = fork(trace, start, settings(), model, hidden=hidden_from(trace, source))
    origin = made.config["forked_from"]
    for note in origin["notes"]:
        say(f"Note: {note}.")
    if json_output:
        emit_json(made)
    elif made.recommendation is not None:
        print_recommendation(made.recommendation)
    say(f"{made.id} is forked from {trace.id} at call {origin['call']} ({origin['step']}).")
    say(f"What changed: kedrec trace diff {trace.id} {made.id}")
    if made.recommendation is None:
        raise outcome_error(made)
    return 0
