"""Builds small graphs for the tests."""

from pathlib import Path

import neo4j_server
import pytest

from kedrec.config import Settings
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore

TREATS = "DRUGBANK::treats::Compound:Disease"
PALLIATES = "Hetionet::CpD::Compound:Disease"
TARGET = "DRUGBANK::target::Compound:Gene"
BINDS = "Hetionet::CbG::Compound:Gene"
GENE_OF = "Hetionet::DaG::Disease:Gene"
GENES = "Hetionet::GiG::Gene:Gene"


def write_tsv(path: Path, rows) -> Path:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    return path


def write_graph(folder: Path, triples, names=()) -> tuple[list[Path], Path | None]:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(entity_id, name, "|".join(synonyms)) for entity_id, name, *synonyms in names]
    names_file = write_tsv(folder / "names.tsv", rows) if rows else None
    return [write_tsv(folder / "triples.tsv", triples)], names_file


def embedded(folder: Path, triples, names=(), groups=None) -> EmbeddedStore:
    files, names_file = write_graph(folder, triples, names)
    load_graph(files, names_file, folder / "graph", groups=groups)
    return EmbeddedStore.open(folder / "graph")


def neo4j_settings(**changes) -> Settings:
    """Those of the test server, or a skip; its graph is replaced by the tests."""
    pytest.importorskip("neo4j", reason="needs the extra neo4j")
    server = neo4j_server.address()
    known = {"store": "neo4j", "neo4j_uri": server.uri, "neo4j_password": server.password}
    return Settings.model_validate(known | changes)


def in_neo4j(folder: Path, triples, names=(), groups=None):
    """The graph in the test server, in the place of the one before; of two, only the last can be asked."""
    from kedrec.graphdb.neo4j.connection import connect
    from kedrec.graphdb.neo4j.load import load_into_neo4j
    from kedrec.graphdb.neo4j.store import Neo4jStore

    server = connect(neo4j_settings())
    load_into_neo4j(*write_graph(folder, triples, names), server, groups=groups)
    return Neo4jStore.open(server)
