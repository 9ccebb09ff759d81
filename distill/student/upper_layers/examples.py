"""Rows in the short form as token ids: the prompt, the label to choose, and what is written after it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["ShortExample", "batches"]


@dataclass(frozen=True)
class ShortExample:
    """One row."""

    row_id: str
    """Which row; the two orders of a pair are two rows."""
    prompt: tuple[int, ...]
    """Tokens up to the place at which the label is predicted."""
    label_tokens: tuple[int, ...]
    """One token per candidate."""
    sure: tuple[float, ...]
    """How probable each candidate is to be the right one; sums to 1."""
    after: tuple[int, ...]
    """Tokens from the label on, the end of the turn included; empty where only the label is taught."""

    @property
    def right(self) -> int:
        """Place of the candidate that is most probable to be the right one."""
        return self.sure.index(max(self.sure))

    @property
    def tokens(self) -> tuple[int, ...]:
        """All that the model reads."""
        return (*self.prompt, *self.after[:-1])


def batches(examples: Sequence[ShortExample], size: int, seed: int, epoch: int) -> Iterator[tuple[int, ...]]:
    """Places of the examples of each batch: alike in length, in an order that seed and epoch alone decide."""
    dice = random.Random(hashlib.sha256(f"{seed} {epoch}".encode()).digest())
    order = list(range(len(examples)))
    dice.shuffle(order)
    pool = size * 16
    made: list[tuple[int, ...]] = []
    for start in range(0, len(order), pool):
        part = sorted(order[start : start + pool], key=lambda place: len(examples[place].tokens))
        made += [tuple(part[first : first + size]) for first in range(0, len(part), size)]
    dice.shuffle(made)
    yield from made
