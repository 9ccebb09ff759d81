"""Builds small graphs in every store there is, for the tests."""

import os
from pathlib import Path

import pytest

from kedrec.graphdb.build import load_graph
from kedrec.graphdb.embedded import EmbeddedStore

TREATS = "DRUGBANK::treats::Compound:Disease"
PALLIATES = "Hetionet::CpD::Compound:Disease"
TARGET = "DRUGBANK::target::Compound:Gene"
BINDS = "Hetionet::CbG::Compound:Gene"
GENE_OF = "Hetionet::DaG::Disease:Gene"
GENES = "Hetionet::GiG::Gene:Gene"
STORES = ("embedded", "neo4j")


def write_tsv(path: Path, rows) -> Path:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    return path


def embedded(folder: Path, triples, names=()) -> EmbeddedStore:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(entity_id, name, "|".join(synonyms)) for entity_id, name, *synonyms in names]
    names_file = write_tsv(folder / "names.tsv", rows) if rows else None
    load_graph([write_tsv(folder / "triples.tsv", triples)], names_file, folder / "graph")
    return EmbeddedStore.open(folder / "graph")


def store_of(kind: str, folder: Path, triples, names=()):
    if kind == "embedded":
        return embedded(folder, triples, names)
    if not (uri := NEO4J_URI):
        pytest.skip("KEDREC_NEO4J_URI names no Neo4j server")
    neo4j_store = pytest.importorskip("kedrec.graphdb.neo4j_store", reason="there is no Neo4j store")
    return neo4j_store.for_tests(uri, folder, triples, names)


NEO4J_URI = os.environ.get("KEDREC_NEO4J_URI")
