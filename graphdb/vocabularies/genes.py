"""NCBI's `gene_info`: symbols of genes by Entrez id.

Source: https://ftp.ncbi.nlm.nih.gov/gene/DATA/GENE_INFO/ (public domain)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kedrec.errors import InputError
from kedrec.graphdb.vocabularies.text import Term, lines_of

__all__ = ["read_genes"]

WHAT = "NCBI gene_info"
NEEDED = ("tax_id", "GeneID", "Symbol", "Synonyms", "description")
HUMAN = "9606"
SPECIES = {
    "10090": "mouse", "10116": "rat", "9913": "cow", "9823": "pig", "9986": "rabbit", "9615": "dog", "9031": "chicken",
    "9544": "rhesus monkey", "7955": "zebrafish", "8355": "African clawed frog", "7227": "fruit fly",
    "6239": "C. elegans", "559292": "yeast",
}  # fmt: skip
"""Taxonomy ids of the animals whose genes literature names most often."""
PLACEHOLDER = "NEWENTRY"
"""Symbol of records that stand for all genes of a species without one of their own."""


def read_genes(path: Path) -> Iterator[Term]:
    """Yield the genes; those of other species carry theirs in every name: `Tnf (mouse)`.

    Args:
        path: gene_info of one species or of several, plain or gzipped.

    Raises:
        InputError: it is no such file, or a line does not fit; with its number.
    """
    places: list[int] = []
    width = 0
    for number, line in lines_of(path, WHAT):
        columns = line.split("\t")
        if number == 1:
            names = [name.lstrip("#") for name in columns]
            missing = [name for name in NEEDED if name not in names]
            if missing:
                raise InputError(path, f"no column {' or '.join(map(repr, missing))}; this is not {WHAT}", 1)
            places, width = [names.index(name) for name in NEEDED], len(columns)
        elif len(columns) != width:
            raise InputError(path, f"{len(columns)} columns where {width} belong; the file may be cut off", number)
        elif (term := _term([columns[place] for place in places])).name != PLACEHOLDER:
            yield term
    if not width:
        raise InputError(path, f"the file is empty; expected {WHAT}")


def _term(columns: list[str]) -> Term:
    species, gene, symbol, synonyms, description = columns
    names = [name for name in [*synonyms.split("|"), description] if name not in {"-", "", symbol}]
    if species == HUMAN or symbol == PLACEHOLDER:
        return Term(gene, symbol, tuple(names))
    animal = SPECIES.get(species, f"taxon {species}")
    return Term(gene, f"{symbol} ({animal})", tuple(f"{name} ({animal})" for name in names))
