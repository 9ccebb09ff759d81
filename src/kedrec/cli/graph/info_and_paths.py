"""`kedrec graph info | show | path`: look into the graph in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.terminal.console import Json, emit_json, say, settings

if TYPE_CHECKING:
    from kedrec.graphdb.store import GraphStore
    from kedrec.records import Alternative, Edge, Entity, Match

__all__ = ["info", "open_graph", "path", "show"]

KindFilter = Annotated[str | None, typer.Option(help="Only this kind: Compound, Disease, Gene, …")]


def open_graph() -> GraphStore:
    """The graph in use: that of the home, or with `KEDREC_STORE=neo4j` the one in Neo4j.

    Raises:
        NotReady: none was loaded, or no Neo4j server answers.
    """
    from kedrec.graphdb.open_store import open_store

    return open_store(settings())


def info(
    unnamed: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the ids without a name here, as a names file to fill in.")
    ] = None,
    json: Json = False,
) -> None:
    """Type:  kedrec graph info.

    Show the size of the graph: entities by kind and how many of them have a name, triples by relation, and the hash
    of its sources.
    """
    from kedrec.graphdb.names.coverage import covered, write_unnamed

    store = open_graph()
    stats, nameless = store.stats(), store.unnamed()
    if unnamed is not None:
        write_unnamed(nameless, unnamed)
    coverage = covered(stats.kinds, nameless)
    if json:
        return emit_json({**stats.model_dump(), "names": {kind: row.model_dump() for kind, row in coverage.items()}})
    rows = [(kind, f"{row.entities:,}", f"{row.named:,}", f"{row.share:.1%}") for kind, row in coverage.items()]
    _table([("kind", "entities", "named", "share"), *rows])
    _table([("relation", "triples"), *((relation, f"{n:,}") for relation, n in stats.relations.items())])
    print(f"{stats.entities:,} entities, {stats.triples:,} triples, sources {stats.source_sha256}")
    if unnamed is not None:
        say(f"{len(nameless):,} ids without a name are in {unnamed}")
    elif nameless:
        say(f"{len(nameless):,} entities have no name; list their ids: kedrec graph info --unnamed FILE")
    return None


def show(
    entity: Annotated[str, typer.Argument(help="Name, synonym or id.")],
    kind: KindFilter = None,
    limit: Annotated[int, typer.Option(min=1, help="Most edges, and most alternatives.")] = 10,
    json: Json = False,
) -> int:
    """Type:  kedrec graph show baricitinib.

    Show which entity a name means, and its edges. Exits 2 if the name is ambiguous or unknown.
    """
    store = open_graph()
    from kedrec.errors import UserError
    from kedrec.graphdb.drkg.files import KINDS

    if kind is None or kind in KINDS:
        kinds = None if kind is None else [kind]
    else:
        raise UserError(f"Unknown kind {kind!r}; kinds: {', '.join(KINDS)}")
    match = store.search(entity, kinds=kinds, limit=limit)
    if json:
        meant = match.entity and {"id": match.entity.id, "kind": match.entity.kind, "name": match.entity.name}
        alternatives = [alternative.model_dump() for alternative in match.alternatives]
        group = store.groups.of(match.entity.id) if match.entity else ()
        several = {"group": list(group)} if len(group) > 1 else {}
        emit_json({"match": match.match, "entity": meant, **several, "alternatives": alternatives})
    elif match.entity is not None:
        _print_entity(store, match.entity, match, limit)
    if match.entity is None and not json:
        say(f"kedrec: {_unresolved(match)}")
    return 0 if match.entity is not None else 2


def _print_entity(store: GraphStore, entity: Entity, match: Match, limit: int) -> None:
    print(f"{entity.name}  ({entity.id}, {entity.kind}; match: {match.match})")
    if entity.synonyms:
        print(f"also: {', '.join(entity.synonyms)}")
    if note := store.groups.note(entity.id, entity.name):
        print(note)
    if match.alternatives:
        print(f"same name: {_listed(match.alternatives)}")
    edges = store.neighbours(entity.id, limit=limit)
    rows = [(_name(store, edge.head), edge.relation, _name(store, edge.tail)) for edge in edges]
    _table([("head", "relation", "tail"), *rows])


def path(
    first: Annotated[str, typer.Argument(metavar="A", help="Name, synonym or id.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Name, synonym or id.")],
    max_hops: Annotated[int, typer.Option(min=1, max=3, help="Most edges of a path.")] = 3,
    limit: Annotated[int, typer.Option(min=1, help="Most paths.")] = 10,
    json: Json = False,
) -> None:
    """Type:  kedrec graph path baricitinib "alopecia areata".

    List the best paths between two entities; entities with very many neighbours (KEDREC_HUB_LIMIT) are not walked
    through.
    """
    store = open_graph()
    one, other = _the_entity(store, first), _the_entity(store, second)
    found = store.paths(one.id, other.id, max_hops=max_hops, limit=limit, hub_limit=settings().hub_limit)
    if json:
        return emit_json(
            {
                "from": _brief(one),
                "to": _brief(other),
                "paths": [found_path.model_dump(mode="json") for found_path in found],
            }
        )
    if not found:
        print(f"No path of at most {max_hops} edges between {one.name} and {other.name}.")
    for number, found_path in enumerate(found, 1):
        print(f"{number}. {_walk(store, one.id, found_path.edges)}\n   {found_path.score:.4f}: {found_path.why}")
    return None


def _the_entity(store: GraphStore, name: str) -> Entity:
    from kedrec.errors import AmbiguousName, UnknownEntity

    match = store.search(name)
    if match.entity is None:
        raise (AmbiguousName if match.match == "ambiguous" else UnknownEntity)(_unresolved(match))
    return match.entity


def _unresolved(match: Match) -> str:
    listed = _listed(match.alternatives[:5])
    if match.match == "ambiguous":
        return f"{match.query!r} is the name of several entities: {listed}. Use the id of one."
    hint = f" Similar names: {listed}." if listed else ""
    return f"The graph has no {match.query!r}.{hint}"


def _listed(alternatives: tuple[Alternative, ...]) -> str:
    return ", ".join(f"{alternative.name} ({alternative.id})" for alternative in alternatives)


def _brief(entity: Entity) -> dict[str, str]:
    return {"id": entity.id, "kind": entity.kind, "name": entity.name}


def _walk(store: GraphStore, start: str, edges: tuple[Edge, ...]) -> str:
    start = next((one for one in store.groups.of(start) if one in (edges[0].head, edges[0].tail)), start)
    text, here = _name(store, start), start
    for edge in edges:
        onward = edge.head == here
        here = edge.tail if onward else edge.head
        text += f" -{edge.relation}-> {_name(store, here)}" if onward else f" <-{edge.relation}- {_name(store, here)}"
    return text


def _name(store: GraphStore, entity_id: str) -> str:
    entity = store.get(entity_id)
    return entity.name if entity else entity_id


def _table(rows: list[tuple[str, ...]]) -> None:
    """Print rows as a table; the first row is the head."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*rows[0], box=None, pad_edge=False, header_style="bold")
    for row in rows[1:]:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    console = Console()
    console.print(table, soft_wrap=not console.is_terminal)
    console.print()
