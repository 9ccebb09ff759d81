"""`kedrec eval`: measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.pairs_file import HidePairs, PairsFile, SkipUnknown, pairs_in
from kedrec.cli.recommend import Model, SettingOption
from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, settings

if TYPE_CHECKING:
    from kedrec.eval.selection import SelectionReport

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure how well a model chooses.")


@app.callback()
def _group() -> None:
    """Keep this a group while it has one command."""


@app.command()
def selection(
    pairs: PairsFile,
    *,
    setting: SettingOption = None,
    model: Model = None,
    hide_pairs: HidePairs = False,
    skip_unknown: SkipUnknown = False,
    record: Annotated[bool, typer.Option("--record", help="Keep the traces in the home.")] = False,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Pairs in flight (KEDREC_WORKERS).")] = None,
    json_output: Json = False,
) -> int:
    """Type:  kedrec eval selection pairs.jsonl --setting both --model offline --hide-pairs

    Let a model choose for every pair and score it: accuracy, and F1 of precision over the answered and recall over all,
    with bootstrap intervals by items and by diseases. Without --hide-pairs the graph may show the answers.
    Exits 1 where every pair failed.
    """
    resolved = settings(setting=setting, model=model, workers=workers)
    from kedrec.eval.selection import evaluate_selection

    read = pairs_in(pairs, resolved, skip_unknown)
    with counting_bar("pairs") as advance:
        report = evaluate_selection(read, resolved, hide_pairs=hide_pairs, record=record, on_progress=advance)
    if json_output:
        emit_json(report)
    else:
        _print(report)
    return 1 if sum(report.failed.values()) == report.n else 0


def _print(report: SelectionReport) -> None:
    low, high = report.f1_ci95
    wide = report.f1_ci95_by_disease
    hidden = (
        f"{report.hidden_pairs} pairs hidden" if report.hidden_pairs else "nothing hidden: the graph may show answers"
    )
    typer.echo(f"{report.model}, setting {report.setting}, {report.n} pairs, {hidden}")
    typer.echo(
        f"F1        {report.f1:.3f}  [{low:.3f}, {high:.3f}] by items, [{wide[0]:.3f}, {wide[1]:.3f}] by diseases"
    )
    typer.echo(f"accuracy  {report.accuracy:.3f}  ({report.abstained} without a choice{_failures(report)})")
    for kind, scores in report.by_kind.items():
        typer.echo(f"  {kind:<26} n {scores.n:>4}  F1 {scores.f1:.3f}")
    if report.calibration is not None:
        figures = report.calibration
        typer.echo(
            f"surer 80 %: {figures.surer_accuracy:.3f} right of {figures.surer}; calibration error {figures.ece:.3f}"
        )


def _failures(report: SelectionReport) -> str:
    return "".join(f", {n} failed with {kind}" for kind, n in report.failed.items())
