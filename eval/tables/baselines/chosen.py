"""From log-odds to choices."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from kedrec.eval.metrics import Outcome
from kedrec.eval.tables.task import Asked, Task, asked

__all__ = ["outcomes_of"]


def outcomes_of(task: Task, ahead: NDArray[np.floating]) -> tuple[Outcome, ...]:
    """The choices for the test questions.

    Args:
        task: what was asked.
        ahead: log-odds of the first candidate over the second, shape (test questions,); in a tie a hash decides.
    """
    return tuple(_outcome(task, one, float(odds)) for one, odds in zip(asked(task.test), ahead, strict=True))


def _outcome(task: Task, one: Asked, odds: float) -> Outcome:
    tied = abs(odds) < 1e-12
    first = _coin(one.pair.id) if tied else odds > 0
    return task.outcome(one, one.drugs[0 if first else 1], float(1 / (1 + np.exp(-min(abs(odds), 50.0)))))


def _coin(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0
