"""What the commands on literature share: the literature of the home, and a bar for each stage of the work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kedrec.cli.terminal.console import progress, settings

if TYPE_CHECKING:
    from kedrec.tools.literature import Literature

__all__ = ["ReadingEngine", "ReadingShards", "StageBar", "on_ray", "open_literature"]

ReadingEngine = Annotated[
    str,
    typer.Option("--engine", help="direct: this process; ray: workers on this machine or many (KEDREC_RAY_ADDRESS)."),
]
ReadingShards = Annotated[
    int | None,
    typer.Option(
        "--shards", min=1, help="With --engine ray: workers; one per processor where not given (KEDREC_SHARDS)."
    ),
]


def on_ray(engine: str) -> bool:
    """Say whether Ray is asked for.

    Raises:
        UserError: the engine is unknown.
    """
    from kedrec.errors import UserError

    if engine not in ("direct", "ray"):
        raise UserError(f"unknown engine {engine!r}; literature is worked on by direct or ray")
    return engine == "ray"


def open_literature(shards: int | None = None) -> Literature:
    """Open the literature of the home; `shards` goes before the setting of that name."""
    from kedrec.tools.literature import Literature

    found = settings()
    found = found.model_copy(update={"shards": shards}) if shards else found
    return Literature.open(found.home / "literature", found)


class StageBar:
    """A progress bar that follows the stages reported to it."""

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
