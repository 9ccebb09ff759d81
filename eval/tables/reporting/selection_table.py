"""Table 1: how well each row selects, setting by setting, with intervals and a paired test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kedrec.eval.metrics import Scores, score
from kedrec.eval.tables.reporting.grid import Grid
from kedrec.eval.tables.reporting.paper import PaperFigures
from kedrec.eval.tables.reporting.significance import PairedComparison, compare
from kedrec.eval.tables.rows import Row
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.task import Task
from kedrec.records import Corpora

__all__ = ["Cell", "cells_of", "detail_grid", "short_grid"]


@dataclass(frozen=True)
class Cell:
    """A row in a setting."""

    row: Row
    """The row."""
    setting: Corpora
    """Which corpora were used."""
    kept: Kept
    """What it chose."""
    scores: Scores
    """F1 and all else; what is called disease there is what intervals resample."""
    versus: PairedComparison | None = None
    """Beside the best of the rows that are not ours."""
    best: str = ""
    """Which that is."""


def cells_of(found: Sequence[tuple[Row, Corpora, Kept]]) -> list[Cell]:
    """Score what was chosen, and compare in each setting with the best row that is not ours."""
    cells = [Cell(row, setting, kept, score(kept.outcomes)) for row, setting, kept in found]
    return [_compared(cell, _best(cells, cell.setting)) for cell in cells]


def _best(cells: Sequence[Cell], setting: Corpora) -> Cell | None:
    others = [cell for cell in cells if not cell.row.ours and (cell.setting == setting or cell.row.settings_alike)]
    return max(others, key=lambda cell: cell.scores.f1, default=None)


def _compared(cell: Cell, best: Cell | None) -> Cell:
    if best is None or best.row.name == cell.row.name:
        return cell
    versus = compare(cell.kept.outcomes, best.kept.outcomes)
    return Cell(cell.row, cell.setting, cell.kept, cell.scores, versus, best.row.title)


def short_grid(cells: Sequence[Cell], settings: Sequence[Corpora], paper: PaperFigures, task: Task) -> Grid:
    """Rows by settings: F1 with its interval by groups, and the paper's in columns of their own where any is known."""
    rows = list(dict.fromkeys(cell.row.name for cell in cells))
    by = {(cell.row.name, cell.setting): cell for cell in cells}
    known = [setting for setting in settings if _theirs(rows, setting, paper, task)]
    head = ["row", *(f"`{setting}`" for setting in settings), *(f"paper, `{setting}`" for setting in known)]
    lines = []
    for name in rows:
        row = next(cell.row for cell in cells if cell.row.name == name)
        own = [_f1(by.get((name, setting)), "the same" if row.settings_alike else "–") for setting in settings]
        theirs = [paper.cell(f"1 {task.name}", name, setting, "f1") for setting in known]
        lines.append([row.title, *own, *theirs])
    return Grid(tuple(head), tuple(map(tuple, lines)))


def _theirs(rows: Sequence[str], setting: Corpora, paper: PaperFigures, task: Task) -> bool:
    """Whether the paper has a figure for any of the rows in a setting."""
    return any(paper.cell(f"1 {task.name}", name, setting, "f1") != "–" for name in rows)


def _f1(cell: Cell | None, without: str) -> str:
    return f"{cell.scores.f1:.3f} {interval(cell.scores.f1_ci95_by_disease)}" if cell else without


def detail_grid(cells: Sequence[Cell], task: Task) -> Grid:
    """One line for each row and setting."""
    by = task.grouped_by
    sure = ("not answered", "ECE", "right on the surer 80 %")
    gap = ("less the best baseline", f"95 % by {by}", "p (items)", f"p ({by})")
    own = ("row", "setting", "F1", "95 % by items", f"95 % by {by}")
    head = (*own, *gap, *sure, "parameters", "seconds", "processor s")
    return Grid(head, tuple(_line(cell) for cell in cells))


def _line(cell: Cell) -> tuple[str, ...]:
    scores, versus, sure = cell.scores, cell.versus, cell.scores.calibration
    setting = "all alike" if cell.row.settings_alike else cell.setting
    own = (cell.row.title, setting, f"{scores.f1:.3f}", interval(scores.f1_ci95), interval(scores.f1_ci95_by_disease))
    calibrated = (f"{sure.ece:.3f}", f"{sure.surer_accuracy:.3f}") if sure else ("–", "–")
    size = "–" if cell.kept.parameters is None else f"{cell.kept.parameters:,}"
    return (
        *own,
        *_gap(versus),
        str(scores.abstained),
        *calibrated,
        size,
        f"{cell.kept.seconds:.0f}",
        f"{cell.kept.processor:.0f}",
    )


def _gap(versus: PairedComparison | None) -> tuple[str, ...]:
    if versus is None:
        return ("–",) * 4
    return f"{versus.difference:+.3f}", interval(versus.ci95), f"{versus.p_items:.4f}", f"{versus.p_groups:.4f}"


def interval(ends: tuple[float, float]) -> str:
    """An interval for a table."""
    return f"[{ends[0]:.3f}, {ends[1]:.3f}]"
