"""The tool by which a model may ask the graph in Cypher of its own, where the user has turned it on."""

from __future__ import annotations

from typing import Any, Protocol

from kedrec.errors import NotReady, UserError, WorkError
from kedrec.graphdb.neo4j.user_query import Rows
from kedrec.records import ToolResult
from kedrec.tools.graph_tools import GraphTools
from kedrec.tools.text.graph_sentences import path_id

__all__ = ["CypherTool", "Reads"]

MOST_FINDINGS = 20
MOST_CHARACTERS = 1_200
"""Of the rows in a message; a message itself is cut a little later."""


class Reads(Protocol):
    """What reads the graph by a query of somebody's own."""

    def read(self, query: str) -> Rows:
        """What it finds."""
        ...


class CypherTool:
    """Cypher of a model's own.

    Args:
        reader: asks the server, and refuses what does more than read.
        graph: makes findings of edges and paths.
    """

    def __init__(self, reader: Reads, graph: GraphTools) -> None:
        self._reader, self._graph = reader, graph

    def run_cypher(self, query: str) -> ToolResult:
        """Ask the knowledge graph a question in Cypher that the other tools cannot answer; it can only read.

        Nodes are (:Entity {id, kind, name, degree}), with ids such as Compound::DB11817 and kinds such as Compound,
        Disease and Gene; links are -[:REL {type, source}]-, with types such as DRUGBANK::target::Compound:Gene. Begin
        with entities by their id, as resolve_entity gives it. Only relationships and paths can be cited: return these,
        not their properties. Names of entities are properties, so never write a name or a type as a label. Procedures,
        range(), reduce() and =~ are not allowed.

        Args:
            query: One Cypher query with LIMIT: MATCH p=(:Entity {id: 'Compound::DB11817'})-[:REL]-(g:Entity {kind:
                'Gene'}) RETURN p LIMIT 10
        """
        try:
            found = self._reader.read(query)
        except NotReady as error:
            return ToolResult.failure(f"{error} The same query may work later.", retryable=True)
        except (UserError, WorkError) as error:
            return ToolResult.failure(str(error), retryable=False)
        if not found.rows:
            return ToolResult(status="nothing_found", message="The query is valid and found nothing in the graph.")
        data = {"columns": list(found.columns), "rows": [list(row) for row in found.rows], "cut": found.cut}
        made = (self._graph.edges_of(path_id(walk)) for walk in found.walks[:MOST_FINDINGS])
        findings = tuple(finding for finding in made if finding is not None)
        return ToolResult(status="found", message=_told(found), findings=findings, data=data)


def _told(found: Rows) -> str:
    """Say what the rows are, as many as there is room for, and what of them can be cited."""
    lines: list[str] = []
    room = MOST_CHARACTERS
    for number, row in enumerate(found.rows, 1):
        cells = zip(found.columns, row, strict=True)
        lines.append(f"({number}) " + ", ".join(f"{column} = {_cell(value)}" for column, value in cells))
        room -= len(lines[-1])
        if room < 0:
            break
    shown = "; ".join(lines)[: MOST_CHARACTERS + 100]
    more = len(found.rows) - len(lines)
    left = f" {more} more row(s) are not shown." if more else ""
    cut = " There are more rows than one answer holds." if found.cut else ""
    cited = "" if found.walks else " Nothing here can be cited: return relationships or paths for that."
    return f"{len(found.rows)} row(s): {shown}.{left}{cut}{cited}"


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_cell, value))}]"
    if isinstance(value, dict) and value.keys() == {"id", "name"}:
        return f"{value['name']} ({value['id']})"
    if isinstance(value, dict) and value.keys() == {"head", "relation", "tail"}:
        return f"{value['head']} {value['relation']} {value['tail']}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_cell(part)}" for key, part in value.items()) + "}"
    return "nothing" if value is None else str(value)
