"""MIMIC-III in the form that SafeDrug and 4SDrug were made for: patients with visits, and what each was given.

A visit is an admission: categories of its diagnoses and procedures (the first three and two characters of ICD-9-CM),
and the drugs of the graph that were prescribed in it, what others are dissolved in left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kedrec.eval.tables.mimic.files import (
    numbers_of,
    read_begun,
    read_diagnoses,
    read_prescriptions,
    read_procedures,
)
from kedrec.eval.tables.mimic.mapping import Mapper
from kedrec.eval.tables.mimic.pairs import TAUGHT

if TYPE_CHECKING:
    from kedrec.graphdb.embedded.store import EmbeddedStore

__all__ = ["Visit", "Visits", "interactions_of", "visits_of"]

DIAGNOSIS, PROCEDURE = 3, 2
LEAST = 2
"""Training visits that a code or a drug must stand in to be known."""
INTERACTS = "ddi"
"""What stands in the names of relations of drugs that interact, as `DRUGBANK::ddi-interactor-in::Compound:Compound`."""


@dataclass(frozen=True)
class Visit:
    """An admission."""

    patient: int
    """Number of the patient."""
    diagnoses: frozenset[str]
    """Categories of the diagnoses."""
    procedures: frozenset[str]
    """Categories of the procedures."""
    drugs: frozenset[str]
    """Compound ids."""


@dataclass(frozen=True)
class Visits:
    """All visits, each patient's in order, and what they consist of as numbers."""

    train: tuple[Visit, ...]
    """Learnt from."""
    test: tuple[Visit, ...]
    """Those of other patients."""
    drugs: tuple[str, ...]
    """Drugs that are known; columns below."""
    diagnoses: tuple[str, ...]
    """Categories of diagnoses that are known."""
    procedures: tuple[str, ...]
    """Categories of procedures that are known."""
    interacting: NDArray[np.float32] | None
    """Which drugs interact, zeros and ones, shape (drugs, drugs); None where the graph has no interactions."""

    def histories(self, visits: Sequence[Visit]) -> list[list[Visit]]:
        """For each visit the patient's visits up to it, the latest last."""
        found = []
        for _, own in groupby(visits, key=lambda visit: visit.patient):
            held = list(own)
            found += [held[: place + 1] for place in range(len(held))]
        return found

    def given(self, visits: Sequence[Visit]) -> NDArray[np.float32]:
        """The known drugs of each visit, zeros and ones, shape (visits, drugs)."""
        return table_of([visit.drugs for visit in visits], self.drugs)


def visits_of(folder: Path, store: EmbeddedStore, mapper: Mapper) -> Visits:
    """Read the visits of a folder of MIMIC-III's tables; those without a drug of the graph are left out.

    Args:
        folder: the tables, read where they lie.
        store: the graph.
        mapper: finds the drugs.

    Raises:
        InputError: a table is missing or cannot be read.
    """
    found = _read(folder, mapper)
    numbers = numbers_of(patient for patient, _ in found)
    visits = sorted(((numbers[patient], visit) for patient, visit in found), key=lambda row: row[0])
    cut = round(TAUGHT * len(numbers))
    parts = [
        tuple(_numbered(number, visit) for number, visit in visits if (number <= cut) == learnt)
        for learnt in (True, False)
    ]
    drugs = _known(visit.drugs for visit in parts[0])
    return Visits(
        train=parts[0],
        test=parts[1],
        drugs=drugs,
        diagnoses=_known(visit.diagnoses for visit in parts[0]),
        procedures=_known(visit.procedures for visit in parts[0]),
        interacting=interactions_of(store, drugs),
    )


def table_of(sets: Sequence[frozenset[str]], names: Sequence[str]) -> NDArray[np.float32]:
    """Sets as rows of zeros and ones, shape (sets, names)."""
    place = {name: column for column, name in enumerate(names)}
    table = np.zeros((len(sets), len(names)), np.float32)
    for row, own in enumerate(sets):
        table[row, [place[name] for name in own if name in place]] = 1
    return table


def interactions_of(store: EmbeddedStore, drugs: Sequence[str]) -> NDArray[np.float32] | None:
    """Which drugs interact as the graph states it, shape (drugs, drugs); None where it states no interactions."""
    kinds = [place for place, name in enumerate(store.relations) if INTERACTS in name]
    edges = np.flatnonzero(np.isin(store.rels, kinds))
    if not len(edges):
        return None
    column = {store.place(name): place for place, name in enumerate(drugs)}
    table = np.zeros((len(drugs), len(drugs)), np.float32)
    for one, other in zip(store.heads[edges].tolist(), store.tails[edges].tolist(), strict=True):
        if one in column and other in column:
            table[column[one], column[other]] = table[column[other], column[one]] = 1
    return table


def _read(folder: Path, mapper: Mapper) -> list[tuple[str, Visit]]:
    """Each admission with its patient, in order of time."""
    drugs, ill, done = (defaultdict[str, set[str]](set) for _ in range(3))
    patients: dict[str, str] = {}
    for one in read_prescriptions(folder):
        drug = mapper.drug(one)
        if drug and one.kind != "BASE":
            drugs[one.admission].add(drug)
            patients[one.admission] = one.patient
    for diagnosis in read_diagnoses(folder):
        ill[diagnosis.admission].add(diagnosis.code[:DIAGNOSIS])
    for procedure in read_procedures(folder):
        done[procedure.admission].add(procedure.code[:PROCEDURE])
    begun = read_begun(folder)
    ordered = sorted(drugs, key=lambda admission: begun.get(admission, ""))
    return [
        (patients[one], Visit(0, frozenset(ill[one]), frozenset(done[one]), frozenset(drugs[one]))) for one in ordered
    ]


def _numbered(number: int, visit: Visit) -> Visit:
    return Visit(number, visit.diagnoses, visit.procedures, visit.drugs)


def _known(sets: Iterable[frozenset[str]]) -> tuple[str, ...]:
    counts = Counter(chain.from_iterable(sets))
    return tuple(sorted(name for name, count in counts.items() if count >= LEAST))
