"""Progress over a known number of things: how many, how fast, how long still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from kedrec.cli.terminal.console import progress

__all__ = ["Advance", "byte_bar", "counting_bar"]


class Advance(Protocol):
    """Moves a bar on."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Show how many of how many are done, and a note behind the rate."""
        ...


@contextmanager
def counting_bar(what: str) -> Iterator[Advance]:
    """A bar on stderr with the rate and the time left.

    Args:
        what: what is counted, for people: `pairs`.

    Yields:
        To be called with how many are done, how many there are, and a note where there is more to say; what is done at
        the first call does not count into the rate.
    """
    with progress() as bar:
        task = bar.add_task(what, total=None)
        begun: tuple[float, int] | None = None

        def advance(done: int, total: int, note: str = "") -> None:
            nonlocal begun
            now = time.monotonic()
            begun = begun or (now, done)
            rate = (done - begun[1]) / max(now - begun[0], 1e-3)
            speed = f" {rate:.1f}/s" if done > begun[1] else ""
            bar.update(task, description=f"{what}{speed}{note}", completed=done, total=total)

        yield advance


@contextmanager
def byte_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr with sizes, speed and the time left; a line every half minute where stderr is no terminal.

    Yields:
        To be called with a file's name, how many bytes are done and how many there are; below zero where nobody knows.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from kedrec.cli.terminal.spoken_bars import SpokenProgress

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    shown = SpokenProgress(*columns, in_bytes=True, console=console, disable=not console.is_terminal, transient=True)
    with shown as bar:
        task = bar.add_task("", total=None)
        yield lambda name, done, total: bar.update(
            task, description=name, completed=done, total=total if total >= 0 else None
        )
