"""How much surer the student may be than what it was taught makes it: it learns from answers that are softened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from kedrec.agents.offline.fit import slope_of
from kedrec.distill.dataset.short_rows import SWAPPED
from kedrec.distill.student.upper_layers.loop import UpperLoop, probabilities
from kedrec.records import Corpora

__all__ = ["FEWEST", "slopes_of_answers"]

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
    rows, size = held_out.examples, held_out.plan.batch_size
    of_right: dict[Corpora, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for first in range(0, len(rows), size):
        places = range(first, min(first + size, len(rows)))
        for place, told in zip(places, probabilities(held_out, places), strict=True):
            row = rows[place]
            of_right[settings[row.row_id]][row.row_id.removesuffix(SWAPPED)].append(told[row.right])
    return {setting: _slope(told) for setting, told in of_right.items() if len(told) >= FEWEST}


def _slope(of_right: Mapping[str, Sequence[float]]) -> float:
    mean = np.clip([np.mean(both) for both in of_right.values()], _LEAST, 1 - _LEAST)
    return slope_of(np.log(mean / (1 - mean)))
