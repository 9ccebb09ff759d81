"""Which of two drugs is more likely to have a side effect: the paper's future work, through the same graph.

The questions are drawn from the graph's side effects (SIDER by way of Hetionet): a drug that has the effect and the
most similar one not listed with it. A fifth of the effects' edges is held out and asked; a drug is scored by the
drugs that are like it in targets, classes, name and structure and still have the effect.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kedrec.eval.metrics import Outcome
from kedrec.eval.tables.steps import Kept
from kedrec.graphdb.link_prediction.kernels import weighted

if TYPE_CHECKING:
    from kedrec.eval.tables.world import World

__all__ = ["HELD_OUT", "QUESTIONS", "adverse_effects", "effects_of", "held_out_of", "likeness_of", "questions_of"]

RELATION = "::CcSE::"
HELD_OUT, QUESTIONS, LEAST = 5, 400, 3
"""One edge in how many is held out, how many are asked, and how many drugs an effect must have."""
LIKENESS = {"targets": 1.0, "classes": 0.6, "resemblance": 0.4, "name": 0.5}


def adverse_effects(world: World) -> Kept:
    """Draw questions and answer them, by likeness and by how many effects a drug is listed with at all."""
    table, effects = effects_of(world)
    if not table.nnz:
        return Kept(note="the graph has no side effects")
    likeness = likeness_of(world)
    held = held_out_of(table, effects)
    shown = sparse.csr_matrix(table - held)
    rows = list(questions_of(table, held, likeness))
    scores = likeness @ shown
    popular = np.asarray(shown.sum(axis=1)).ravel()
    by_likeness = [_outcome(row, float(scores[row[0], row[2]] - scores[row[1], row[2]]), effects) for row in rows]
    by_count = [_outcome(row, float(popular[row[0]] - popular[row[1]]), effects) for row in rows]
    alone = sum(outcome.right for outcome in by_count) / max(len(rows), 1)
    return Kept(outcomes=tuple(by_likeness), figures={"questions": len(rows), "by the number of effects alone": alone})


def effects_of(world: World) -> tuple[sparse.csr_matrix, list[str]]:
    """Drugs by side effects, ones, rows as in the facts."""
    store, facts = world.store, world.facts
    kinds = [place for place, name in enumerate(store.relations) if RELATION in name]
    edges = np.flatnonzero(np.isin(store.rels, kinds))
    names = [store.ids[place] for place in store.tails[edges].tolist()]
    effects = sorted(set(names))
    column = {name: place for place, name in enumerate(effects)}
    rows = [facts.drug_row[store.ids[place]] for place in store.heads[edges].tolist()]
    cells = (np.ones(len(rows), np.float32), (rows, [column[name] for name in names]))
    table = sparse.csr_matrix(cells, (len(facts.drug_ids), len(effects)))
    table.data[:] = 1
    return table, effects


def likeness_of(world: World) -> sparse.csr_matrix:
    """How alike drugs are by all but their effects, nothing with themselves."""
    profiles = {kind: weighted(world.facts.drugs[kind]) for kind in LIKENESS if kind in world.facts.drugs}
    total = sum((LIKENESS[kind] * (profile @ profile.T) for kind, profile in profiles.items()))
    likeness = sparse.csr_matrix(total)
    likeness.setdiag(0)
    likeness.eliminate_zeros()
    return likeness


def held_out_of(table: sparse.csr_matrix, effects: list[str], fifth: int = 0) -> sparse.csr_matrix:
    """One of five shares of the edges by a hash, of effects that enough drugs have."""
    often = np.asarray(table.sum(axis=0)).ravel() >= LEAST
    rows, columns = table.nonzero()
    lots = [
        hashlib.sha256(f"{row} {effects[column]}".encode()).digest()[0]
        for row, column in zip(rows, columns, strict=True)
    ]
    kept = (np.array(lots) % HELD_OUT == fifth) & often[columns]
    return sparse.csr_matrix((np.ones(int(kept.sum()), np.float32), (rows[kept], columns[kept])), table.shape)


def questions_of(
    table: sparse.csr_matrix, held: sparse.csr_matrix, likeness: sparse.csr_matrix, most: int | None = QUESTIONS
) -> list[tuple[int, int, int]]:
    """(drug with the effect, similar drug that is not listed with it but with others, effect), at most so many."""
    listed = np.flatnonzero(np.asarray(table.sum(axis=1)).ravel() > 0)
    edges = np.stack(held.nonzero(), axis=1)
    found = []
    for row, column in np.random.default_rng(0).permutation(edges)[:most].tolist():
        near: NDArray[np.float32] = likeness.getrow(row).toarray().ravel()[listed]
        near[table.getcol(column).toarray().ravel()[listed] > 0] = 0
        if near.max(initial=0) > 0:
            found.append((row, int(listed[near.argmax()]), column))
    return found


def _outcome(row: tuple[int, int, int], ahead: float, effects: list[str]) -> Outcome:
    name = f"{row[0]} {row[1]} {effects[row[2]]}"
    first = ahead > 0 if ahead else hashlib.sha256(name.encode()).digest()[0] % 2 == 0
    own, other = str(row[0]), str(row[1])
    return Outcome(
        pair_id=name, disease=effects[row[2]], kind="side effect", answer=own, choice=own if first else other
    )
