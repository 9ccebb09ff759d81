"""Progress where there is no terminal to draw a bar on: a line on stderr now and then."""

from __future__ import annotations

import sys
import threading
from typing import Any

from rich.filesize import decimal
from rich.progress import Progress, Task

__all__ = ["SpokenProgress"]

EVERY = 30.0
"""Seconds between two lines."""


class SpokenProgress(Progress):
    """A progress bar that, where it is not drawn, says every half minute how far it is.

    Args:
        in_bytes: whether bytes are counted.
        columns: as of `rich.progress.Progress`, and so is all else.
    """

    def __init__(self, *columns: Any, in_bytes: bool = False, **options: Any) -> None:
        super().__init__(*columns, **options)
        self._in_bytes, self._over = in_bytes, threading.Event()

    def start(self) -> None:
        """Draw, or begin to say."""
        super().start()
        if self.disable:
            self._over.clear()
            threading.Thread(target=self._say, name="progress", daemon=True).start()

    def stop(self) -> None:
        """Draw and say no more."""
        self._over.set()
        super().stop()

    def _say(self) -> None:
        while not self._over.wait(EVERY):
            if self.tasks:
                sys.stderr.write(self._line(self.tasks[-1]) + "\n")
                sys.stderr.flush()

    def _line(self, task: Task) -> str:
        """How far a task is: `pairs 12.5/s: 300 of 447, 12 s left`."""
        told = task.description.strip() or "at work"
        if task.total is None:
            return f"{told}: {self._number(task.completed)} so far, {task.elapsed or 0:.0f} s"
        left = f", {task.time_remaining:.0f} s left" if task.time_remaining else ""
        if task.total <= 1:
            return f"{told}: {task.percentage:.0f} %{left}"
        return f"{told}: {self._number(task.completed)} of {self._number(task.total)}{left}"

    def _number(self, count: float) -> str:
        return decimal(round(count)) if self._in_bytes else f"{count:,.0f}"
