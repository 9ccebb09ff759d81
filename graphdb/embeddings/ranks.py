"""How well true drugs are found: filtered ranks, their mean reciprocal, and the share within the first ten."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kedrec.graphdb.embeddings.task import LinkArray, LinkTask
from kedrec.records import Record

__all__ = ["RankReport", "Scorer", "popularity", "rank_report", "ranks_of"]

Scorer = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Places of diseases -> scores of all candidates, shape (diseases, candidates)."""
AT_ONCE = 64


class RankReport(Record):
    """How well the drugs of some diseases are found."""

    links: int
    """True (compound, disease) links ranked."""
    diseases: int
    """Diseases that they belong to."""
    candidates: int
    """Compounds that each was ranked among, the other true drugs of the disease left out."""
    mrr: float
    """Mean reciprocal rank over the links."""
    hits10: float
    """Share of the links with a rank of at most 10."""
    mrr_linked: float | None
    """The same mean over the links of diseases that have an edge left; None if there are none."""
    mrr_alone: float | None
    """The same over those of diseases that have none; None if there are none."""


def rank_report(task: LinkTask, links: LinkArray, scorer: Scorer) -> RankReport:
    """Rank every true drug of every disease among all candidates.

    Args:
        task: what was learnt from.
        links: those asked about; all therapeutic links of their diseases.
        scorer: what is measured.
    """
    ranks = ranks_of(task, links, scorer)
    worth = 1 / ranks
    near = np.bincount(np.concatenate((task.heads, task.tails)), minlength=len(task.ids)) > 0
    linked = near[links[:, 1]]
    return RankReport(
        links=len(links),
        diseases=len(np.unique(links[:, 1])),
        candidates=len(task.candidates),
        mrr=float(worth.mean()) if len(links) else 0.0,
        hits10=float((ranks <= 10).mean()) if len(links) else 0.0,
        mrr_linked=float(worth[linked].mean()) if linked.any() else None,
        mrr_alone=float(worth[~linked].mean()) if not linked.all() else None,
    )


def ranks_of(task: LinkTask, links: LinkArray, scorer: Scorer) -> NDArray[np.float64]:
    """Return the filtered rank of each link's compound among the candidates, in the order of the links.

    The other true drugs of the disease are left out (filtered). Of equal scores each gets the mean of the ranks that
    they share: with b better and e equal others the rank is 1 + b + e / 2, so that a method that scores all alike
    gains nothing.

    Args:
        task: the candidates.
        links: sorted by disease.
        scorer: what is measured.
    """
    ranks = np.zeros(len(links))
    column = np.full(len(task.ids), -1, np.int64)
    column[task.candidates] = np.arange(len(task.candidates))
    diseases = np.unique(links[:, 1]).astype(np.int64)
    for start in range(0, len(diseases), AT_ONCE):
        some = diseases[start : start + AT_ONCE]
        for disease, scores in zip(some.tolist(), scorer(some), strict=True):
            asked = np.flatnonzero(links[:, 1] == disease)
            true = column[links[asked, 0]]
            others = np.sort(np.delete(scores, true))
            above = len(others) - np.searchsorted(others, scores[true], side="right")
            equal = np.searchsorted(others, scores[true], side="right") - np.searchsorted(
                others, scores[true], side="left"
            )
            ranks[asked] = np.asarray(1 + above + equal / 2, np.float64)
    return ranks


def popularity(task: LinkTask) -> Scorer:
    """Score a compound by the number of diseases that it is used for in training, whatever the disease."""
    counts = np.bincount(task.train[:, 0], minlength=len(task.ids))[task.candidates].astype(np.float32)
    return lambda diseases: np.broadcast_to(counts, (len(diseases), len(counts)))
