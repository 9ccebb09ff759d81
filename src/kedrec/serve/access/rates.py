"""How many requests each asker may send in a minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Rates"]

MOST_ASKERS = 10_000
"""Of which it is known what they sent; the one that was silent longest is forgotten, which gives it a full minute."""


class Rates:
    """A bucket for each asker: it holds the requests of a minute and fills evenly.

    Args:
        per_minute: requests that each may send in a minute.
        clock: seconds that never go back.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(per_minute), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, asker: str) -> float:
        """Take one request; 0, or the seconds to wait until one is left."""
        now = self._clock()
        left, seen = self._left.pop(asker, (self._most, now))
        left = min(self._most, left + (now - seen) * self._most / 60)
        may = left >= 1
        self._left[asker] = (left - 1 if may else left), now
        while len(self._left) > MOST_ASKERS:
            self._left.popitem(last=False)
        return 0.0 if may else (1 - left) * 60 / self._most
