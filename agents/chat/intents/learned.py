"""Which intent a message is most like, by weights fitted on labelled questions.

They weigh its words, its cues and what it means by MiniLM's vector of it, with names masked. Where that model is not
installed (extra `local`), weights that were fitted without it are taken. Both lie beside this module and are written by
`python -m kedrec.eval.intent_weights`.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.chat.intents.features import features_of
from kedrec.agents.chat.intents.wanted import Intent
from kedrec.arrays import Vectors
from kedrec.tools.embedders import minilm

__all__ = ["FILE", "LEARNED", "IntentWeights", "likeliest", "meaning_of", "shipped"]

FILE = Path(__file__).parent / "learned.npz"
LEARNED: tuple[Intent, ...] = (
    "choose", "assess", "use", "mechanism", "safety", "causes", "evidence", "list",
)  # fmt: skip
"""The intents that weights are fitted for: questions that can be answered."""
MEANING = 2.0
"""Length of the vector of what a message means, beside words and pieces of length 1; chosen by cross-validation."""


class IntentWeights(NamedTuple):
    """Fitted weights, in whole numbers but for those of the meaning."""

    of: NDArray[np.int8]
    """Shape (features, intents)."""
    unit: float
    """Log-odds of a weight of 1."""
    meaning: NDArray[np.float16] | None = None
    """Log-odds by what it means, shape (384, intents); None where that is not weighed."""


@cache
def shipped(*, meaning: bool) -> IntentWeights:
    """Return the weights that are shipped.

    Args:
        meaning: whether those that weigh what a message means.
    """
    with np.load(FILE) as held:
        if meaning:
            return IntentWeights(held["of"], float(held["unit"]), held["meaning"])
        return IntentWeights(held["plain"], float(held["plain_unit"]))


def meaning_of(wording: str) -> Vectors:
    """Return the vector of what a message means, shape (384,).

    Args:
        wording: the message as `normal` gives it; the masks stand for words that the model knows.

    Raises:
        MissingExtra: the packaged model is not installed.
    """
    plain = wording.replace("DRUG", "the drug").replace("ILL", "the disease")
    return minilm.packaged().query(plain) * np.float32(MEANING)


def likeliest(
    wording: str,
    *,
    drugs: int,
    diseases: int,
    among: Collection[Intent] = LEARNED,
    weights: IntentWeights | None = None,
) -> tuple[Intent, float]:
    """Return the intent that a message is most like, and its probability.

    Args:
        wording: the message as `normal` gives it.
        drugs: how many drugs it names.
        diseases: how many diseases it names.
        among: the intents that it may have.
        weights: fitted ones; those that are shipped by default.
    """
    of, unit, meaning = weights or shipped(meaning=minilm.installed())
    found = features_of(wording, drugs=drugs, diseases=diseases)
    odds = np.fromiter(found.values(), np.float64, len(found)) @ of[list(found)].astype(np.float64) * unit
    if meaning is not None:
        odds = odds + meaning_of(wording) @ meaning.astype(np.float64)
    open_to = [place for place, intent in enumerate(LEARNED) if intent in among]
    raised = np.exp(odds[open_to] - odds.max())
    best = int(raised.argmax())
    return LEARNED[open_to[best]], float(raised[best] / raised.sum())
