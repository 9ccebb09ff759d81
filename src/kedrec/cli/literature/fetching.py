"""Literature from its sources as they are today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kedrec.cli.literature.opening import StageBar
from kedrec.cli.model import Derive, derive_after
from kedrec.cli.terminal.console import Json, emit_json, say, settings

if TYPE_CHECKING:
    from kedrec.records import Entity
    from kedrec.tools.graph_tools import GraphTools
    from kedrec.tools.live import LiveReport, WantedLiterature

__all__ = ["fetch"]


def fetch(
    disease: Annotated[str, typer.Option(help="Name or id of the disease.")],
    drugs: Annotated[list[str], typer.Option("--drug", help="Name or id of a drug; may be given again.")],
    *,
    source: Annotated[str, typer.Option(help="both, articles (PubMed) or trials (ClinicalTrials.gov).")] = "both",
    full_text: Annotated[
        bool, typer.Option("--full-text", help="Also the full texts that PubMed Central has of the articles.")
    ] = False,
    since: Annotated[str | None, typer.Option(help="First day, month or year.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, month or year (KEDREC_UNTIL).")] = None,
    most: Annotated[
        int, typer.Option(min=1, max=9_999, help="Most records of one source for one drug, the most relevant first.")
    ] = 200,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask again what was asked in the last days (KEDREC_LIVE_DAYS).")
    ] = False,
    embed: Annotated[
        bool | None, typer.Option("--embed/--no-embed", help="Embed now; by the setting `embed` when not given.")
    ] = None,
    derive: Derive = None,
    json: Json = False,
) -> None:
    """Type:  kedrec literature fetch --disease "alopecia areata" --drug baricitinib --drug sulfasalazine.

    Fetch what PubMed and ClinicalTrials.gov have today on each drug in the disease, searched by all names that the
    graph has for them, and add it. Exits 1 if a source did not answer or stopped early: what arrived is added, and the
    same command fetches the rest.
    """
    from kedrec.errors import SourceError
    from kedrec.tools.live import lacking

    report = _fetched(
        disease, drugs, _wanted(source, full_text, since=since, until=until, most=most, fresh=fresh), embed
    )
    if report.new:
        derive_after(derive)
    _say(report)
    if json:
        emit_json(report)
    missing = list(lacking(report.sources))
    if missing:
        raise SourceError(f"not everything was fetched; what came was added. {' '.join(missing)}")


def _wanted(
    source: str, full_text: bool, *, since: str | None, until: str | None, most: int, fresh: bool
) -> WantedLiterature:
    from kedrec.errors import UserError
    from kedrec.tools.live import DateSpan, WantedLiterature

    articles: tuple[Literal["pubmed", "pmc"], ...] = ("pubmed", "pmc") if full_text else ("pubmed",)
    sources = {"both": (*articles, "trials"), "articles": articles, "trials": ("trials",)}
    if source not in sources:
        raise UserError(f"unknown source {source!r}; there are both, articles and trials")
    return WantedLiterature(sources[source], most, DateSpan.of(since, until or settings().until), fresh)  # type: ignore[arg-type]


def _fetched(disease: str, drugs: list[str], wanted: WantedLiterature, embed: bool | None) -> LiveReport:
    from kedrec.graphdb.open_store import open_store
    from kedrec.tools.graph_tools import GraphTools
    from kedrec.tools.literature import Literature
    from kedrec.tools.live import Fetcher

    found = settings()
    store = open_store(found)
    graph = GraphTools(store)
    ill = _entity(graph, disease, "disease")
    compounds = {entity.id: entity for drug in drugs for entity in [_entity(graph, drug, "drug")]}
    fetcher = Fetcher(found, store, Literature.open(found.home / "literature", found))
    with StageBar() as told:
        return fetcher.fetch(ill, list(compounds.values()), wanted, embed=embed, on_progress=told)


def _entity(graph: GraphTools, name: str, kind: Literal["drug", "disease"]) -> Entity:
    """What a name means; never a similar name."""
    from kedrec.errors import AmbiguousName, UnknownEntity
    from kedrec.records import ToolResult

    found = graph.entity(name, kind)
    if isinstance(found, ToolResult):
        raise (AmbiguousName if found.status == "ambiguous" else UnknownEntity)(found.message)
    return found


def _say(report: LiveReport) -> None:
    for source in report.sources:
        say(str(source))
        for note in source.notes:
            say(f"  {note}")
    counts = [
        (sum(one.added for one in report.added), "added"),
        (sum(one.replaced for one in report.added), "replaced"),
        (sum(one.unchanged + one.older for one in report.added), "there already"),
        (sum(sum(one.left_out.values()) for one in report.added), "left out (no title or no abstract)"),
        (sum(one.rejected for one in report.added), "could not be read"),
    ]
    say(", ".join(f"{count:,} {what}" for count, what in counts if count or what == "added"))
    for note in dict.fromkeys(note for one in report.added for note in one.notes):
        say(note)
