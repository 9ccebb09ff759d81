"""How many requests a second each host gets, from all threads and processes that share a file."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["NCBI_RATES", "TRIALS_RATE", "RequestSpacer"]

NCBI_RATES = (2.9, 9.5)
"""Requests a second to NCBI without and with a key; NCBI allows 3 and 10."""
TRIALS_RATE = 1.0
"""Requests a second to ClinicalTrials.gov, which allows about 50 a minute."""

LONGEST = 600.0
"""Seconds; a turn that is further off was noted by a clock that was wrong."""


class RequestSpacer:
    """Gives out turns, evenly spaced.

    Args:
        file: Holds the time from which on the next turn is free; made where it is missing.
        per_second: Turns a second.
    """

    def __init__(self, file: Path, per_second: float) -> None:
        self._file, self._space = file, 1.0 / per_second

    def wait(self) -> None:
        """Take the next turn, and wait until it has come."""
        now, free = self._move(lambda now, free: max(now, free) + self._space)
        time.sleep(max(0.0, free - now))

    def hold_off(self, seconds: float) -> None:
        """Give out no turn for a while: the host has asked for that."""
        self._move(lambda now, free: max(free, now + min(seconds, LONGEST)))

    def _move(self, later: Callable[[float, float], float]) -> tuple[float, float]:
        """Move the time of the next free turn; return the time, and that of the turn before it was moved."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                number = float(os.pread(handle, 64, 0))
            except ValueError:
                number = 0.0
            now, noted = time.time(), number
            free = noted if noted - now <= LONGEST else now
            os.pwrite(handle, f"{later(now, free):<32.6f}".encode(), 0)
        finally:
            os.close(handle)
        return now, free
