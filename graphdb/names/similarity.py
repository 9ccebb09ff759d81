"""How alike two folded names are to whoever typed one of them: typos score high, other names low.

The costs of the single slips are chosen so that of two names that are each one slip away, the one whose slip is the
commoner comes first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

__all__ = ["BEGINNING", "Shapes", "similarity"]

ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
"""The keyboard; each row stands half a key to the right of the one above."""
DOUBLED = 0.4
"""Cost of a letter doubled."""
LIKELY = 0.5
"""Cost of two letters swapped, one left out, or the key beside the right one hit."""
OTHER = 1.0
"""Cost of any other slip: a wrong letter or one too many."""
BEGINNING = 4
"""Letters from which on the beginning of a name stands for it."""


def _beside() -> dict[str, frozenset[str]]:
    places = {letter: (column + row / 2, row) for row, keys in enumerate(ROWS) for column, letter in enumerate(keys)}
    return {
        one: frozenset(o for o, (x, y) in places.items() if o != one and abs(x - at) <= 1 and abs(y - row) <= 1)
        for one, (at, row) in places.items()
    }


BESIDE = _beside()
"""Letter -> those on the keys around it."""


def similarity(typed: str, meant: str) -> float:
    """Return how alike two keys are, 0 to 100: by the kind of a single slip, by the number and place of several."""
    slips, longer = DamerauLevenshtein.distance(typed, meant), max(len(typed), len(meant), 1)
    if slips == 1:
        shorter = min(len(typed), len(meant))
        at = next((n for n in range(shorter) if typed[n] != meant[n]), shorter)
        end = next((n for n in range(shorter - at) if typed[-1 - n] != meant[-1 - n]), shorter - at)
        start, wrong, right = at, typed[at : len(typed) - end], meant[at : len(meant) - end]
        if len(wrong) == len(right):
            cost = LIKELY if len(wrong) == 2 or right in BESIDE.get(wrong, ()) else OTHER
        elif right:
            cost = LIKELY
        else:
            cost = DOUBLED if wrong == typed[start - 1 : start] else OTHER
        return round(100 * (1 - cost / longer), 1)
    whole = 70 * (1 - slips / longer) + 30 * JaroWinkler.similarity(typed, meant)
    begins = 60 + 35 * len(typed) / len(meant) if len(typed) >= BEGINNING and meant.startswith(typed) else 0.0
    return round(max(whole, begins), 1)


class Shapes:
    """Which letters each of many keys has, and how many: enough to pass over most of them at a glance.

    Args:
        keys: the keys; none holds a line feed.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        letters = np.frombuffer("\n".join(["", *keys]).encode(), np.uint8)
        starts = np.flatnonzero(letters == ord("\n"))
        self._lengths = np.diff(starts, append=len(letters)).astype(np.int32) - 1
        self._letters: NDArray[np.uint64] = np.bitwise_or.reduceat(_BITS[letters], starts)

    def like(self, key: str, count: int) -> NDArray[np.int64]:
        """Return the places of the keys whose letters and length differ least from those of one, in no order."""
        letters = np.frombuffer(key.encode(), np.uint8)
        apart = np.bitwise_count(self._letters ^ np.bitwise_or.reduce(_BITS[letters])).astype(np.int32)
        apart += np.abs(self._lengths - len(letters))
        count = min(count, len(apart))
        return np.argpartition(apart, count - 1)[:count] if count else np.empty(0, np.int64)


def _bits() -> NDArray[np.uint64]:
    """Return a bit for each byte: letters and digits have their own, others share some, the line feed has none."""
    known = {ord(letter): place for place, letter in enumerate(sorted("".join(ROWS)))}
    places = np.array([known.get(byte, len(known) + byte % (64 - len(known))) for byte in range(256)], np.uint64)
    bits = np.left_shift(np.uint64(1), places)
    bits[ord("\n")] = 0
    return bits


_BITS = _bits()
