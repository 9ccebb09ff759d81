"""Which intent the wording of a message is most like, by weights fitted on labelled questions.

The weights lie beside this module and are written by `python -m kedrec.eval.intent_weights`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.chat.intents.features import BUCKETS, features_of
from kedrec.agents.chat.intents.wanted import Intent

__all__ = ["FILE", "LEARNED", "SURE", "SURER", "IntentWeights", "likeliest"]

FILE = Path(__file__).parent / "learned.npz"
LEARNED: tuple[Intent, ...] = (
    "choose", "assess", "use", "mechanism", "safety", "causes", "evidence", "list",
)  # fmt: skip
"""The intents that weights are fitted for: questions that can be answered."""
SURE = 0.25
"""Probability from which the weights are believed where no cue of the rules tells what is wanted."""
SURER = 0.8
"""Probability from which they are believed over a cue."""


class IntentWeights(NamedTuple):
    """Fitted weights, in whole numbers."""

    of: NDArray[np.int8]
    """Shape (buckets, intents)."""
    unit: float
    """Log-odds of a weight of 1."""


@cache
def _weights(path: Path = FILE) -> IntentWeights:
    with np.load(path) as held:
        return IntentWeights(held["of"], float(held["unit"]))


def likeliest(wording: str, *, drugs: int, diseases: int, weights: IntentWeights | None = None) -> tuple[Intent, float]:
    """Return the intent that a message is most like, and its probability.

    Args:
        wording: the message as `normal` gives it.
        drugs: how many drugs it names.
        diseases: how many diseases it names.
        weights: fitted ones; those that are shipped by default.
    """
    of, unit = weights or _weights()
    found = features_of(wording, drugs=drugs, diseases=diseases)
    buckets = np.fromiter(found, np.int64, len(found))
    odds = np.fromiter(found.values(), np.float64, len(found)) @ of[buckets % BUCKETS].astype(np.float64) * unit
    raised = np.exp(odds - odds.max())
    best = int(raised.argmax())
    return LEARNED[best], float(raised[best] / raised.sum())
