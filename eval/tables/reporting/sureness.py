"""Table 1 once more: whether a confidence means what it says, what is right of the surest, what a question costs."""

from __future__ import annotations

from collections.abc import Sequence

from kedrec.eval.metrics import Covered
from kedrec.eval.tables.reporting.grid import Grid
from kedrec.eval.tables.reporting.selection_table import Cell

__all__ = ["sureness_grid"]

LEAST = (0.7, 0.9)
"""Confidences of which coverage is told; the plot has all."""


def sureness_grid(cells: Sequence[Cell]) -> Grid:
    """One line for each row and setting that says how sure it is."""
    sure = ("ECE", *(f"right at {least} or more" for least in LEAST))
    head = ("row", "setting", *sure, "seconds to an answer, several in flight", "dollars a question")
    return Grid(head, tuple(_line(cell) for cell in cells if any(one.confidence for one in cell.kept.outcomes)))


def _line(cell: Cell) -> tuple[str, ...]:
    covered = {one.confidence: one for one in cell.scores.coverage}
    sure, spent = cell.scores.calibration, cell.kept.figures
    setting = "all alike" if cell.row.settings_alike else cell.setting
    return (
        cell.row.title,
        setting,
        f"{sure.ece:.3f}" if sure else "–",
        *(_share(covered.get(least)) for least in LEAST),
        _told(spent.get("seconds a question")),
        _told(spent.get("dollars a question")),
    )


def _share(covered: Covered | None) -> str:
    return f"{covered.accuracy:.3f} of {covered.share:.0%}" if covered and covered.n else "–"


def _told(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "–"
