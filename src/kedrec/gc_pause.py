"""Python's search for cycles of objects, put off where it finds little and costs much."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["settled", "uncollected"]

NEW_OBJECTS = 10_000
"""Objects made since the last search for cycles from which on the new ones are searched; Python's own 700 take a tenth
of the time in which a server answers."""


def settled() -> None:
    """Leave what is there now out of all searches to come: the stores and modules of a server stay until it ends."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


@contextmanager
def uncollected() -> Iterator[None]:
    """Put off the search for cycles.

    A single question leaves few, and looking is a tenth of a cold start; the records of a batch have none, and looking
    takes a fifth of a large one's time.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
