"""Weighing of what the graph lacks: how many records of the literature name both the drug and the disease.

Nothing else is known where an id is not in the graph: no edge, no target, nothing derived from the literature for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kedrec.records import CandidateScore, Corpora, Entity, Factor
from kedrec.tools.literature_tools import names_for_search

if TYPE_CHECKING:
    from kedrec.agents.offline.weigher import Weighing
    from kedrec.tools.library.writer import CorpusGroup
    from kedrec.tools.literature import Literature

__all__ = ["weigh_by_name"]

MOST = 100
"""Records of one corpus that are counted."""
NOTE = "The graph lacks what was asked about; the score counts the records that name both, and nothing else."
CITED = 5
"""Records of one corpus that a factor names."""
WEIGHTS: dict[Corpora, dict[CorpusGroup, float]] = {
    "none": {},
    "trials": {"trials": 0.85},
    "articles": {"articles": 1.06},
    "both": {"articles": 0.84, "trials": 0.35},
}
"""Log-odds per unit of ln(1 + records): logistic regression on the differences within 1,615 labelled pairs, as if only
the names of the pair were known. Chooses right in 0.75 (both), 0.73 (articles) and 0.72 (trials), by cross-validation
with folds by disease."""
AVERAGE: dict[Corpora, float] = {"none": 0.0, "trials": 0.88, "articles": 1.25, "both": 1.35}
"""Score of the average drug of those pairs, with which one drug alone is compared."""


def weigh_by_name(literature: Literature, disease: Entity, candidates: Sequence[Entity], setting: Corpora) -> Weighing:
    """Weigh candidates by the records that name them with the disease.

    Args:
        literature: the index.
        disease: the disease; only its names are used.
        candidates: the drugs; only their names are used.
        setting: which corpora count.

    Returns:
        Scores in log-odds above the average of the candidates, or of the labelled pairs for one drug alone.
    """
    from kedrec.agents.offline.ranker import chances
    from kedrec.agents.offline.weigher import Weighing

    counted = [_factors(literature, disease, drug, setting) for drug in candidates]
    totals = np.array([sum(factor.share for factor in factors) for factors in counted])
    scores = totals - (AVERAGE[setting] if len(candidates) == 1 else totals.mean())
    scored = tuple(
        CandidateScore(id=drug.id, score=round(float(score), 6), probability=round(float(chance), 6), factors=factors)
        for drug, score, chance, factors in zip(candidates, scores, chances(scores), counted, strict=True)
    )
    return Weighing(candidates=scored, notes=(NOTE,))


def _factors(literature: Literature, disease: Entity, drug: Entity, setting: Corpora) -> tuple[Factor, ...]:
    names, words = (names_for_search(drug), names_for_search(disease)), f"{drug.name} {disease.name}"
    factors = []
    for corpus, weight in WEIGHTS[setting].items():
        hits = literature.search(words, corpus, MOST, require_all_of=names).hits
        text = f"{len(hits) or 'no'} {corpus} name both {drug.name} and {disease.name}"
        sources = tuple(hit.document_id for hit in hits[:CITED])
        factors.append(Factor(group=corpus, share=round(weight * math.log1p(len(hits)), 6), text=text, sources=sources))
    return tuple(sorted(factors, key=lambda factor: -factor.share))
