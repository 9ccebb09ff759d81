"""`kedrec dataset`: pairs from the graph, and training data from the traces of runs over them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from kedrec.cli.draw_pairs import pairs
from kedrec.cli.pairs_file import SkipUnknown, pairs_in
from kedrec.cli.terminal.console import Json, emit_json, say, settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Draw pairs; turn runs into training data.")


app.command()(pairs)


@app.command()
def build(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs.", metavar="RUN_DIR…")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the data set.")],
    answers: Annotated[
        list[Path] | None,
        typer.Option(help="Pairs with answers, the labels to learn. May be repeated.", metavar="PAIRS"),
    ] = None,
    keep: Annotated[
        Literal["correct", "answered", "all"] | None,
        typer.Option(
            help="Which traces teach: those whose choice is the answer (the default with --answers), those that chose,"
            " or all that chose or leaned. Where the teacher is wrong only the short form is taught."
        ),
    ] = None,
    *,
    skip_unknown: SkipUnknown = False,
    json_output: Json = False,
) -> None:
    """Type:  kedrec dataset build runs/first --out datasets/first

    Turn the traces of runs into conversations to learn from, with train and validation split by disease. Traces that
    abstained, failed or did not pass the check are left out and counted by reason.
    """
    from kedrec.distill.dataset.build import build_dataset

    labels = [pairs_in(path, settings(), skip_unknown) for path in answers or ()]
    manifest = build_dataset(runs, out, labels, keep)
    if json_output:
        emit_json(manifest)
    rows = ", ".join(f"{n} to {'train' if name == 'train' else 'validate'}" for name, n in manifest.rows.items())
    counted = f"{sum(manifest.rows.values())} rows ({rows}; {sum(manifest.diseases.values())} diseases)"
    say(f"{manifest.traces} traces -> {counted}")
    if manifest.alike:
        say(f"{len(manifest.alike)} groups of diseases nearly repeat each other; each stays in one split")
    for reason, n in manifest.dropped.items():
        say(f"left out: {n} {reason}")
    say(f"Next: kedrec student train {out} --base MODEL --out DIR")
