"""Two tests of honesty: answers drawn by lot, and edges shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kedrec.eval.tables.task import Task
from kedrec.records import Corpora

__all__ = ["CHECKS", "SHOWN", "SHUFFLED", "Check"]


@dataclass(frozen=True)
class Check:
    """A test of honesty."""

    name: str
    """In names of files."""
    title: str
    """For people."""
    setting: Corpora
    """The setting in which it is made."""
    of: Callable[[Task, int], Task]
    """Task and seed -> the task that is asked in its place."""


SHUFFLED = Check(
    "shuffled",
    "every answer, of training and of test, drawn by lot: F1 far from 0.5 would mean that a row reads the answers",
    "both",
    lambda task, seed: task.shuffled(seed),
)
SHOWN = Check(
    "shown",
    "the pairs' own edges shown instead of hidden: what F1 gains is a leak, not knowledge",
    "none",
    lambda task, seed: task.shown(),
)
CHECKS = (SHUFFLED, SHOWN)
