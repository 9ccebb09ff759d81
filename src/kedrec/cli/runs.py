"""`kedrec runs`: one agent over many pairs, resumably."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.bars import counting_bar
from kedrec.cli.console import Json, emit_json, say, settings
from kedrec.cli.recommend import Model, SettingOption

if TYPE_CHECKING:
    from kedrec.distill.runs import RunSummary

__all__ = ["HidePairs", "PairsFile", "app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Run over many pairs, resumably.")

PairsFile = Annotated[
    Path, typer.Argument(help="JSON lines with `id`, `disease` and `candidates`.", metavar="PAIRS.jsonl")
]
HidePairs = Annotated[
    bool,
    typer.Option(
        "--hide-pairs", help="Hide the direct Compound-Disease edges of all pairs of the file, for every tool."
    ),
]


@app.callback()
def _group() -> None:
    """Keep this a group while it has one command."""


@app.command()
def start(
    pairs: PairsFile,
    out: Annotated[Path, typer.Option("--out", help="Folder of the run.")],
    *,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Pairs in flight (KEDREC_WORKERS).")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Look at the first so many pairs only.")] = None,
    setting: SettingOption = None,
    model: Model = None,
    hide_pairs: HidePairs = False,
    keep_failed: Annotated[
        bool, typer.Option("--keep-failed", help="Leave pairs that failed before as they are.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Type:  kedrec runs start pairs.jsonl --out runs/first

    Let the agent choose for every pair. The same command again goes on where it was stopped, and tries pairs that
    failed once more; what is done is not done again. Ctrl-C lets what is in flight finish, a second one does not.
    OUT/results.jsonl is written at the end, one row per pair in the order of the file.
    """
    resolved = settings(setting=setting, model=model, workers=workers)
    from kedrec.distill.pairs import read_pairs
    from kedrec.distill.runs import start_run

    read = read_pairs(pairs)
    with counting_bar("pairs") as advance:
        summary = start_run(
            read, out, resolved, hide_pairs=hide_pairs, limit=limit, keep_failed=keep_failed, on_progress=advance
        )
    if json_output:
        emit_json(summary.model_dump(mode="json", exclude={"stopped"}))
    _tell(summary, out)
    if summary.stopped:
        raise typer.Exit(130)
    if summary.pairs and not summary.done:
        raise typer.Exit(1)


def _tell(summary: RunSummary, out: Path) -> None:
    failures = "".join(f", {n} failed with {kind}" for kind, n in summary.failed.items())
    say(f"{summary.done} of {summary.pairs} pairs done{failures}, {summary.seconds:.1f} s")
    if summary.stopped:
        say("Stopped. The same command goes on from here.")
    elif summary.failed:
        say("The same command again retries those that failed.")
    else:
        say(f"Next: kedrec dataset build {out} --out DIR")
