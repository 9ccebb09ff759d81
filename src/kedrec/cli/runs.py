"""`kedrec runs`: one agent over many pairs, resumably."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.pairs_file import HidePairs, PairsFile, SkipUnknown, pairs_in, retryable
from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, say, settings
from kedrec.cli.terminal.options import Model, SettingOption

if TYPE_CHECKING:
    from kedrec.config import Settings
    from kedrec.distill.runs.folder import RunStatus
    from kedrec.distill.runs.run import Progress, RunSummary

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Run over many pairs, resumably.")

RunDir = Annotated[Path, typer.Argument(help="Folder of a run.", metavar="RUN_DIR")]
RunWorkers = Annotated[int | None, typer.Option("--workers", min=1, help="Pairs in flight (KEDREC_WORKERS).")]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="direct: each call at once; batch: OpenAI's Batch API, later and cheaper; processes: several here, where"
        " one is not fast enough; ray: many machines (KEDREC_ENGINE).",
    ),
]
Shards = Annotated[
    int | None,
    typer.Option(
        "--shards",
        min=1,
        help="With --engine processes or ray: parts of the run that are worked on side by side (KEDREC_SHARDS).",
    ),
]
BudgetOption = Annotated[
    float | None,
    typer.Option("--budget", min=0, help="US dollars that the whole run may cost; it stops before they are exceeded."),
]


@app.command()
def start(
    pairs: PairsFile,
    out: Annotated[Path, typer.Option("--out", help="Folder of the run.")],
    *,
    workers: RunWorkers = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Look at the first so many pairs only.")] = None,
    setting: SettingOption = None,
    model: Model = None,
    hide_pairs: HidePairs = False,
    keep_failed: Annotated[
        bool, typer.Option("--keep-failed", help="Leave pairs that failed before as they are.")
    ] = False,
    skip_unknown: SkipUnknown = False,
    budget: BudgetOption = None,
    engine: Engine = None,
    shards: Shards = None,
    json_output: Json = False,
) -> None:
    """Type:  kedrec runs start pairs.jsonl --out runs/first

    Ask the agent about every pair. Run the same command to resume: finished pairs are skipped, failed ones
    retried. Ctrl-C lets the pairs in flight finish, a second Ctrl-C does not.
    OUT/results.jsonl is written at the end, one row per pair in the order of the file. With --engine batch Ctrl-C stops
    waiting, and the same command collects what the server has done. Exits 1 if pairs failed that another try may
    complete, or none was done; ids that the graph does not have are rows, and are counted.
    """
    resolved = _resolved(engine, workers, setting=setting, model=model, shards=shards)
    from kedrec.distill.runs.run import start_run

    read = pairs_in(pairs, resolved, skip_unknown)
    # Explain why nothing may happen for hours.
    if resolved.engine == "batch":
        say(
            f"By batch, {resolved.batch_workers:,} pairs at a time at {resolved.batch_price:g} of the price; a wave may"
            f" take 24 hours. Ctrl-C stops waiting, the same command collects. Watch it: kedrec runs status {out}"
        )
    with _bar() as told:
        summary = start_run(
            read, out, resolved, hide_pairs=hide_pairs, limit=limit, keep_failed=keep_failed, budget=budget,
            on_progress=told,
        )  # fmt: skip
    _end(summary, out, json_output)


@app.command()
def retry(
    run: RunDir,
    kinds: Annotated[
        list[str] | None, typer.Option("--type", help="Only failures of this type; may be given several times.")
    ] = None,
    *,
    workers: RunWorkers = None,
    budget: BudgetOption = None,
    engine: Engine = None,
    shards: Shards = None,
    json_output: Json = False,
) -> None:
    """Type:  kedrec runs retry runs/first

    Retry the failed pairs of a run, with its own model and settings.
    """
    from kedrec.distill.runs.run import retry_run

    with _bar() as told:
        summary = retry_run(
            run, _resolved(engine, workers, shards=shards), kinds or (), budget=budget, on_progress=told
        )
    _end(summary, run, json_output)


@app.command()
def status(run: RunDir, json_output: Json = False) -> None:
    """Type:  kedrec runs status runs/first

    Show progress, failures, speed and cost of a run; also while it runs in another shell.
    """
    from kedrec.distill.runs.folder import RunFolder

    found = RunFolder(run).status()
    if json_output:
        return emit_json(found)
    for line in _told(found):
        typer.echo(line)
    return None


@app.command()
def export(
    run: RunDir,
    out: Annotated[Path, typer.Option("--out", help="File to write: .jsonl, .csv or .parquet.")],
    json_output: Json = False,
) -> None:
    """Type:  kedrec runs export runs/first --out so-far.csv

    Write the results of a run so far, with names, confidence, rationale and cost; also while it runs.
    """
    from kedrec.distill.runs.export import export_run

    count = export_run(run, out)
    if json_output:
        return emit_json({"rows": count, "file": str(out)})
    return say(f"{count} rows written to {out}")


def _resolved(engine: str | None, workers: int | None, **flags: str | int | None) -> Settings:
    """The settings; how many workers there are to be is a setting of its own for each engine."""
    chosen = settings(engine=engine, **flags)
    return settings(engine=engine, **flags, **{"batch_workers" if chosen.engine == "batch" else "workers": workers})


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    with counting_bar("pairs") as advance:

        def told(now: Progress) -> None:
            note = f" ${now.spent:.2f} of ${now.projected:.2f} projected" if now.spent and now.projected else ""
            advance(now.done, now.pairs, note)

        yield told


def _end(summary: RunSummary, out: Path, json_output: bool) -> None:
    if json_output:
        emit_json(summary)
    _tell(summary, out)
    if summary.stopped:
        raise typer.Exit(130 if "signal" in summary.stopped else 1)
    if retryable(summary.failed) or (summary.pairs and not summary.done):
        raise typer.Exit(1)


def _tell(summary: RunSummary, out: Path) -> None:
    failures = "".join(f", {n} failed with {kind}" for kind, n in summary.failed.items())
    cost = f", ${summary.spent.cost:.2f} spent" if summary.spent.cost else ""
    say(f"{summary.done} of {summary.pairs} pairs done{failures}, {summary.seconds:.1f} s{cost}")
    if summary.stopped:
        said = summary.stopped.rstrip(".")
        say(f"Stopped: {said}." + ("" if "to resume" in said else " Run the same command to resume."))
        return
    if summary.failed:
        retried = retryable(summary.failed)
        if not retried:
            failed = f"{sum(summary.failed.values())} of {summary.pairs} pairs"
            message = f"{failed} hold an id that the graph does not have; trying again does not help."
        else:
            failed = f"{retried} of {summary.pairs} pairs failed."
            message = f"{failed} The same command again retries those that failed; so does: kedrec runs retry {out}"
        say(message)
    if summary.done and not retryable(summary.failed):
        say(f"Next: kedrec dataset build {out} --out DIR")


def _told(found: RunStatus) -> Iterator[str]:
    yield f"{found.done} of {found.pairs} pairs done, {'at work' if found.running else 'nobody at work'}"
    for kind, count in sorted(found.failed.items()):
        yield f"{count} failed with {kind}"
    if found.running and found.pairs_per_second:
        left = f", about {found.seconds_left / 60:.0f} minutes left" if found.seconds_left else ""
        yield f"{found.pairs_per_second:.1f} pairs/s{left}"
    if found.calls:
        used = f"{found.spent.input_tokens:,} tokens sent, {found.spent.output_tokens:,} received"
        cost = f", ${found.spent.cost:.2f} of ${found.projected_cost or 0:.2f} projected" if found.spent.cost else ""
        yield f"{found.calls:,} model calls paid for: {used}{cost}"
    for order in found.batches:
        counted = f"{order.answered:,} of {order.requests:,} requests answered, {order.failed:,} failed"
        yield f"Batch {order.batch_id or order.id}, {order.status}: {counted} when last looked at"
