"""Builds small graphs for the tests."""

from pathlib import Path

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


def embedded(folder: Path, triples, names=()) -> EmbeddedStore:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(entity_id, name, "|".join(synonyms)) for entity_id, name, *synonyms in names]
    names_file = write_tsv(folder / "names.tsv", rows) if rows else None
    load_graph([write_tsv(folder / "triples.tsv", triples)], names_file, folder / "graph")
    return EmbeddedStore.open(folder / "graph")
