"""What is measured of sets of drugs: Jaccard, F1, the area under precision and recall of each visit, interactions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedrec.eval.rationale_measures.figures import Count, ratio

__all__ = ["LEAST_CHANCE", "interaction_rate", "measured"]

LEAST_CHANCE = 0.5
"""From which chance on a drug is given, as in both papers."""
Table = NDArray[np.float32]


def measured(chances: Table, given: Table, patients: Sequence[int], interacting: Table | None) -> dict[str, Any]:
    """Measure the drugs that a method gives.

    Args:
        chances: of each drug in each visit, shape (visits, drugs).
        given: what was given, zeros and ones, same shape.
        patients: number of each visit's patient, by which intervals resample.
        interacting: which drugs interact; None where that is not known.

    Returns:
        Figures by name, those with an interval as `[value, low, high]`; all are means over visits.
    """
    chosen = (chances >= LEAST_CHANCE).astype(np.float32)
    each = {"Jaccard": _jaccard, "F1": _f1}
    figures: dict[str, Any] = {name: _mean(of, chosen, given, patients) for name, of in each.items()}
    areas = [_area(one, own) for one, own in zip(chances, given, strict=True) if own.any()]
    return {
        **figures,
        "PRAUC": round(float(np.mean(areas)), 4) if areas else None,
        "interacting pairs": interaction_rate(chosen, interacting),
        "interacting pairs as given": interaction_rate(given, interacting),
        "drugs a visit": round(float(chosen.sum(axis=1).mean()), 2),
        "drugs a visit as given": round(float(given.sum(axis=1).mean()), 2),
    }


def interaction_rate(chosen: Table, interacting: Table | None) -> float | None:
    """The share of pairs of drugs in the same visit that interact; None where that is not known or there are none."""
    if interacting is None:
        return None
    together = np.triu(chosen.T @ chosen, 1)
    pairs = float(together.sum())
    return round(float((together * interacting).sum()) / pairs, 4) if pairs else None


def _mean(
    of: Callable[[Table, Table], float], chosen: Table, given: Table, patients: Sequence[int]
) -> tuple[float, float, float]:
    rows = zip(chosen, given, patients, strict=True)
    figure = ratio(Count(str(patient), of(one, own), 1) for one, own, patient in rows)
    low, high = figure.ci95_by_disease or (0.0, 0.0)
    return figure.value or 0.0, low, high


def _jaccard(chosen: Table, given: Table) -> float:
    either = float(np.maximum(chosen, given).sum())
    return float((chosen * given).sum()) / either if either else 1.0


def _f1(chosen: Table, given: Table) -> float:
    held = float(chosen.sum() + given.sum())
    return 2 * float((chosen * given).sum()) / held if held else 1.0


def _area(chances: Table, given: Table) -> float:
    """Mean precision at the places of what was given, the likeliest drug first; ties stand in order of the columns."""
    hits = given[np.argsort(-chances, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float((precision * hits).sum() / hits.sum())
