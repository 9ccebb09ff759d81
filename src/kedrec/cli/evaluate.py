"""`kedrec eval`: measure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.pairs_file import HidePairs, PairsFile, SkipUnknown, pairs_in, retryable
from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, say, settings
from kedrec.cli.terminal.options import Model, SettingOption
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
def safety(
    file: Annotated[Path, typer.Argument(help="Harmful pairs, as --draw writes them.", metavar="FILE")],
    *,
    draw: Annotated[int | None, typer.Option(min=1, help="Draw so many pairs from the graph into FILE first.")] = None,
    setting: SettingOption = None,
    json_output: Json = False,
) -> int:
    """Type:  kedrec eval safety harmful.jsonl --draw 200

    Count how often a harmful drug is recommended. Harmful is a drug that causes the disease by an edge of the graph and
    has no edge of use; recommended is one of the ten best, or preferred over a listed treatment. All these edges are
    hidden.
    """
    from kedrec.eval import harmful_pairs as measure

    resolved = settings(setting=setting)
    if draw:
        measure.write_harmful(measure.draw(resolved, draw), file)
    pairs = measure.read_harmful(file)
    with counting_bar("questions") as advance:
        report = measure.evaluate_safety(pairs, resolved, advance)
    if json_output:
        emit_json(report)
        return 0
    typer.echo(f"{report.pairs} harmful pairs of {report.diseases} diseases, setting {report.setting}, edges hidden")
    for name, n, supported in (
        ("among the ten best", report.listed, report.listed_supported),
        ("preferred over a treatment", report.preferred, report.preferred_supported),
    ):
        share = f"{n / report.pairs:.3f}"
        typer.echo(f"{name:<28}{n:>4}  {share}; of the {report.well_supported} well supported: {supported}")
    typer.echo(f"too close to call, leaning   {report.leaning:>4}")
    for line in report.which:
        typer.echo(f"  {line}")
    return 0


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
    from kedrec.cli.terminal.rationale_measures_table import table_of
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
def tables(
    out: Annotated[Path, typer.Option("--out", help="Folder of the tables; the same command resumes.")],
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with pairs/train.jsonl and pairs/dev.jsonl, and what docs/tables.md names besides; not needed"
            " where the tables were begun."
        ),
    ] = None,
    student: Annotated[str | None, typer.Option(help="The student: local:DIR.")] = None,
    mimic: Annotated[Path | None, typer.Option(help="MIMIC-III's CSV tables, read where they lie.")] = None,
    biogpt: Annotated[str | None, typer.Option(help="BioGPT by hub id or folder (microsoft/biogpt).")] = None,
    paper: Annotated[Path | None, typer.Option(help="Table of the paper's own figures.")] = None,
    chosen: Annotated[str | None, typer.Option("--settings", help="Settings, by commas: none,both.")] = None,
    rows: Annotated[str | None, typer.Option(help="Rows by commas, as docs/tables.md names them; else all.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all weights and drawings.")] = 0,
    rationale_pairs: Annotated[
        int, typer.Option(min=1, help="Training pairs that writers of Table 2 learn from.")
    ] = 400,
    limit: Annotated[int | None, typer.Option(min=2, help="First so many pairs of each file only.")] = None,
    only: Annotated[
        str | None, typer.Option(help="Steps to do now, by commas: names, words of them, patterns (teacher,write-*).")
    ] = None,
    without: Annotated[str | None, typer.Option(help="Steps to leave for another time, named alike.")] = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option(help="Recorded run with its pairs' edges hidden, whose answers are taken; give it repeatedly."),
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Model that judges how faithful rationales are (ragas).")] = None,
    pyhealth: Annotated[
        Path | None, typer.Option(help="Python of an environment with PyHealth, to check SafeDrug (docs/tables.md).")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say which steps are ahead and how long they take.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Run nothing; write the tables from what is done.")] = False,
    json_output: Json = False,
) -> int:
    """Type:  kedrec eval tables --out tables --data DIR

    Run or resume the paper's tables: every row in every setting, with intervals and paired tests, as Markdown, CSV and
    SVG (docs/tables.md). Exits 1 where a step that was to be done is not.
    """
    from kedrec.eval.tables.options import TablesOptions
    from kedrec.eval.tables.run import Call, make_tables
    from kedrec.records import SETTINGS

    given = None
    if data is not None:
        measured = tuple(one for one in SETTINGS if chosen is None or one in chosen.split(","))
        named = {"student": student, "mimic": mimic, "paper": paper, "limit": limit, "seed": seed}
        more = {**({"biogpt": biogpt} if biogpt else {}), **({"rows": tuple(rows.split(","))} if rows else {})}
        given = TablesOptions.model_validate(
            {"data": data, "settings": measured, "rationale_pairs": rationale_pairs, **named, **more}
        )
    named_steps = {"only": _words(only), "without": _words(without), "runs": tuple(runs or ()),
                   "judge": judge, "pyhealth": pyhealth}  # fmt: skip
    call = Call.model_validate({**named_steps, "plan_only": plan, "report_only": report})
    done = make_tables(out, settings(), given, say=say, call=call)
    if json_output:
        emit_json(done)
    elif not plan:
        typer.echo(f"{out / 'tables.md'}: {len(done.files)} files, {len(done.lacking)} steps not done")
    return 1 if done.left and not plan else 0


def _words(told: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (word.strip() for word in (told or "").split(","))))


@app.command()
def polarity(
    labels: Annotated[Path, typer.Argument(help="Labelled sentences, one JSON object a line.", metavar="LABELS")],
    *,
    json_output: Json = False,
) -> int:
    """Type:  kedrec eval polarity labels.jsonl

    Measure how well sentences on benefit, harm and comparisons are read. LABELS holds what a drug did in a disease
    (document, start, end, drug, disease, label), which drug came off better (the same with `other`), or what became of
    a trial's outcome (text, intervention, comparator, outcome, label). Sentences given by document and offsets are
    looked up in the loaded literature.
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
        turned = ", ".join(f"{one.label} read as {one.read} {one.n}" for one in part.turned)
        typer.echo(f"  the other way round: {turned}")
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
    failures = "".join(f", {n} failed with {kind}" for kind, n in report.failed.items())
    typer.echo(f"accuracy  {report.accuracy:.3f}  ({report.abstained} without a choice{failures})")
    called = report.n - report.abstained - sum(report.failed.values()) - report.leanings
    typer.echo(f"          {called} chosen, {report.leanings} too close to call, of which the leaning is scored")
    for kind, scores in report.by_kind.items():
        typer.echo(f"  {kind:<26} n {scores.n:>4}  F1 {scores.f1:.3f}")
    if report.calibration is not None:
        figures = report.calibration
        typer.echo(
            f"surer 80 %: {figures.surer_accuracy:.3f} right of {figures.surer}; calibration error {figures.ece:.3f}"
        )
    for at in report.coverage:
        typer.echo(f"  confidence {at.confidence:.2f} or more: {at.share:.3f} of the pairs, {at.accuracy:.3f} right")
