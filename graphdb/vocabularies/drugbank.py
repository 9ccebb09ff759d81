"""DrugBank's open vocabulary: a CSV of ids, names and synonyms (CC0), published as a zip archive.

Source: https://go.drugbank.com/releases/latest#open-data
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from kedrec.errors import InputError
from kedrec.graphdb.vocabularies.text import Term, lines_of

__all__ = ["read_drugbank"]

WHAT = "DrugBank's open vocabulary"
NEEDED = ("DrugBank ID", "Common name")


def read_drugbank(path: Path) -> Iterator[Term]:
    """Yield the drugs, each with its secondary DrugBank ids.

    Args:
        path: the CSV, plain, gzipped or in its zip archive. Columns: DrugBank ID, Accession Numbers, Common name, CAS,
            UNII, Synonyms, Standard InChI Key; those with several values part them by ` | `.

    Raises:
        InputError: it is no such file, or a line does not fit; with its number.
    """
    rows = csv.reader((line + "\n" for _, line in lines_of(path, WHAT)), strict=True)
    try:
        header = [column.strip() for column in next(rows, [])]
        missing = [column for column in NEEDED if column not in header]
        if missing:
            raise InputError(path, f"no column {' or '.join(map(repr, missing))}; this is not {WHAT}", 1)
        for row in rows:
            if row:
                yield _term(path, rows.line_num, header, row)
    except csv.Error as error:
        raise InputError(path, f"not valid CSV ({error}); fetch it again", rows.line_num) from None


def _term(path: Path, number: int, header: list[str], row: list[str]) -> Term:
    if len(row) != len(header):
        raise InputError(path, f"{len(row)} columns where {len(header)} belong", number)
    fields = dict(zip(header, row, strict=True))
    drug, name = (fields[column].strip() for column in NEEDED)
    if not drug or not name:
        raise InputError(path, "a drug without an id or without a name", number)
    accessions = [other for other in _several(fields.get("Accession Numbers", "")) if other.startswith("DB")]
    return Term(drug, name, _several(fields.get("Synonyms", "")), tuple(other for other in accessions if other != drug))


def _several(text: str) -> tuple[str, ...]:
    return tuple(part for piece in text.split(" | ") if (part := piece.strip()))
