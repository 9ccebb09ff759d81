"""Curated mechanisms of action: paths from a drug to a disease, and what their proteins are called.

The paths are DrugMechDB's, one JSON object a line: `{drug: {id}, disease: {id}, nodes: [{id, label, name}, …]}`, with
ids as in the graph. The proteins are a table with a header, tab-separated: `uniprot entrez symbol name other_symbols`,
the last joined by `|`. Both may be gzipped.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from kedrec.distill.pairs.lines import content_of
from kedrec.errors import InputError
from kedrec.records import Record

__all__ = ["PARTS", "CuratedNode", "MechanismPart", "Mechanisms", "Protein", "read_mechanisms"]

MechanismPart = Literal["protein", "process", "phenotype", "substance"]
PARTS: dict[str, MechanismPart] = {
    "Protein": "protein",
    "BiologicalProcess": "process",
    "Pathway": "process",
    "PhenotypicFeature": "phenotype",
    "ChemicalSubstance": "substance",
}
"""Label of a node -> the part of a mechanism that it is; other nodes (drug, disease, cell, organism …) do not count."""
UNIPROT = "UniProt:"
COLUMNS = ("uniprot", "symbol")
"""Columns that a table of proteins must have."""
_PATH = "Expected a path of DrugMechDB: drug and disease with `id`, nodes with `id`, `label` and `name`"


class Protein(Record):
    """A human protein and its gene."""

    uniprot: str
    """UniProt id."""
    entrez: str = ""
    """Entrez id of its gene; empty where it is not known."""
    symbol: str
    """Official symbol of the gene."""
    name: str = ""
    """Official name of the gene."""
    other_symbols: tuple[str, ...] = ()
    """Other symbols in use."""


class CuratedNode(Record):
    """A node of a curated path that a text may name."""

    id: str
    """Its id: `UniProt:P23458`, `GO:0006954`, …"""
    part: MechanismPart
    """Which part of the mechanism it is."""
    name: str
    """Its name in the path."""
    protein: Protein | None = None
    """What else it is called, where it is a protein of the table."""


class Mechanisms(Record):
    """Curated mechanisms."""

    nodes: dict[tuple[str, str], tuple[CuratedNode, ...]]
    """(drug id, disease id) -> the nodes of all their paths, each once."""
    proteins: tuple[Protein, ...]
    """All proteins of the table, whether or not a path has them."""
    left_out: int
    """Paths whose drug or disease has no id."""


class _Named(Record):
    model_config = ConfigDict(extra="ignore")
    id: str


class _Node(_Named):
    label: str
    name: str


class _Path(Record):
    model_config = ConfigDict(extra="ignore")
    drug: _Named
    disease: _Named
    nodes: tuple[_Node, ...] = Field(min_length=1)


def read_mechanisms(path: Path, proteins: Path | None = None) -> Mechanisms:
    """Read curated paths and the table of their proteins.

    Args:
        path: the paths.
        proteins: the table; without it a protein is known by the name that the path gives it, and nothing else.

    Raises:
        InputError: with the line number, where a file cannot be read as what it should be.
    """
    table = {protein.uniprot: protein for protein in _proteins(proteins)} if proteins else {}
    found: dict[tuple[str, str], dict[str, CuratedNode]] = {}
    left_out = 0
    for curated in _paths(path):
        key = (curated.drug.id, curated.disease.id)
        if all(one.partition("::")[2] for one in key):
            found.setdefault(key, {}).update(_nodes(curated, table))
        else:
            left_out += 1
    nodes = {key: tuple(held.values()) for key, held in found.items()}
    return Mechanisms(nodes=nodes, proteins=tuple(table.values()), left_out=left_out)


def _nodes(path: _Path, table: dict[str, Protein]) -> Iterator[tuple[str, CuratedNode]]:
    for node in path.nodes:
        part = PARTS.get(node.label)
        if part is not None and node.name.strip():
            protein = table.get(node.id.removeprefix(UNIPROT)) if part == "protein" else None
            yield f"{node.id} {node.name}", CuratedNode(id=node.id, part=part, name=node.name.strip(), protein=protein)


def _paths(path: Path) -> Iterator[_Path]:
    lines = [(number, line) for number, line in enumerate(_text(path, _PATH).split("\n"), 1) if line.strip()]
    if not lines:
        raise InputError(path, f"the file is empty. {_PATH}.")
    for number, line in lines:
        try:
            read = _Path.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            raise InputError(path, f"not JSON: {error.msg}. {_PATH}.", number) from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise InputError(path, f"`{where}`: {first['msg']}. {_PATH}.", number) from None
        yield read


def _proteins(path: Path) -> Iterator[Protein]:
    expected = f"Expected a tab-separated table with a header that has {' and '.join(COLUMNS)}"
    rows = csv.reader(_text(path, expected).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    header = next(rows, [])
    lacking = [name for name in COLUMNS if name not in header]
    if lacking:
        raise InputError(path, f"no column {' and '.join(lacking)}. {expected}.", 1)
    for number, row in enumerate(rows, 2):
        if any(row):
            if len(row) != len(header):
                raise InputError(path, f"{len(row)} columns, the header has {len(header)}.", number)
            cells: dict[str, Any] = dict(zip(header, (cell.strip() for cell in row), strict=True))
            empty = [name for name in COLUMNS if not cells[name]]
            if empty:
                raise InputError(path, f"the column {empty[0]} is empty.", number)
            others = tuple(filter(None, (one.strip() for one in cells.get("other_symbols", "").split("|"))))
            known = {name: cells.get(name, "") for name in ("uniprot", "entrez", "symbol", "name")}
            yield Protein(**known, other_symbols=others)


def _text(path: Path, expected: str) -> str:
    try:
        return content_of(path)
    except InputError as error:
        raise InputError(path, f"{error.problem.rstrip('.')}. {expected}.") from None
