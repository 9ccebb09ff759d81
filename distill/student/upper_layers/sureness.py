"""How much surer the student may be than what it was taught makes it: it learns from answers that are softened."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from kedrec.agents.offline.fit import slope_of
from kedrec.distill.dataset.short_rows import SWAPPED
from kedrec.distill.student.upper_layers.loop import UpperLoop, probabilities

__all__ = ["FEWEST", "slope_of_answers"]

FEWEST = 50
"""Decisions held out from which a slope is fitted; with fewer the answers stay as they are."""
_LEAST = 1e-6


def slope_of_answers(held_out: UpperLoop) -> float:
    """Return what the log-odds of an answer, averaged over both orders, are to be multiplied by.

    Args:
        held_out: Rows that were not learnt from; those of one decision in both orders have ids that tell so.

    Returns:
        The slope that makes the right labels of these rows most likely (Platt 1999, without an intercept as no order
        comes first); 1 where there are fewer than ``FEWEST`` decisions.
    """
    rows, size = held_out.examples, held_out.plan.batch_size
    of_right: dict[str, list[float]] = defaultdict(list)
    for first in range(0, len(rows), size):
        places = range(first, min(first + size, len(rows)))
        for place, told in zip(places, probabilities(held_out, places), strict=True):
            right = int(np.argmax(rows[place].sure))
            of_right[rows[place].row_id.removesuffix(SWAPPED)].append(told[right])
    if len(of_right) < FEWEST:
        return 1.0
    mean = np.clip([np.mean(both) for both in of_right.values()], _LEAST, 1 - _LEAST)
    return slope_of(np.log(mean / (1 - mean)))
