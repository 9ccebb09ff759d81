"""Whether one row is better than another on the same questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kedrec.eval.metrics import RESAMPLES, SEED, Outcome, sums_by_group
from kedrec.records import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PairedComparison", "compare"]


class PairedComparison(Record):
    """A row beside another."""

    difference: float
    """F1 of the row less that of the other."""
    ci95: tuple[float, float]
    """Bootstrap interval of the difference, resampling groups."""
    p_items: float
    """McNemar's exact test, two-sided: items that only one of them gets right."""
    p_groups: float
    """Two-sided, from the bootstrap by groups; at least 1 in the number of resamples."""


def compare(row: Sequence[Outcome], other: Sequence[Outcome]) -> PairedComparison:
    """Compare two rows, question by question.

    Args:
        row: outcomes, grouped by their `disease`.
        other: those of the other row, for the same questions in any order.
    """
    import numpy as np

    others = {outcome.pair_id: outcome for outcome in other}
    paired = [others[outcome.pair_id] for outcome in row]
    groups = [outcome.disease for outcome in row]
    one, two = sums_by_group(row, groups), sums_by_group(paired, groups)
    drawn = np.random.default_rng(SEED).integers(0, len(one), size=(RESAMPLES, len(one)))
    gaps = _f1(one[drawn].sum(axis=1)) - _f1(two[drawn].sum(axis=1))
    low, high = np.quantile(gaps, [0.025, 0.975])
    tail = 2 * min(float((gaps <= 0).mean()), float((gaps >= 0).mean()))
    return PairedComparison(
        difference=round(float(_f1(one.sum(axis=0)) - _f1(two.sum(axis=0))), 4),
        ci95=(round(float(low), 4), round(float(high), 4)),
        p_items=round(_mcnemar(row, paired), 4),
        p_groups=round(min(1.0, max(tail, 1 / RESAMPLES)), 4),
    )


def _f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """F1 of sums of right choices, answered questions and questions, which stand on the last axis."""
    return 2 * sums[..., 0] / (sums[..., 1] + sums[..., 2])


def _mcnemar(row: Sequence[Outcome], other: Sequence[Outcome]) -> float:
    from scipy.stats import binomtest

    won = sum(a.right and not b.right for a, b in zip(row, other, strict=True))
    lost = sum(b.right and not a.right for a, b in zip(row, other, strict=True))
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
