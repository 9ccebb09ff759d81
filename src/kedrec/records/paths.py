r"""Edges and paths of the graph as source ids: `head|relation|tail`, the edges of a path joined by ` ; `.

An id or a relation that holds one of our own signs is escaped by a backslash: of DRKG's own ids 17 hold a bar, and
`Compound::MESH:C1|MESH:C2` is written `Compound::MESH:C1\|MESH:C2`. All others stand as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["Triple", "edge_source", "path_source", "triples_of"]

Triple = tuple[str, str, str]
"""Head, relation and tail."""

STEP = " ; "
_SIGNS = re.compile(r"[\\|]|(?<!\S);|;(?!\S)")
"""What is escaped: a semicolon only beside a space or at an end, so that `Gene::1;2` stays as it is."""
_PIECE = re.compile(r"\\(.)|(\|)|([^\\|]+)", re.DOTALL)
"""Of an edge: an escaped sign, a bar of our own, or what lies between."""


def edge_source(head: str, relation: str, tail: str) -> str:
    """Return an edge as its source id."""
    return "|".join(_SIGNS.sub(r"\\\g<0>", part) for part in (head, relation, tail))


def path_source(triples: Iterable[Triple]) -> str:
    """Return a path as its source id."""
    return STEP.join(edge_source(*triple) for triple in triples)


@lru_cache(maxsize=8192)
def triples_of(source_id: str) -> tuple[Triple, ...]:
    """Return the edges of a source id; none where it is no edge or path of the graph, but a passage's."""
    found = [_parts(edge) for edge in source_id.split(STEP)]
    edges = (parts for parts in found if len(parts) == 3 and parts[1] and "::" in parts[0] and "::" in parts[2])
    triples = tuple((head, relation, tail) for head, relation, tail in edges)
    return triples if len(triples) == len(found) else ()


def _parts(edge: str) -> list[str]:
    if "\\" not in edge:
        return edge.split("|")
    parts = [""]
    for escaped, bar, between in _PIECE.findall(edge):
        if bar:
            parts.append("")
        else:
            parts[-1] += escaped or between
    return parts
