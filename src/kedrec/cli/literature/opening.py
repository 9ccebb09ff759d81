"""What the commands on literature share: the literature of the home, and a bar for each stage of the work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kedrec.cli.console import progress, settings

if TYPE_CHECKING:
    from kedrec.tools.literature import Literature

__all__ = ["StageBar", "open_literature"]


def open_literature() -> Literature:
    """Open the literature of the home."""
    from kedrec.tools.literature import Literature

    found = settings()
    return Literature.open(found.home / "literature", found)


class StageBar:
    """A progress bar that follows the stages it is told of."""

    def __enter__(self) -> Any:
        self.progress = progress()
        self.progress.start()
        self.tasks: dict[str, tuple[Any, float]] = {}
        return self.told

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def told(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage."""
        if stage not in self.tasks:
            self.tasks[stage] = self.progress.add_task(stage, total=total), time.monotonic()
        task, began = self.tasks[stage]
        rate = f"{stage} ({done / max(time.monotonic() - began, 0.1):,.0f}/s)" if stage == "embedding" else stage
        self.progress.update(task, description=rate, completed=done, total=total)
