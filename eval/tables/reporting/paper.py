"""The paper's own figures: a table `table row setting measure value source`, tab-separated, that stands beside ours.

Only figures that were checked against the paper belong into it. Those of KEDRec-LM that are not in the table that comes
with this are given by `--paper FILE`; a cell without one shows a dash.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

from kedrec.distill.pairs.lines import content_of
from kedrec.errors import InputError
from kedrec.records import Record

__all__ = ["PaperFigures", "read_paper"]

COLUMNS = ("table", "row", "setting", "measure", "value", "source")


class PaperFigures(Record):
    """Figures by (table, row, setting, measure); the setting is empty where it is not known."""

    figures: dict[tuple[str, str, str, str], str]
    """As shares; one above 1 in the file is in percent there."""
    sources: dict[tuple[str, str, str, str], str]
    """Where each is from."""

    def sources_of(self, table: str) -> tuple[str, ...]:
        """Where the figures for a table are from, each once."""
        return tuple(dict.fromkeys(source for key, source in self.sources.items() if key[0] == table))

    def cell(self, table: str, row: str, setting: str, measure: str) -> str:
        """A figure for a table, a dash where there is none."""
        found = self.figures.get((table, row, setting, measure))
        anyhow = self.figures.get((table, row, "", measure))
        return found or (f"{anyhow} (setting not noted)" if anyhow else "–")


def read_paper(path: Path | None = None) -> PaperFigures:
    """Read a table of figures; the one that comes with this where none is named.

    Raises:
        InputError: it cannot be read, or a line has other columns than the header asks for, or no number.
    """
    shipped = files("kedrec.eval.tables.reporting") / "paper_figures.txt"
    text = content_of(path) if path else shipped.read_text("utf-8")
    name = path or Path(str(shipped))
    lines = list(csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    if not lines or tuple(lines[0]) != COLUMNS:
        raise InputError(name, f"expected a tab-separated table with the header {' '.join(COLUMNS)}.", 1)
    figures, sources = {}, {}
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(COLUMNS):
            raise InputError(name, f"{len(line)} columns, the header has {len(COLUMNS)}.", number)
        table, row, setting, measure, value, source = (cell.strip() for cell in line)
        if not value.replace(".", "", 1).isdecimal():
            raise InputError(name, f"expected a number as the value, found {value!r}.", number)
        figures[table, row, setting, measure] = f"{float(value) / (100 if float(value) > 1 else 1):.3f}"
        sources[table, row, setting, measure] = source
    return PaperFigures(figures=figures, sources=sources)
