"""`kedrec literature`: Add literature and search it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kedrec.cli.console import Json, emit_json, progress, say, settings
from kedrec.cli.model import Derive, derive_after

if TYPE_CHECKING:
    from kedrec.tools.drug_filter import DrugFilter
    from kedrec.tools.literature import Literature

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Add literature and search it.")

Files = Annotated[
    list[Path],
    typer.Argument(
        help="PubMed XML, PMC JATS, ClinicalTrials.gov JSON or XML, or JSONL; plain, .gz, .xz, .zip, .tar.*"
    ),
]


def _open() -> Literature:
    from kedrec.tools.literature import Literature

    found = settings()
    return Literature.open(found.home / "literature", found)


@app.command()
def add(
    files: Files,
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
    derive: Derive = None,
    json: Json = False,
) -> None:
    """Type:  kedrec literature add pubmed26n*.xml.gz oa_comm.tar.gz AllPublicJSON.zip notes.jsonl.

    Adds articles and trials as their publishers distribute them, or JSONL: {"id": "PMID:…", "title", "abstract"} or
    {"id": "NCT…", "text"} a line. A file is added whole or not at all; records that cannot be read are listed in
    rejected.tsv. After a kill run the same command again: it goes on where it stopped.
    """
    from kedrec.tools.sources import Reading

    how = Reading(format, clean=clean, lenient=lenient)  # type: ignore[arg-type]
    literature = _open()
    keep = _drug_filter() if mentions else None
    with _Bar() as told:
        reports = literature.add_all(
            files, how, keep=keep, embed=embed, again=again, on_progress=told, on_added=_say_added
        )
    derive_after(derive)
    if json:
        emit_json({"files": [report.model_dump(mode="json") for report in reports]})


def _drug_filter() -> DrugFilter:
    """Return what keeps only documents that name a drug of the graph in the home."""
    from kedrec.graphdb.embedded import EmbeddedStore
    from kedrec.tools.drug_filter import DrugFilter

    graph = EmbeddedStore.open(settings().home / "graph")
    chosen = DrugFilter((name, graph.names[i], graph.synonyms(i)) for i, name in enumerate(graph.ids))
    say(f"keeping what names one of {chosen.drugs:,} drugs of the graph")
    return chosen


def _say_added(report: Any) -> None:
    if report.skipped:
        return say(f"{report.path}: added before, {report.unchanged:,} documents; --again reads it once more")
    total = report.added + report.replaced + report.unchanged + report.older
    rate = total / max(report.seconds, 1e-3)
    resumed = f", going on at record {report.resumed_at + 1:,}" if report.resumed_at else ""
    say(f"{report.path}: {', '.join(_counts(report))} in {report.seconds:.1f} s ({rate:,.0f}/s){resumed}")
    if report.rejected:
        say(f"{report.rejected:,} records could not be read: {settings().home / 'literature' / 'rejected.tsv'}")
    if report.embedded:
        say(f"{report.embedded:,} passages embedded")
    for note in report.notes:
        say(note)
    return None


def _counts(report: Any) -> list[str]:
    """Say what became of the records of a file; what is 0 is left out but for the first three."""
    counts = [f"{report.added:,} added, {report.replaced:,} replaced, {report.unchanged:,} unchanged"]
    more = {
        "passed over for a newer revision": report.older,
        "deleted": report.deleted,
        "retracted": report.retracted,
        **{f"left out ({reason})": count for reason, count in report.left_out.items()},
    }
    return counts + [f"{count:,} {what}" for what, count in more.items() if count]


class _Bar:
    """A progress bar that follows the stages it is told of."""

    def __enter__(self) -> Any:
        self.progress = progress()
        self.progress.start()
        self.tasks: dict[str, tuple[Any, float]] = {}
        return self.told

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def told(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage."""
        if stage not in self.tasks:
            self.tasks[stage] = self.progress.add_task(stage, total=total), time.monotonic()
        task, began = self.tasks[stage]
        rate = f"{stage} ({done / max(time.monotonic() - began, 0.1):,.0f}/s)" if stage == "embedding" else stage
        self.progress.update(task, description=rate, completed=done, total=total)


@app.command("embed")
def embed_passages(json: Json = False) -> None:
    """Type:  kedrec literature embed.

    Embeds every passage that has no embedding yet, so that searches get their second step. Can be stopped at any time;
    the next run goes on from there.
    """
    literature = _open()
    with _Bar() as told:
        report = literature.embed(told)
    rate = report.embedded / max(report.seconds, 1e-3)
    say(f"{report.embedded:,} passages embedded in {report.seconds:.1f} s ({rate:,.1f}/s), {report.to_embed:,} left")
    if json:
        emit_json(report)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words to look for.")],
    corpus: Annotated[str | None, typer.Option(help="articles or trials; both when not given.")] = None,
    *,
    limit: Annotated[int, typer.Option(help="Most hits, one for each document.")] = 10,
    until: Annotated[
        str | None, typer.Option(help="Last day, month or year; what has no date is not found (KEDREC_UNTIL).")
    ] = None,
    since: Annotated[int | None, typer.Option(help="First year.")] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Publication type; may be given again.")] = None,
    phases: Annotated[list[str] | None, typer.Option("--phase", help="Trial phase; may be given again.")] = None,
    json: Json = False,
) -> None:
    """Type:  kedrec literature search "baricitinib alopecia areata" --corpus articles.

    Finds passages in two steps: BM25, then the similarity of embeddings where they exist.
    """
    from kedrec.tools.selection import Selection

    only = Selection(until=until, since=since, types=tuple(types or ()), phases=tuple(phases or ()))
    result = _open().search(query, corpus=corpus, limit=limit, only=only)  # type: ignore[arg-type]
    for note in result.notes:
        say(note)
    if json:
        return emit_json(
            {
                "hits": [hit.model_dump(mode="json") for hit in result.hits],
                "stages": result.stages,
                "notes": result.notes,
            }
        )
    for hit in result.hits:
        print(f"{hit.id}  {'RETRACTED: ' if hit.retracted else ''}{hit.title}".rstrip())
        print("    " + " ".join(hit.text.split())[:300])
    return None


@app.command()
def info(json: Json = False) -> None:
    """Type:  kedrec literature info.

    Says how many documents and passages there are, how many are embedded, retracted or without a date, and the hash of
    all of it.
    """
    found = _open().info()
    if json:
        return emit_json(found)
    for corpus, count in found.documents.items():
        print(f"{corpus}: {count:,} documents, {found.passages[corpus]:,} passages")
    passages = sum(found.passages.values())
    print(f"embedded: {found.embedded:,} of {passages:,} passages")
    print(f"retracted: {found.retracted:,}; without a date: {found.undated:,}; could not be read: {found.rejected:,}")
    if found.cut:
        print(found.cut)
    print(f"on disk: {found.bytes / 1e6:,.1f} MB")
    print(f"content: {found.content_sha256 or '(empty)'}")
    return None
