"""Progress over a known number of things: how many, how fast, how long still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kedrec.cli.console import progress

__all__ = ["counting_bar"]


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr with the rate and the time left.

    Args:
        what: what is counted, for people: `pairs`.

    Yields:
        To be called with how many are done and how many there are; what is done at the first call does not count into
        the rate.
    """
    with progress() as bar:
        task = bar.add_task(what, total=None)
        begun: tuple[float, int] | None = None

        def advance(done: int, total: int) -> None:
            nonlocal begun
            now = time.monotonic()
            begun = begun or (now, done)
            rate = (done - begun[1]) / max(now - begun[0], 1e-3)
            speed = f" {rate:.1f}/s" if done > begun[1] else ""
            bar.update(task, description=f"{what}{speed}", completed=done, total=total)

        yield advance
