"""What a query of somebody's own returns, as plain data; and the edges in it, as they are in the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kedrec.records import Edge

if TYPE_CHECKING:
    from neo4j.graph import Node, Relationship

__all__ = ["Edges", "links_in", "plain", "walks_in"]

Edges = Mapping[str, Edge]
"""Id of a relationship in the database -> the edge that it is."""
EdgeWalk = tuple[Edge, ...]


def links_in(value: Any) -> Iterator[str]:
    """Yield the ids of all relationships in a value."""
    from neo4j.graph import Path, Relationship

    if isinstance(value, Relationship):
        yield value.element_id
    elif isinstance(value, (Path, Mapping, list)):
        for part in _parts(value):
            yield from links_in(part)


def walks_in(value: Any, edges: Edges) -> Iterator[EdgeWalk]:
    """Yield what can be cited of a value: each edge alone, and each path as a whole."""
    from neo4j.graph import Path, Relationship

    if isinstance(value, Relationship) and value.element_id in edges:
        yield (edges[value.element_id],)
    elif isinstance(value, Path):
        if value.relationships and all(link.element_id in edges for link in value.relationships):
            yield tuple(edges[link.element_id] for link in value.relationships)
    elif isinstance(value, (Mapping, list)) and not isinstance(value, Relationship):
        for part in _parts(value):
            yield from walks_in(part, edges)


def plain(value: Any, edges: Edges) -> Any:
    """Make a value JSON: entities as {id, name}, edges as {head, relation, tail}, paths as lists of edges."""
    from neo4j.graph import Node, Path, Relationship

    if isinstance(value, Node):
        return _node(value)
    if isinstance(value, Relationship):
        return _link(value, edges)
    if isinstance(value, (Path, list)):
        return [plain(part, edges) for part in _parts(value)]
    if isinstance(value, Mapping):
        return {str(key): plain(part, edges) for key, part in value.items()}
    return _scalar(value)


def _parts(value: Any) -> Iterator[Any]:
    """Yield what a path, a map or a list is made of."""
    from neo4j.graph import Path

    if isinstance(value, Path):
        yield from value.relationships
    else:
        yield from value.values() if isinstance(value, Mapping) else value


def _node(node: Node) -> dict[str, Any]:
    if "Entity" in node.labels:
        return {"id": _scalar(node.get("id")), "name": _scalar(node.get("name"))}
    return {"labels": sorted(node.labels), **{key: _scalar(value) for key, value in node.items()}}


def _link(link: Relationship, edges: Edges) -> dict[str, Any]:
    edge = edges.get(link.element_id)
    if edge is not None:
        return {"head": edge.head, "relation": edge.relation, "tail": edge.tail}
    return {"type": link.type, **{key: _scalar(value) for key, value in link.items()}}


def _scalar(value: Any) -> Any:
    """Make a value without parts JSON; dates, points and bytes as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    return [_scalar(part) for part in value] if isinstance(value, list) else str(value)
