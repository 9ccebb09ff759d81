"""A table on its way to Markdown and CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

__all__ = ["Grid"]


@dataclass(frozen=True)
class Grid:
    """Cells as text."""

    head: tuple[str, ...]
    """Titles of the columns."""
    lines: tuple[tuple[str, ...], ...]
    """Rows, as long as the head."""

    def markdown(self) -> str:
        """As a Markdown table; a bar within a cell is escaped."""
        rule = ("---",) * len(self.head)
        rows = (self.head, rule, *self.lines)
        return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)

    def csv(self) -> str:
        """As CSV with a header."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows((self.head, *self.lines))
        return out.getvalue()
