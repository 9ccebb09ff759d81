"""The graph in Neo4j, for the benchmark: by bulk import, by UNWIND, and as langchain-neo4j adds documents.

The server is that of the settings; whatever it holds is lost.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.config import Settings, load
from kedrec.eval.bench_graph.contenders import BenchGraph, KedrecStore, LoadedPart, rows_of
from kedrec.graphdb.drkg.files import kind_of, read_triples

if TYPE_CHECKING:
    from langchain_neo4j.graphs.graph_document import GraphDocument  # type: ignore[import-not-found,unused-ignore]

    from kedrec.records import Triple

__all__ = [
    "add_by_langchain", "bytes_of_neo4j", "empty_database", "load_by_bulk", "load_by_unwind", "open_neo4j",
    "peak_of_neo4j",
]  # fmt: skip

SLICE, DOCUMENT = 20_000, 1_000
"""Triples that langchain-neo4j adds, and how many of them are one document."""
UNIQUE = "CREATE CONSTRAINT IF NOT EXISTS FOR (e:__Entity__) REQUIRE e.id IS UNIQUE"
NOTHING = "Compound::0\tDRUGBANK::target::Compound:Gene\tGene::0\n"


def load_by_bulk(triples: Path, names: Path | None, home: Path) -> None:
    """Load everything by the server's own import."""
    from kedrec.graphdb.neo4j.bulk_load import Bulk, bulk_load

    bulk_load([triples], names, _settings(home), Bulk(overwrite=True))


def load_by_unwind(triples: Path, names: Path | None, home: Path) -> None:
    """Load everything over Bolt, in batches."""
    from kedrec.graphdb.neo4j.connection import connect
    from kedrec.graphdb.neo4j.load import load_into_neo4j

    load_into_neo4j([triples], names, connect(_settings(home)))


def open_neo4j(home: Path) -> BenchGraph:
    """Open what either load made."""
    from kedrec.graphdb.neo4j.connection import connect
    from kedrec.graphdb.neo4j.store import Neo4jStore

    return KedrecStore(Neo4jStore.open(connect(_settings(home))))


def empty_database(home: Path) -> None:
    """Put a graph of one triple in the place of everything; deleting would take minutes."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "nothing.tsv").write_text(NOTHING, "utf-8")
    load_by_bulk(home / "nothing.tsv", None, home)


def bytes_of_neo4j() -> int | None:
    """Return what the server's data take, its transaction logs included; None where its folder is not named."""
    folder = Path(os.environ.get("NEO4J_HOME", "")) / "data"
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else None


def peak_of_neo4j() -> int:
    """Return the most memory, in KiB, that the server has had since its start; 0 if unknown."""
    pid = Path(os.environ.get("NEO4J_HOME", "")) / "kedrec.pid"
    status = Path("/proc") / (pid.read_text("utf-8").strip() if pid.is_file() else "none") / "status"
    lines = status.read_text("utf-8").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def add_by_langchain(triples: Path, home: Path) -> LoadedPart:
    """Add a slice by `add_graph_documents`; needs the server's plugin APOC.

    It is given the constraint that it would otherwise look for by procedures that servers do not allow by default.
    """
    from langchain_neo4j import Neo4jGraph  # type: ignore[import-not-found,unused-ignore]

    rows = list(rows_of(read_triples([triples])))
    step = max(1, len(rows) // SLICE)
    some = rows[::step][:SLICE]
    settings = _settings(home)
    graph = Neo4jGraph(
        url=settings.neo4j_uri,
        username=settings.neo4j_user,
        password=settings.neo4j_password.get_secret_value() if settings.neo4j_password else "",
        database=settings.neo4j_database,
        refresh_schema=False,
    )
    graph.query(UNIQUE)
    graph.structured_schema = {"metadata": {"constraint": [{"labelsOrTypes": ["__Entity__"], "properties": ["id"]}]}}
    documents = [_document(some[start : start + DOCUMENT]) for start in range(0, len(some), DOCUMENT)]
    started = time.monotonic()
    graph.add_graph_documents(documents, baseEntityLabel=True)
    return LoadedPart(len(some), len(rows), time.monotonic() - started)


def _document(triples: list[Triple]) -> GraphDocument:
    from langchain_neo4j.graphs.graph_document import GraphDocument, Node, Relationship

    ends = {end for head, _, tail in triples for end in (head, tail)}
    nodes = {end: Node(id=end, type=kind_of(end)) for end in ends}
    edges = [Relationship(source=nodes[h], target=nodes[t], type=relation) for h, relation, t in triples]
    return GraphDocument(nodes=list(nodes.values()), relationships=edges)


def _settings(home: Path) -> Settings:
    return load({"home": home, "store": "neo4j"}).settings
