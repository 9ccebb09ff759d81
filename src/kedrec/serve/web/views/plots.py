"""Plots as inline SVG: a share from 0 to 1 for each row, with its interval where it has one."""

from __future__ import annotations

from collections.abc import Sequence

from kedrec.agents.answer_html.html import Html, tag
from kedrec.records import Record

__all__ = ["PlotRow", "bars", "dots"]

LEFT, WIDE, TALL, TOP = 250, 430, 30, 28
"""Room for the names, length of the scale, height of a row, room above; in pixels."""
LETTERS = 34


class PlotRow(Record):
    """One row of a plot."""

    name: str
    """What was measured."""
    value: float
    """0 to 1."""
    interval: tuple[float, float] | None = None
    """Its 95 % interval."""
    marked: bool = False
    """Whether it is set off, as a student beside its teacher."""


def dots(title: str, rows: Sequence[PlotRow], low: float = 0.0) -> Html:
    """A dot for each row and a line for its interval.

    Args:
        title: for who cannot see it.
        rows: at least one.
        low: where the scale begins; it ends at 1.
    """
    shapes: list[Html] = []
    for at, row in enumerate(rows):
        y = TOP + at * TALL + TALL / 2
        if row.interval:
            (x1, x2) = (_x(end, low) for end in row.interval)
            shapes.append(tag("line", x1=x1, y1=y, x2=x2, y2=y, class_="reach"))
        shapes += [tag("circle", cx=_x(row.value, low), cy=y, r=5, class_="dot student" if row.marked else "dot"),
                   *_words(row, y)]  # fmt: skip
    return _plot(title, shapes, len(rows), low)


def bars(title: str, rows: Sequence[PlotRow]) -> Html:
    """A bar for each row."""
    shapes: list[Html] = []
    for at, row in enumerate(rows):
        y = TOP + at * TALL + TALL / 2
        shapes += [tag("rect", x=LEFT, y=y - 7, width=WIDE, height=14, class_="back"),
                   tag("rect", x=LEFT, y=y - 7, width=round(row.value * WIDE, 1), height=14, class_="fill"),
                   *_words(row, y)]  # fmt: skip
    return _plot(title, shapes, len(rows), 0.0)


def _x(value: float, low: float) -> float:
    return round(LEFT + (min(max(value, low), 1.0) - low) / (1 - low) * WIDE, 1)


def _words(row: PlotRow, y: float) -> tuple[Html, Html]:
    name = row.name if len(row.name) <= LETTERS else f"{row.name[: LETTERS - 1]}…"
    return (tag("text", name, x=LEFT - 12, y=y + 4, text_anchor="end"),
            tag("text", f"{row.value:.3f}", x=LEFT + WIDE + 14, y=y + 4))  # fmt: skip


def _plot(title: str, shapes: Sequence[Html], rows: int, low: float) -> Html:
    tall = TOP + rows * TALL + 8
    ticks = [low + (1 - low) * step / 5 for step in range(6)]
    axis = [part for tick in ticks for part in (
        tag("line", x1=_x(tick, low), y1=TOP - 4, x2=_x(tick, low), y2=tall - 8, class_="axis"),
        tag("text", f"{tick:.2g}", x=_x(tick, low), y=TOP - 10, text_anchor="middle", class_="tick"))]  # fmt: skip
    size = {"viewBox": f"0 0 {LEFT + WIDE + 70} {tall}", "style": f"max-width:{LEFT + WIDE + 70}px"}
    return tag("svg", *axis, *shapes, role="img", aria_label=f"{title}; the table below holds the same figures", **size)
