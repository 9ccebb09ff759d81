"""Pairs from MIMIC-III: for a patient and a diagnosis, a drug that was prescribed and a similar one that was not.

A patient gets many drugs, and the tables do not say which is for what. The prescribed drug is therefore one that the
graph lists for the diagnosis (its edge is hidden when the question is asked). The other is the most similar drug, by
targets, classes and name, among those that anybody in the tables was prescribed and this patient was not.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kedrec.distill.pairs.pairs_file import Named, Pair, Pairs, Scoring
from kedrec.eval.tables.mimic.files import numbers_of, read_diagnoses, read_prescriptions
from kedrec.eval.tables.mimic.mapping import Mapper
from kedrec.eval.tables.task import Task
from kedrec.graphdb.link_prediction.kernels import weighted

if TYPE_CHECKING:
    from kedrec.graphdb.link_prediction.treatments import GraphFacts
    from kedrec.graphdb.store import GraphStore

__all__ = ["TAUGHT", "MimicTask", "mimic_task"]

TAUGHT = 0.7
"""Share of the patients that are learnt from."""
LIKENESS = ("targets", "classes", "name")


@dataclass(frozen=True)
class MimicTask:
    """The task, and what was covered on the way to it."""

    task: Task
    """Questions, split by patient."""
    coverage: tuple[str, ...]
    """Lines for people: rows by kind, what was not found, pairs that could not be made."""


@dataclass(frozen=True)
class _Stay:
    """A diagnosis of a patient, and what was prescribed in the same admission."""

    patient: str
    disease: str
    drugs: frozenset[str]


def mimic_task(folder: Path, store: GraphStore, facts: GraphFacts, codes: Mapping[str, str] | None = None) -> MimicTask:
    """Make the pairs of a folder of MIMIC-III's tables.

    Args:
        folder: the tables, read where they lie.
        store: the graph, nothing hidden.
        facts: the same, as arrays.
        codes: national drug codes and their compounds, where a table of them is at hand.

    Raises:
        InputError: a table is missing or cannot be read.
    """
    mapper = Mapper(store, codes)
    mapper.learn_codes(read_prescriptions(folder))
    stays, given = _stays(folder, mapper)
    similar = _Similar(facts, sorted(set().union(*given.values())) if given else [])
    numbers = numbers_of(given)
    found = list(_pairs(stays, given, similar, facts, numbers))
    cut = round(TAUGHT * len(numbers))
    parts = [[one for one in found if (one[0] <= cut) == learnt] for learnt in (True, False)]
    train, test = (_file(folder, part) for part in parts)
    groups = {pair.id: f"patient {number}" for number, pair, _ in parts[1]}
    without = (
        f"{len(stays) - len(found):,} of {len(stays):,} diagnoses of patients with a disease have no prescribed drug"
    )
    lines = (*mapper.lines(), f"{without} that the graph lists for it, or no similar one that was not prescribed")
    lines = (*lines, _met_before(train, test))
    return MimicTask(Task("mimic", "MIMIC-III", train, test, groups, "patients"), lines)


def _stays(folder: Path, mapper: Mapper) -> tuple[list[_Stay], dict[str, set[str]]]:
    """Each patient's diseases with the drugs of the admissions, and all drugs of each patient."""
    drugs, given = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for one in read_prescriptions(folder):
        drug = mapper.drug(one)
        if drug and one.kind != "BASE":
            drugs[one.admission].add(drug)
            given[one.patient].add(drug)
    stays = defaultdict[tuple[str, str], set[str]](set)
    for diagnosis in read_diagnoses(folder):
        disease = mapper.disease(diagnosis)
        if disease:
            stays[diagnosis.patient, disease] |= drugs[diagnosis.admission]
            given.setdefault(diagnosis.patient, set())
    found = [_Stay(patient, disease, frozenset(held)) for (patient, disease), held in sorted(stays.items())]
    return found, dict(given)


class _Similar:
    """Which of some drugs are most like one.

    Args:
        facts: the graph.
        drugs: those that may be chosen.
    """

    def __init__(self, facts: GraphFacts, drugs: Sequence[str]) -> None:
        self._facts = facts
        self._drugs = [drug for drug in drugs if drug in facts.drug_row]
        self._profiles = [weighted(facts.drugs[kind]) for kind in LIKENESS if kind in facts.drugs]

    def best(self, drug: str, not_these: set[str]) -> str | None:
        """The most similar drug; None where none has anything in common with it."""
        row = self._facts.drug_row[drug]
        rows = [self._facts.drug_row[other] for other in self._drugs]
        likeness = sum(np.asarray((profile[rows] @ profile[row].T).todense()).ravel() for profile in self._profiles)
        order = np.argsort(-np.asarray(likeness), kind="stable").tolist() if rows else []
        likely = (place for place in order if np.asarray(likeness)[place] > 0)
        return next((self._drugs[place] for place in likely if self._drugs[place] not in not_these), None)


def _pairs(
    stays: Sequence[_Stay],
    given: Mapping[str, set[str]],
    similar: _Similar,
    facts: GraphFacts,
    numbers: Mapping[str, int],
) -> Iterator[tuple[int, Pair, Scoring]]:
    """The number of the patient, the question and the answer of each pair that can be made."""
    for stay in stays:
        listed = sorted((drug for drug in stay.drugs if facts.stated(drug, stay.disease)), key=_lot(stay))
        drug = next(iter(listed), None)
        other = similar.best(drug, given[stay.patient] | {drug}) if drug else None
        if drug and other:
            number = numbers[stay.patient]
            kind = "unlisted" if not facts.stated(other, stay.disease) else "listed too"
            pair = _pair(facts, number, stay, (drug, other))
            yield number, pair, Scoring(answer=drug, negative_kind=kind)


def _pair(facts: GraphFacts, number: int, stay: _Stay, drugs: tuple[str, str]) -> Pair:
    ordered = sorted(drugs, key=_lot(stay))
    return Pair(
        id=f"mimic-{number}-{stay.disease}",
        disease=Named(id=stay.disease, name=facts.name(stay.disease)),
        candidates=tuple(Named(id=drug, name=facts.name(drug)) for drug in ordered),
    )


def _lot(stay: _Stay) -> Callable[[str], bytes]:
    """Order drugs by lot, the same each time; the patient has no say in it."""
    return lambda drug: hashlib.sha256(f"{stay.disease} {drug}".encode()).digest()


def _met_before(train: Pairs, test: Pairs) -> str:
    """How many questions a row has learnt the answer of: patients differ, diseases and drugs recur."""
    learnt = {(pair.disease.id, pair.candidates) for pair in train.questions}
    met = sum((pair.disease.id, pair.candidates) in learnt for pair in test.questions)
    return (
        f"{met:,} of {len(test.questions):,} questions asked were asked of a patient to learn from too, word for word"
    )


def _file(folder: Path, rows: Sequence[tuple[int, Pair, Scoring]]) -> Pairs:
    told = repr([(pair.model_dump(), known.answer) for _, pair, known in rows])
    return Pairs(
        path=str(folder),
        sha256=hashlib.sha256(told.encode()).hexdigest(),
        questions=tuple(pair for _, pair, _ in rows),
        scoring={pair.id: known for _, pair, known in rows},
    )
