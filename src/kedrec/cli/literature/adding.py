"""Literature from files into the home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kedrec.cli.literature.opening import ReadingEngine, ReadingShards, StageBar, on_ray, open_literature
from kedrec.cli.model import Derive, derive_after
from kedrec.cli.terminal.console import Json, emit_json, say, settings

if TYPE_CHECKING:
    from kedrec.tools.text.drug_filter import DrugFilter

__all__ = ["add", "say_added"]

LiteratureFiles = Annotated[
    list[Path],
    typer.Argument(
        help="PubMed XML, PMC JATS, ClinicalTrials.gov JSON or XML, or JSONL; plain, .gz, .xz, .zip, .tar.*"
    ),
]


def add(
    files: LiteratureFiles,
    *,
    format: Annotated[
        str, typer.Option(help="auto, jsonl, pubmed-xml, jats, clinicaltrials-json or clinicaltrials-xml.")
    ] = "auto",
    mentions: Annotated[
        bool, typer.Option("--mentions", help="Keep only what names a drug of the graph in title, text or MeSH.")
    ] = False,
    clean: Annotated[
        bool | None,
        typer.Option(
            "--clean/--no-clean", help="Leave out what has no title or no abstract; not in JSONL unless given."
        ),
    ] = None,
    lenient: Annotated[
        bool | None,
        typer.Option("--lenient/--strict", help="Pass over records that cannot be read; JSONL is strict unless given."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Read files that were added before once more.")] = False,
    embed: Annotated[
        bool | None, typer.Option("--embed/--no-embed", help="Embed now; by the setting `embed` when not given.")
    ] = None,
    engine: ReadingEngine = "direct",
    shards: ReadingShards = None,
    derive: Derive = None,
    json: Json = False,
) -> None:
    """Type:  kedrec literature add pubmed26n*.xml.gz oa_comm.tar.gz AllPublicJSON.zip notes.jsonl.

    Add articles and trials as their publishers distribute them, or JSONL: {"id": "PMID:…", "title", "abstract"} or
    {"id": "NCT…", "text"} a line. A file is added whole or not at all; records that cannot be read are listed in
    rejected.tsv. Run the same command to resume after a kill.
    """
    from kedrec.tools.sources import Reading

    how = Reading(format, clean=clean, lenient=lenient)  # type: ignore[arg-type]
    literature, by_ray = open_literature(shards), on_ray(engine)
    keep = _drug_filter() if mentions else None
    with StageBar() as told:
        reports = literature.add_all(
            files, how, keep=keep, embed=embed, again=again, on_ray=by_ray, on_progress=told, on_added=say_added
        )
    derive_after(derive)
    if json:
        emit_json({"files": [report.model_dump(mode="json") for report in reports]})


def _drug_filter() -> DrugFilter:
    """Return what keeps only documents that name a drug of the graph in the home."""
    from kedrec.graphdb.embedded.store import EmbeddedStore
    from kedrec.tools.text.drug_filter import DrugFilter

    graph = EmbeddedStore.open(settings().home / "graph")
    chosen = DrugFilter((name, graph.names[i], graph.synonyms(i)) for i, name in enumerate(graph.ids))
    say(f"keeping what names one of {chosen.drugs:,} drugs of the graph")
    return chosen


def say_added(report: Any) -> None:
    """Say what became of a file."""
    if report.skipped:
        return say(f"{report.path}: added before, {report.unchanged:,} documents; --again reads it once more")
    total = report.added + report.replaced + report.unchanged + report.older
    rate = total / max(report.seconds, 1e-3)
    resumed = f", going on at record {report.resumed_at + 1:,}" if report.resumed_at else ""
    # What became of the records of a file; what is 0 is left out but for the first three.
    counts = [f"{report.added:,} added, {report.replaced:,} replaced, {report.unchanged:,} unchanged"]
    more = {
        "passed over for a newer revision": report.older,
        "deleted": report.deleted,
        "retracted": report.retracted,
        **{f"left out ({reason})": count for reason, count in report.left_out.items()},
    }
    parts = counts + [f"{count:,} {what}" for what, count in more.items() if count]
    say(f"{report.path}: {', '.join(parts)} in {report.seconds:.1f} s ({rate:,.0f}/s){resumed}")
    if report.rejected:
        say(f"{report.rejected:,} records could not be read: {settings().home / 'literature' / 'rejected.tsv'}")
    if report.embedded:
        say(f"{report.embedded:,} passages embedded")
    for note in report.notes:
        say(note)
    return None
