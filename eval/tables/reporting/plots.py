"""Plots as SVG: F1 with intervals by setting, and accuracy against coverage."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.atomic_file import staged
from kedrec.errors import MissingExtra
from kedrec.eval.tables.reporting.selection_table import Cell
from kedrec.records import Corpora

__all__ = ["plot_coverage", "plot_f1"]


def plot_f1(path: Path, cells: Sequence[Cell], settings: Sequence[Corpora], grouped_by: str) -> None:
    """F1 of every row by setting with its interval.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    rows = list(dict.fromkeys(cell.row.title for cell in cells))
    with _figure(path, height=1.2 + 0.55 * len(rows)) as axes:
        for number, setting in enumerate(settings):
            own = [cell for cell in cells if cell.setting == setting]
            high = [rows.index(cell.row.title) + 0.18 * (number - (len(settings) - 1) / 2) for cell in own]
            f1 = [cell.scores.f1 for cell in own]
            ends = np.array([cell.scores.f1_ci95_by_disease for cell in own]).reshape(-1, 2).T
            axes.errorbar(f1, high, xerr=np.abs(ends - f1), fmt="o", markersize=4, label=setting)
        axes.set_yticks(range(len(rows)), rows)
        axes.invert_yaxis()
        axes.axvline(0.5, color="grey", linewidth=0.8)
        axes.set_xlabel(f"F1, bars: 95 % by {grouped_by}")
        axes.legend(fontsize=8)


def plot_coverage(path: Path, cells: Sequence[Cell]) -> None:
    """Accuracy on the surest share of the questions against that share.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with _figure(path, height=4.0) as axes:
        for cell in cells:
            made = sorted((o for o in cell.kept.outcomes if o.choice), key=lambda o: -o.confidence)
            right = np.cumsum([o.right for o in made]) / np.arange(1, len(made) + 1)
            axes.plot(np.arange(1, len(made) + 1) / len(cell.kept.outcomes), right, label=cell.row.title)
        axes.set_xlabel("share answered, surest first")
        axes.set_ylabel("right among them")
        axes.set_ylim(0.45, 1.01)
        axes.legend(fontsize=7)


@contextmanager
def _figure(path: Path, height: float) -> Iterator[Any]:
    """Axes whose drawing becomes a file when all went well; the same drawing gives the same bytes."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtra("Drawing the tables", "tables")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "kedrec", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, height), layout="constrained")
        yield figure.add_subplot()
        with staged(path) as part:
            figure.savefig(part, format="svg", metadata={"Date": None})
