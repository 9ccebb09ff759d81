"""What is measured of choices: accuracy, precision, recall, F1, how sure these are, and how calibrated confidence is.

Precision is over the answered, recall over all; without abstentions both, and so F1, are the accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kedrec.records import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Calibration", "Covered", "KindScores", "Outcome", "Scores", "calibration", "f1_interval", "score", "sums_by_group",
]  # fmt: skip

RESAMPLES = 2000
SEED = 20261123
BINS = 10
CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""At which accuracy is given against coverage."""
SURER_SHARE = 0.8


class Outcome(Record):
    """One question, what was chosen and what is right."""

    pair_id: str
    """Id of the item."""
    disease: str
    """Disease id; intervals resample by it."""
    kind: str
    """Where the irrelevant candidate comes from."""
    answer: str
    """Id of the right candidate."""
    choice: str | None
    """Id of the chosen candidate; null for an abstention or a failure."""
    confidence: float = 0.0
    """As the method gave it, 0 to 1."""

    @property
    def right(self) -> bool:
        """Whether the right candidate was chosen."""
        return self.choice == self.answer


class KindScores(Record):
    """Scores of one kind of item."""

    n: int
    """Items."""
    accuracy: float
    """Right choices over all items."""
    f1: float
    """Of precision over the answered and recall over all."""


class Calibration(Record):
    """Whether a confidence means what it says."""

    surer: int
    """Items among the surer 80 % of the answered."""
    surer_accuracy: float
    """Right choices among them."""
    ece: float
    """Expected calibration error: mean distance of confidence and accuracy over ten bins of equal width."""


class Covered(Record):
    """What is right among the outcomes of at least some confidence."""

    confidence: float
    """The least confidence."""
    n: int
    """Outcomes that have it."""
    share: float
    """Of all items."""
    accuracy: float
    """Right choices among them; 0 where there are none."""


class Scores(Record):
    """Scores of a set of outcomes."""

    n: int
    """Items."""
    accuracy: float
    """Right choices over all items."""
    precision: float
    """Right choices over the answered items; 0 where none was answered."""
    recall: float
    """Right choices over all items."""
    f1: float
    """Harmonic mean of the two."""
    f1_ci95: tuple[float, float]
    """Bootstrap interval, resampling items."""
    f1_ci95_by_disease: tuple[float, float]
    """Bootstrap interval, resampling diseases with all their items: items of a disease are not independent."""
    diseases: int
    """Number of diseases."""
    by_kind: dict[str, KindScores]
    """Scores per `negative_kind`."""
    abstained: int
    """Items without a choice."""
    calibration: Calibration | None
    """Null where nothing was answered."""
    coverage: tuple[Covered, ...] = ()
    """Accuracy against coverage, at rising confidence."""


def score(outcomes: Sequence[Outcome]) -> Scores:
    """Score choices.

    Args:
        outcomes: one per item, at least one.

    Returns:
        All figures, rounded to four places.
    """
    answered, right = _counts(outcomes)
    kinds = sorted({outcome.kind for outcome in outcomes})
    return Scores(
        n=len(outcomes),
        accuracy=_round(right / len(outcomes)),
        precision=_round(right / answered if answered else 0.0),
        recall=_round(right / len(outcomes)),
        f1=_round(_f1(right, answered, len(outcomes))),
        f1_ci95=f1_interval(outcomes, [outcome.pair_id for outcome in outcomes]),
        f1_ci95_by_disease=f1_interval(outcomes, [outcome.disease for outcome in outcomes]),
        diseases=len({outcome.disease for outcome in outcomes}),
        by_kind={kind: _of_kind([outcome for outcome in outcomes if outcome.kind == kind]) for kind in kinds},
        abstained=len(outcomes) - answered,
        calibration=calibration(outcomes),
        coverage=tuple(_covered(outcomes, least) for least in CONFIDENCES),
    )


def f1_interval(outcomes: Sequence[Outcome], groups: Sequence[str]) -> tuple[float, float]:
    """95 % percentile bootstrap interval of F1, resampling whole groups with replacement; the same each time.

    Args:
        outcomes: one per item.
        groups: the group of each item; the item's own id to resample items.
    """
    import numpy as np

    sums = sums_by_group(outcomes, groups)
    generator = np.random.default_rng(SEED)
    drawn = generator.integers(0, len(sums), size=(RESAMPLES, len(sums)))
    right, answered, items = np.moveaxis(sums[drawn].sum(axis=1), 1, 0)
    f1 = 2 * right / (answered + items)
    low, high = np.quantile(f1, [0.025, 0.975])
    return _round(float(low)), _round(float(high))


def calibration(outcomes: Sequence[Outcome]) -> Calibration | None:
    """How far confidences can be trusted; None where nothing was answered."""
    import numpy as np

    made = sorted((outcome for outcome in outcomes if outcome.choice), key=lambda outcome: -outcome.confidence)
    if not made:
        return None
    surer = made[: max(1, round(SURER_SHARE * len(made)))]
    confidence = np.array([outcome.confidence for outcome in made])
    right = np.array([outcome.right for outcome in made], dtype=float)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    accuracy = sum(outcome.right for outcome in surer) / len(surer)
    return Calibration(surer=len(surer), surer_accuracy=_round(accuracy), ece=_round(float(sum(gaps))))


def _covered(outcomes: Sequence[Outcome], least: float) -> Covered:
    """How many outcomes are at least so sure, and how many of them are right."""
    sure = [outcome.right for outcome in outcomes if outcome.choice and outcome.confidence >= least]
    share, accuracy = len(sure) / len(outcomes), sum(sure) / len(sure) if sure else 0.0
    return Covered(confidence=least, n=len(sure), share=_round(share), accuracy=_round(accuracy))


def sums_by_group(outcomes: Sequence[Outcome], groups: Sequence[str]) -> NDArray[np.float64]:
    """Return right choices, answered questions and questions of each group, shape (groups, 3)."""
    import numpy as np

    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(places), 3))
    for outcome, group in zip(outcomes, groups, strict=True):
        sums[places[group]] += (outcome.right, outcome.choice is not None, 1)
    return sums


def _of_kind(outcomes: Sequence[Outcome]) -> KindScores:
    answered, right = _counts(outcomes)
    f1 = _f1(right, answered, len(outcomes))
    return KindScores(n=len(outcomes), accuracy=_round(right / len(outcomes)), f1=_round(f1))


def _counts(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    return sum(outcome.choice is not None for outcome in outcomes), sum(outcome.right for outcome in outcomes)


def _f1(right: int, answered: int, items: int) -> float:
    """2PR/(P+R) with P = right/answered and R = right/items."""
    return 2 * right / (answered + items)


def _round(value: float) -> float:
    return round(value, 4)
