"""How much surer the student may be than what it was taught makes it: it learns from answers that are softened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from kedrec.agents.offline.fit import slope_of
from kedrec.distill.dataset.short_rows import SWAPPED
from kedrec.distill.student.upper_layers.loop import UpperLoop, probabilities
from kedrec.records import Corpora

__all__ = ["FEWEST", "in_both_orders", "slopes_of_answers"]

FEWEST = 50
"""Decisions held out from which a slope is fitted; with fewer the answers stay as they are."""
_LEAST = 1e-6


def slopes_of_answers(held_out: UpperLoop, settings: Mapping[str, Corpora]) -> dict[Corpora, float]:
    """Return what the log-odds of an answer, averaged over both orders, are to be multiplied by in each setting.

    Args:
        held_out: Rows that were not learnt from; those of one decision in both orders have ids that tell so.
        settings: The setting of each row, by its id.

    Returns:
        For each setting with ``FEWEST`` decisions or more the slope that makes the right labels of these rows most
        likely (Platt 1999, without an intercept as no order comes first).
    """
    setting_of = {name.removesuffix(SWAPPED): setting for name, setting in settings.items()}
    of_right: dict[Corpora, dict[str, list[float]]] = defaultdict(dict)
    for decision, told in in_both_orders(held_out).items():
        of_right[setting_of[decision]][decision] = told
    return {setting: _slope(told) for setting, told in of_right.items() if len(told) >= FEWEST}


def in_both_orders(held_out: UpperLoop) -> dict[str, list[float]]:
    """Return the probability of the right candidate of each decision, in each order in which it was asked."""
    rows, size = held_out.examples, held_out.plan.batch_size
    of_right: dict[str, list[float]] = defaultdict(list)
    for first in range(0, len(rows), size):
        places = range(first, min(first + size, len(rows)))
        for place, told in zip(places, probabilities(held_out, places), strict=True):
            of_right[rows[place].row_id.removesuffix(SWAPPED)].append(told[rows[place].right])
    return of_right


def _slope(of_right: Mapping[str, Sequence[float]]) -> float:
    mean = np.clip([np.mean(both) for both in of_right.values()], _LEAST, 1 - _LEAST)
    return slope_of(np.log(mean / (1 - mean)))
