"""`kedrec eval`: measure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.pairs_file import HidePairs, PairsFile, SkipUnknown, pairs_in, retryable
from kedrec.cli.recommend import Model, SettingOption
from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, settings
from kedrec.errors import UserError

if TYPE_CHECKING:
    from kedrec.eval.rationale_measures.curated_mechanisms import Mechanisms
    from kedrec.eval.selection import SelectionReport
    from kedrec.eval.sentence_measures.evaluate import SentenceReport

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure how well a model chooses and explains.")


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
    Exits 1 where pairs failed that another try may mend, or all did.
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
    return 1 if retryable(report.failed) or sum(report.failed.values()) == report.n else 0


@app.command()
def rationales(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="RUN_DIR")],
    *,
    mechanisms: Annotated[
        Path | None, typer.Option(help="Curated mechanisms: paths of DrugMechDB, one JSON object a line.")
    ] = None,
    proteins: Annotated[
        Path | None,
        typer.Option(help="With --mechanisms: table of their proteins (uniprot, entrez, symbol, name, other_symbols)."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            help="With --mechanisms: pairs with answers; only the mechanism of the right drug counts.", metavar="PAIRS"
        ),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Another run on the same questions to compare with.", metavar="RUN_DIR")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="Model that judges how faithful rationales are to their evidence (ragas).")
    ] = None,
    judged: Annotated[int, typer.Option(min=1, help="With --judge: most rationales that it judges.")] = 50,
    tokenizer: Annotated[
        str | None, typer.Option(help="Count tokens by that of this model; four characters a token without.")
    ] = None,
    json_output: Json = False,
) -> int:
    """Type:  kedrec eval rationales runs/first --mechanisms paths.jsonl --proteins proteins.tsv

    Measure the rationales of a run: the curated mechanisms they name, the kinds of their sentences, what these rest on,
    length and tokens, each with its bootstrap interval by diseases. docs/rationales.md says how each is counted.
    Exits 1 where the run has no rationale.
    """
    from kedrec.cli.rationale_table import table_of
    from kedrec.eval.rationale_measures import Measures, evaluate_rationales
    from kedrec.eval.rationale_measures.judge import Judge
    from kedrec.eval.rationale_measures.token_counts import quarter_of_characters, tokens_by

    resolved = settings()
    measures = Measures(
        mechanisms=_mechanisms(mechanisms, proteins),
        answers=pairs_in(answers, resolved, skip_unknown=False) if answers else None,
        reference=reference,
        judge=Judge.open(judge, resolved, judged) if judge else None,
        tokens=tokens_by(tokenizer) if tokenizer else quarter_of_characters,
        tokens_by=tokenizer or "characters / 4",
    )
    with counting_bar("rationales") as advance:
        report = evaluate_rationales(run, measures, advance)
    if json_output:
        emit_json(report)
    else:
        for line in table_of(report):
            typer.echo(line)
    return 0 if report.rationales else 1


@app.command()
def polarity(
    labels: Annotated[Path, typer.Argument(help="Labelled sentences, one JSON object a line.", metavar="LABELS")],
    *,
    json_output: Json = False,
) -> int:
    """Type:  kedrec eval polarity labels.jsonl

    Measure how well sentences are read: what a drug did in a disease (document, start, end, drug, disease, label), who
    came off better (the same with `other`), or what became of a trial's outcome (text, intervention, comparator,
    outcome, label). Sentences given by document and offsets are looked up in the loaded literature.
    Exits 1 where none is found there.
    """
    from kedrec.agents.resources import Resources
    from kedrec.eval.sentence_measures import evaluate_sentences
    from kedrec.eval.sentence_measures.labels import Home

    opened = Resources.open(settings())
    report = evaluate_sentences(labels, Home(opened.literature().document, opened.store.get))
    if json_output:
        emit_json(report)
    else:
        _print_sentences(report)
    return 0 if report.parts else 1


def _print_sentences(report: SentenceReport) -> None:
    typer.echo(f"{report.task}; {report.missing} sentences not in the loaded literature")
    for part in report.parts:
        told = "" if part.told is None else f", {part.told:.3f} right where something is said"
        typer.echo(f"{part.part}: {part.n} sentences, macro-F1 {part.macro_f1:.3f}, accuracy {part.accuracy:.3f}{told}")
        for one in part.answers:
            figures = f"precision {one.precision:.2f}  recall {one.recall:.2f}  F1 {one.f1:.2f}"
            typer.echo(f"  {one.label:<14} n {one.n:>3}  {figures}")


def _mechanisms(mechanisms: Path | None, proteins: Path | None) -> Mechanisms | None:
    from kedrec.eval.rationale_measures.curated_mechanisms import read_mechanisms

    if proteins is not None and mechanisms is None:
        raise UserError("--proteins says what the proteins of --mechanisms are called: give both.")
    return read_mechanisms(mechanisms, proteins) if mechanisms else None


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
