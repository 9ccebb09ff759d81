"""What was measured, as Markdown, CSV and SVG in the folder of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kedrec.atomic_file import write_whole
from kedrec.eval.machine import where
from kedrec.eval.metrics import score
from kedrec.eval.tables.honesty import CHECKS, SHOWN
from kedrec.eval.tables.plan import Planned
from kedrec.eval.tables.reporting import notes
from kedrec.eval.tables.reporting.grid import Grid
from kedrec.eval.tables.reporting.paper import PaperFigures, read_paper
from kedrec.eval.tables.reporting.plots import plot_coverage, plot_f1
from kedrec.eval.tables.reporting.selection_table import Cell, cells_of, detail_grid, short_grid
from kedrec.eval.tables.reporting.sureness import sureness_grid
from kedrec.eval.tables.steps import Kept, Steps
from kedrec.eval.tables.task import Task
from kedrec.eval.tables.world import World
from kedrec.records import Corpora

__all__ = ["ReportSection", "Written", "write_report"]


@dataclass(frozen=True)
class ReportSection:
    """A further part of the report."""

    title: str
    """Its heading."""
    text: str = ""
    """What stands above its table."""
    grid: Grid | None = None
    """Its table."""
    name: str = ""
    """Name of its CSV file, without the ending."""
    below: Sequence[str] = ()
    """Lines below the table."""


@dataclass
class Written:
    """What a report consists of."""

    folder: Path
    """Where it is."""
    files: list[str] = field(default_factory=list)
    """Names of the files."""
    lacking: list[str] = field(default_factory=list)
    """Steps that are not done."""

    def add(self, name: str, text: str) -> None:
        """Write a file."""
        write_whole(self.folder / name, [text])
        self.files.append(name)


def write_report(
    world: World, steps: Steps, planned: Sequence[Planned], sections: Sequence[ReportSection], lacking: Sequence[str]
) -> Written:
    """Write all tables from what is done so far.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    written = Written(world.out, lacking=list(lacking))
    found = [(one, kept) for one in planned if (kept := steps.read(one.step)) is not None]
    text = ["# The paper's tables\n\n", notes.preamble(), *_table1(world, found, written)]
    for section in sections:
        text.append(_section(section, written))
    text += [_honesty(found), _inside(world, steps, lacking)]
    written.add("tables.md", "\n".join(text))
    return written


def _table1(world: World, found: Sequence[tuple[Planned, Kept]], written: Written) -> Iterator[str]:
    own = [(one, kept) for one, kept in found if one.check is None]
    for name in dict.fromkeys(one.task.name for one, _ in own):
        task = next(one.task for one, _ in own if one.task.name == name)
        cells = cells_of([(one.row, one.setting, kept) for one, kept in own if one.task.name == name])
        yield _column(world, task, cells, written)


def _column(world: World, task: Task, cells: Sequence[Cell], written: Written) -> str:
    paper, settings = read_paper(world.options.paper), world.options.settings
    short, detail = short_grid(cells, settings, paper, task), detail_grid(cells, task)
    written.add(f"table1-{task.name}.csv", short.csv())
    written.add(f"table1-{task.name}-detail.csv", detail.csv())
    sure = sureness_grid(cells)
    written.add(f"table1-{task.name}-sureness.csv", sure.csv())
    plot_f1(written.folder / f"f1-{task.name}.svg", cells, settings, task.grouped_by)
    widest: Corpora = settings[-1]
    shown = [cell for cell in cells if cell.setting == widest or cell.row.settings_alike]
    plot_coverage(written.folder / f"coverage-{task.name}.svg", shown)
    written.files += [f"f1-{task.name}.svg", f"coverage-{task.name}.svg"]
    scores = cells[0].scores
    asked = f"{len(task.train.questions):,} questions to learn from; {scores.n:,} of {scores.diseases:,}"
    head = f"## Table 1, {task.title}: selection, F1\n\n{asked} {task.grouped_by} asked.\n"
    plots = f"![F1](f1-{task.name}.svg) ![accuracy against coverage](coverage-{task.name}.svg)\n"
    below = "".join(f"- {line}\n" for line in (*_rows_told(cells), *_paper_told(paper, task)))
    return "\n".join((head, short.markdown(), detail.markdown(), sure.markdown(), plots, below))


def _paper_told(paper: PaperFigures, task: Task) -> tuple[str, ...]:
    """Where the paper's figures are from, or that none is known."""
    none = (
        "The paper's own figures for this table are not known here; `--paper FILE` puts them into columns beside ours."
    )
    return paper.sources_of(f"1 {task.name}") or (none,)


def _rows_told(cells: Sequence[Cell]) -> Iterator[str]:
    """One line for each row: its source and what had to be adapted."""
    for name in dict.fromkeys(cell.row.name for cell in cells):
        own = [cell for cell in cells if cell.row.name == name]
        told = list(dict.fromkeys(cell.kept.note for cell in own if cell.kept.note))
        yield f"**{own[0].row.title}**: {own[0].row.source}" + "".join(f"; {note}" for note in told) + "."


def _section(section: ReportSection, written: Written) -> str:
    parts = [f"## {section.title}\n", f"{section.text}\n" if section.text else ""]
    if section.grid is not None:
        written.add(f"{section.name}.csv", section.grid.csv())
        parts.append(section.grid.markdown())
    parts += [f"- {line}" for line in section.below]
    return "\n".join(part for part in parts if part) + "\n"


def _honesty(found: Sequence[tuple[Planned, Kept]]) -> str:
    """The footer: both tests of honesty."""
    plain = {(o.task.name, o.row.name, o.setting): k for o, k in found if o.check is None}
    lines = ["## Two tests of honesty\n"]
    for check in CHECKS:
        own = [(one, kept) for one, kept in found if one.check == check]
        told = [f"{_jump(one, kept, plain) if check == SHOWN else _plain(one, kept)}" for one, kept in own]
        lines.append(f"- {check.title} (setting `{check.setting}`): {'; '.join(told) or 'not done yet'}.")
    return "\n".join(lines) + "\n"


def _plain(one: Planned, kept: Kept) -> str:
    scores = score(kept.outcomes)
    low, high = scores.f1_ci95_by_disease
    return f"{one.row.title} {scores.f1:.3f} [{low:.3f}, {high:.3f}]"


def _jump(one: Planned, kept: Kept, plain: dict[tuple[str, str, Corpora], Kept]) -> str:
    before = plain.get((one.task.name, one.row.name, one.setting))
    after = score(kept.outcomes).f1
    if before is None:
        return f"{one.row.title} {after:.3f}"
    hidden = score(before.outcomes).f1
    return f"{one.row.title} {hidden:.3f} → {after:.3f}, **a leak of {after - hidden:+.3f}**"


def _inside(world: World, steps: Steps, lacking: Sequence[str]) -> str:
    """Seeds, commits, hashes, and what is not there."""
    hashes = "".join(f"  - {name}: `{value or 'none'}`\n" for name, value in world.hashes.items())
    failed = "".join(f"- failed: {name}: {why}\n" for name, why in steps.failed.items())
    left = f"- not done: {', '.join(lacking)}\n" if lacking else ""
    return (
        f"## Inside\n\n{where()}\n- seed {world.options.seed}; each step's date, commit and machine stand in its file"
        f" below `steps`\n- hashes (SHA-256):\n{hashes}{failed}{left}"
    )
