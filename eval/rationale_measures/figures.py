"""A figure with its interval: a share or a mean as a ratio of sums, or a quantile; resampled by disease."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kedrec.eval.metrics import RESAMPLES, SEED
from kedrec.records import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

__all__ = ["Count", "Figure", "QuantileItem", "quantile", "ratio"]


class Figure(Record):
    """A measured figure and how sure it is."""

    n: int
    """What it is counted over: rationales, sentences, drugs, targets or quotes."""
    value: float | None
    """The figure; null where there is nothing to count over."""
    ci95_by_disease: tuple[float, float] | None
    """Bootstrap interval, resampling diseases with all their questions; null where the figure is."""


class Count(NamedTuple):
    """One item of a ratio."""

    disease: str
    """Disease id."""
    part: float
    """What is added to the numerator."""
    whole: int
    """What is added to the denominator."""


class QuantileItem(NamedTuple):
    """One item of a quantile."""

    disease: str
    """Disease id."""
    value: float
    """The item's value."""


def ratio(counts: Iterable[Count]) -> Figure:
    """The sum of the parts over the sum of the wholes."""
    import numpy as np

    kept = [count for count in counts if count.whole]
    whole = sum(count.whole for count in kept)
    if not whole:
        return Figure(n=0, value=None, ci95_by_disease=None)
    sums = np.array([np.sum(rows, axis=0) for rows in _by_disease(kept)])

    def drawn(places: NDArray[np.int64]) -> float:
        part, over = sums[places].sum(axis=0)
        return float(part / over)

    return _figure(whole, sum(count.part for count in kept) / whole, len(sums), drawn)


def quantile(values: Iterable[QuantileItem], share: float) -> Figure:
    """A quantile of the values: 0.5 for the median."""
    import numpy as np

    kept = list(values)
    if not kept:
        return Figure(n=0, value=None, ci95_by_disease=None)
    groups = [np.array(rows)[:, 0] for rows in _by_disease(kept)]

    def drawn(places: NDArray[np.int64]) -> float:
        return float(np.quantile(np.concatenate([groups[place] for place in places]), share))

    return _figure(len(kept), float(np.quantile([row.value for row in kept], share)), len(groups), drawn)


def _by_disease(items: Sequence[Count] | Sequence[QuantileItem]) -> list[list[tuple[float, ...]]]:
    groups: dict[str, list[tuple[float, ...]]] = {}
    for disease, *numbers in items:
        groups.setdefault(disease, []).append(tuple(numbers))
    return list(groups.values())


def _figure(n: int, value: float, groups: int, drawn: Callable[[NDArray[np.int64]], float]) -> Figure:
    """The value with the 95 % percentile interval of what is drawn; the same each time."""
    import numpy as np

    places = np.random.default_rng(SEED).integers(0, groups, size=(RESAMPLES, groups))
    low, high = np.quantile([drawn(row) for row in places], [0.025, 0.975])
    return Figure(n=n, value=round(value, 4), ci95_by_disease=(round(float(low), 4), round(float(high), 4)))
