"""Diseases as SafeDrug and 4SDrug see patients: a set of codes, and the set of drugs that go with it.

Both methods were made for visits of patients. Here a disease takes the visit's place: its codes are its symptoms,
genes, sites and the words of its name in the graph; its medication set are the drugs that the visible graph has for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from kedrec.graphdb.link_prediction.treatments import without

if TYPE_CHECKING:
    from kedrec.eval.tables.baselines.pair_network import Questions
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World

__all__ = ["Sets", "codes_of", "multi_label_loss", "sets_of"]

KINDS = ("symptoms", "name", "sites", "genes")
MOST_CODES = 6000
"""Codes that are kept, those of the most diseases first; one of a single disease teaches nothing."""


@dataclass(frozen=True)
class Sets:
    """Diseases with their codes, and medication sets of those that have one."""

    codes: Tensor
    """Codes of the questions' diseases, rows as in `Questions.diseases`, shape (diseases, codes), zeros and ones."""
    taught: Tensor
    """Codes of the diseases with a medication set, shape (taught, codes)."""
    drugs: Tensor
    """Their medication sets, columns as in `Questions.drugs`, shape (taught, drugs), zeros and ones."""


def sets_of(world: World, task: Task, questions: Questions) -> Sets:
    """The sets that the visible graph gives; the direct edges of the task's pairs are no part of them."""
    facts = world.facts
    codes = codes_of(world)
    rows = [facts.drug_row.get(drug, -1) for drug in questions.drugs]
    known = [place for place, row in enumerate(rows) if row >= 0]
    treats = sparse.csc_matrix(without(facts, task.hidden)[[rows[place] for place in known]])
    taught = np.flatnonzero(np.diff(treats.indptr) > 0)
    drugs = np.zeros((len(taught), len(questions.drugs)), np.float32)
    drugs[:, known] = treats[:, taught].T.toarray()
    own = [facts.disease_row.get(disease, -1) for disease in questions.diseases]
    padded = sparse.vstack([codes, sparse.csr_matrix(np.zeros((1, codes.shape[1]), np.float32))]).tocsr()
    return Sets(_dense(padded[own]), _dense(codes[taught]), torch.from_numpy(drugs))


def codes_of(world: World) -> sparse.csr_matrix:
    """All diseases of the graph by codes that at least two of them have, zeros and ones."""
    profiles = [world.facts.diseases[kind] for kind in KINDS if kind in world.facts.diseases]
    whole = sparse.csr_matrix(sparse.hstack(profiles), dtype=np.float32)
    whole.data[:] = 1
    counts = np.asarray(whole.sum(axis=0)).ravel()
    often = np.argsort(-counts, kind="stable")[:MOST_CODES]
    return sparse.csr_matrix(whole[:, np.sort(often[counts[often] > 1])])


def multi_label_loss(scores: Tensor, drugs: Tensor) -> Tensor:
    """Both papers' loss on medication sets: binary cross-entropy, and a margin between drugs of the set and others.

    Args:
        scores: log-odds of each drug, shape (sets, drugs).
        drugs: the sets, zeros and ones, same shape.
    """
    binary = torch.nn.functional.binary_cross_entropy_with_logits(scores, drugs)
    chances = torch.sigmoid(scores)
    least = torch.where(drugs > 0, chances, torch.ones_like(chances)).min(dim=1, keepdim=True).values
    margin = torch.relu(1 - (least - chances)) * (1 - drugs)
    return 0.95 * binary + 0.05 * margin.mean()


def _dense(matrix: sparse.csr_matrix) -> Tensor:
    return torch.from_numpy(np.asarray(matrix.toarray(), np.float32))
