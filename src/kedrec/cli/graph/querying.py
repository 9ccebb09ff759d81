"""`kedrec graph query`: Cypher of one's own, which can only read."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kedrec.cli.terminal.console import Json, emit_json, say, settings

__all__ = ["query"]


def query(
    cypher: Annotated[str, typer.Argument(metavar="CYPHER", help="One query; docs/cypher.md shows some.")],
    rows: Annotated[int | None, typer.Option(min=1, help="Most rows; KEDREC_CYPHER_ROWS where not given.")] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds; KEDREC_CYPHER_TIMEOUT where not given.")
    ] = None,
    json: Json = False,
) -> None:
    """Type:  kedrec graph query "MATCH (e:Entity) RETURN e.kind, count(*)".

    Query the graph in Neo4j. What may do more than read it is refused, and time, rows and size are limited;
    docs/cypher.md says what that covers.
    """
    from kedrec.errors import UserError
    from kedrec.graphdb.neo4j.user_query import Reader

    chosen = settings(cypher_rows=rows, cypher_timeout=timeout)
    if chosen.store != "neo4j":
        raise UserError("Cypher is for the graph in Neo4j, and the embedded one is in use. Set KEDREC_STORE=neo4j.")
    found = Reader(chosen).read(cypher)
    if json:
        return emit_json(found)
    for row in (found.columns, *found.rows):
        print("\t".join(_cell(value) for value in row))
    if found.cut:
        limit = "--rows" if found.cut == "rows" else "the size of an answer"
        say(f"{len(found.rows):,} rows; there are more ({limit})")
    return None


def _cell(value: Any) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())
