"""Opens the graph that the settings name, wherever it is kept."""

from __future__ import annotations

from kedrec.config import Settings
from kedrec.graphdb.store import GraphStore

__all__ = ["open_store"]


def open_store(settings: Settings) -> GraphStore:
    """Open the graph: the embedded one of the home, or the one in Neo4j.

    Raises:
        NotReady: none was loaded, or no Neo4j server answers.
        ConfigError: Neo4j refuses the user or does not have the database.
        MissingExtra: the Neo4j driver is not installed.
    """
    if settings.store == "neo4j":
        from kedrec.graphdb.neo4j.connection import connect
        from kedrec.graphdb.neo4j.store import Neo4jStore

        return Neo4jStore.open(connect(settings), names_in=settings.home / "neo4j-names")
    from kedrec.graphdb.embedded.store import EmbeddedStore

    return EmbeddedStore.open(settings.home / "graph")
