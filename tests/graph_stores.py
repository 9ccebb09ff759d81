"""Builds small graphs for the tests."""

import os
from pathlib import Path

import pytest

from kedrec.config import Settings
from kedrec.graphdb.build import load_graph
from kedrec.graphdb.embedded import EmbeddedStore

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


def embedded(folder: Path, triples, names=()) -> EmbeddedStore:
    files, names_file = write_graph(folder, triples, names)
    load_graph(files, names_file, folder / "graph")
    return EmbeddedStore.open(folder / "graph")


def neo4j_settings(**changes) -> Settings:
    """The server of NEO4J_TEST_URI and NEO4J_TEST_PASSWORD, or a skip; its graph is replaced by the tests."""
    uri = os.environ.get("NEO4J_TEST_URI")
    if not uri:
        pytest.skip("NEO4J_TEST_URI does not name a Neo4j server whose graph may be replaced")
    pytest.importorskip("neo4j", reason="needs the extra neo4j")
    known = {"store": "neo4j", "neo4j_uri": uri, "neo4j_password": os.environ.get("NEO4J_TEST_PASSWORD")}
    return Settings.model_validate(known | changes)


def in_neo4j(folder: Path, triples, names=()):
    """The graph in the test server, in the place of the one before; of two, only the last can be asked."""
    from kedrec.graphdb.neo4j_load import load_into_neo4j
    from kedrec.graphdb.neo4j_server import connect
    from kedrec.graphdb.neo4j_store import Neo4jStore

    server = connect(neo4j_settings())
    load_into_neo4j(*write_graph(folder, triples, names), server)
    return Neo4jStore.open(server)
