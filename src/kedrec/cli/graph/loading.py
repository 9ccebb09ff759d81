"""`kedrec graph load`: build the graph from DRKG's files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.graph.fetching import LoadInputs, as_fetched
from kedrec.cli.model import Derive, derive_after
from kedrec.cli.terminal.console import Json, emit_json, progress, say, settings
from kedrec.errors import UserError

if TYPE_CHECKING:
    from kedrec.config import Settings
    from kedrec.graphdb.embedded.build import LoadReport, OnStage
    from kedrec.graphdb.neo4j.bulk_load import Bulk

__all__ = ["load"]

GraphFiles = Annotated[
    list[Path], typer.Argument(help="DRKG files (head, relation, tail separated by tabs), plain or .gz.")
]


def load(
    files: GraphFiles,
    names: Annotated[Path | None, typer.Option(help="Names: id, name and synonyms (a|b|c) separated by tabs.")] = None,
    *,
    groups: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ids of one drug or disease, one group a line, tabs between.")
    ] = None,
    derive: Derive = None,
    store: Annotated[str | None, typer.Option(help="embedded or neo4j; KEDREC_STORE where not given.")] = None,
    bulk: Annotated[bool, typer.Option("--bulk", help="With neo4j: by its bulk import, server stopped.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="With --bulk: delete whatever else the database holds.")
    ] = False,
    neo4j_admin: Annotated[Path | None, typer.Option(help="Path of neo4j-admin for --bulk; else searched for.")] = None,
    json: Json = False,
) -> None:
    """Type:  kedrec graph load drkg, or with files of yours: kedrec graph load graph.tsv.gz --names names.tsv.gz.

    Build one graph from all the files and replace the former one in a single swap. If a line of a file is faulty,
    nothing changes. The word drkg stands for the published DRKG with names from open vocabularies; what of it was
    not fetched yet is fetched first. With --store neo4j the graph goes into the Neo4j server of the settings; run
    the same command to resume a load that was stopped; --bulk is several times as fast.

    Ids of one drug or disease are joined; groups.tsv in the home lists them. Edit a copy and give it with --groups.
    """
    chosen = settings(store=store)
    how = _bulk(chosen, bulk, overwrite, neo4j_admin)
    files, names, groups = as_fetched(files, names, groups)
    with progress() as bar:
        task = bar.add_task("loading", total=None)

        def told(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        report = _load_into(chosen, LoadInputs(files, names, groups), how, told)
    say(f"{report.entities:,} entities and {report.triples:,} triples loaded in {report.seconds:.1f} s")
    if report.duplicates:
        say(f"{report.duplicates:,} triples came more than once; each was kept once")
    if report.unlinked_names:
        say(f"{report.unlinked_names:,} entities of the names file have no edge; they are found by name only")
    _list_groups(report, chosen)
    _list_unnamed(report, chosen)
    if chosen.store == "embedded":
        derive_after(derive)
    if json:
        emit_json(report)


def _bulk(chosen: Settings, bulk: bool, overwrite: bool, neo4j_admin: Path | None) -> Bulk | None:
    if bulk and chosen.store != "neo4j":
        raise UserError("--bulk loads into Neo4j: add --store neo4j. The embedded graph needs no such thing.")
    if not bulk and (overwrite or neo4j_admin):
        raise UserError("--overwrite and --neo4j-admin belong to --bulk.")
    if not bulk:
        return None
    from kedrec.graphdb.neo4j.bulk_load import Bulk

    return Bulk(neo4j_admin, overwrite, say)


def _load_into(chosen: Settings, given: LoadInputs, bulk: Bulk | None, told: OnStage) -> LoadReport:
    files, names, groups = given
    if bulk:
        from kedrec.graphdb.neo4j.bulk_load import bulk_load

        return bulk_load(files, names, chosen, bulk, told, groups=groups)
    if chosen.store == "neo4j":
        from kedrec.graphdb.neo4j.connection import connect
        from kedrec.graphdb.neo4j.load import load_into_neo4j

        return load_into_neo4j(files, names, connect(chosen), told, groups=groups)
    from kedrec.graphdb.embedded.build import load_graph

    return load_graph(files, names, chosen.home / "graph", told, groups=groups)


def _list_groups(report: LoadReport, chosen: Settings) -> None:
    """Write the table of joined ids into the home, in place of that of an earlier load."""
    from kedrec.graphdb.names.find_groups import table_of
    from kedrec.graphdb.open_store import open_store

    listed = chosen.home / "groups.tsv"
    if report.strange_groups:
        say(f"{report.strange_groups:,} ids of the groups file are not in the graph; they were passed over")
    if not report.groups:
        listed.unlink(missing_ok=True)
        return
    store = open_store(chosen)
    entities = (store.get(one) for group in store.groups.all for one in group)
    names = {entity.id: entity.name for entity in entities if entity}
    chosen.home.mkdir(parents=True, exist_ok=True)
    listed.write_text(table_of(store.groups.all, names), "utf-8")
    say(f"{report.groups:,} drugs and diseases have several ids and were joined; look at them in {listed}")


def _list_unnamed(report: LoadReport, chosen: Settings) -> None:
    """Write the ids without a name into the home, in place of the list of an earlier load."""
    from kedrec.graphdb.names.coverage import write_unnamed
    from kedrec.graphdb.open_store import open_store

    listed = chosen.home / "unnamed.tsv"
    if not report.unnamed:
        listed.unlink(missing_ok=True)
        return
    chosen.home.mkdir(parents=True, exist_ok=True)
    write_unnamed(open_store(chosen).unnamed(), listed)
    say(f"{report.unnamed:,} entities have no name and are known by their id only; their ids are in {listed}")
