"""The published CSV tables of MIMIC-III, read where they lie: only patient, admission, code and drug.

Column names are read in either case, plain or gzipped files alike. Nothing else of a row is kept, and no value of a
cell stands in an error, since it may be a patient's.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kedrec.errors import InputError

__all__ = [
    "Diagnosis", "Prescription", "Procedure", "numbers_of", "read_begun", "read_diagnoses", "read_prescriptions",
    "read_procedures",
]  # fmt: skip


@dataclass(frozen=True)
class Diagnosis:
    """A coded diagnosis of an admission."""

    patient: str
    """`subject_id`."""
    admission: str
    """`hadm_id`."""
    code: str
    """ICD-9-CM, without the dot."""


@dataclass(frozen=True)
class Procedure:
    """A coded procedure of an admission."""

    admission: str
    """`hadm_id`."""
    code: str
    """ICD-9-CM, without the dot."""


@dataclass(frozen=True)
class Prescription:
    """A drug prescribed during an admission."""

    patient: str
    """`subject_id`."""
    admission: str
    """`hadm_id`."""
    names: tuple[str, ...]
    """Generic name first, then as ordered; empty ones left out."""
    ndc: str
    """National drug code; empty or 0 where there is none."""
    kind: str
    """`MAIN`, `BASE` (what it is dissolved in) or `ADDITIVE`."""


def read_diagnoses(folder: Path) -> Iterator[Diagnosis]:
    """The diagnoses of all admissions.

    Raises:
        InputError: the table is missing or lacks a column.
    """
    for row in _rows(folder, "DIAGNOSES_ICD", ("subject_id", "hadm_id", "icd9_code")):
        if row["icd9_code"]:
            yield Diagnosis(row["subject_id"], row["hadm_id"], row["icd9_code"])


def read_prescriptions(folder: Path) -> Iterator[Prescription]:
    """The prescriptions of all admissions.

    Raises:
        InputError: the table is missing or lacks a column.
    """
    for row in _rows(folder, "PRESCRIPTIONS", ("subject_id", "hadm_id", "drug", "ndc")):
        names = (row.get(column, "").strip() for column in ("drug_name_generic", "drug", "drug_name_poe"))
        told = tuple(dict.fromkeys(filter(None, names)))
        yield Prescription(row["subject_id"], row["hadm_id"], told, row["ndc"].strip(), row.get("drug_type", "MAIN"))


def read_procedures(folder: Path) -> Iterator[Procedure]:
    """The procedures of all admissions.

    Raises:
        InputError: the table is missing or lacks a column.
    """
    for row in _rows(folder, "PROCEDURES_ICD", ("hadm_id", "icd9_code")):
        if row["icd9_code"]:
            yield Procedure(row["hadm_id"], row["icd9_code"])


def read_begun(folder: Path) -> dict[str, str]:
    """Admission -> when it began, to put a patient's admissions in order by.

    Raises:
        InputError: the table is missing or lacks a column.
    """
    return {row["hadm_id"]: row["admittime"] for row in _rows(folder, "ADMISSIONS", ("hadm_id", "admittime"))}


def numbers_of(patients: Iterable[str]) -> dict[str, int]:
    """A number for each patient, from 1, by lot; ids of patients go nowhere."""
    drawn = sorted(set(patients), key=lambda patient: hashlib.sha256(f"patient {patient}".encode()).digest())
    return {patient: number for number, patient in enumerate(drawn, 1)}


def _rows(folder: Path, table: str, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    path = next((one for ending in ("csv.gz", "csv") if (one := folder / f"{table}.{ending}").is_file()), None)
    if path is None:
        raise InputError(folder, f"no {table}.csv or {table}.csv.gz in it; name the folder of MIMIC-III's tables.")
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as raw:
        rows = csv.reader(io.TextIOWrapper(raw, "utf-8", errors="replace"))
        head = [name.lower() for name in next(rows, [])]
        lacking = [name for name in needed if name not in head]
        if lacking:
            raise InputError(path, f"no column {' and '.join(lacking)}; MIMIC-III's {table} has it.", 1)
        for number, row in enumerate(rows, 2):
            if len(row) != len(head):
                raise InputError(path, f"{len(row)} columns, the header has {len(head)}.", number)
            yield dict(zip(head, row, strict=True))
