"""The whole of the tables, run or resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from kedrec.config import Settings
from kedrec.eval.tables.options import TablesOptions, pinned
from kedrec.eval.tables.plan import Planned, check_steps, selection_steps
from kedrec.eval.tables.report import Section, write_report
from kedrec.eval.tables.rows import rows_of
from kedrec.eval.tables.steps import Step, Steps
from kedrec.eval.tables.task import Task, drkg_task
from kedrec.eval.tables.world import World
from kedrec.locks import writing
from kedrec.records import Record

__all__ = ["TablesReport", "make_tables"]

Say = Callable[[str], None]


class TablesReport(Record):
    """What a call came to."""

    folder: str
    """Where the tables are."""
    files: tuple[str, ...]
    """Their files."""
    lacking: tuple[str, ...]
    """Steps that are not done, those that failed included."""
    failed: dict[str, str]
    """Steps that failed in this call, with why."""


def make_tables(
    out: Path, settings: Settings, given: TablesOptions | None = None, *, say: Say, report_only: bool = False
) -> TablesReport:
    """Run what is not done yet and write the tables; the same call again resumes.

    Args:
        out: folder of the tables; each step's predictions are kept below it.
        settings: home, with the graph and the literature.
        given: what they are made from; what they were begun with where not given.
        say: called with lines for people.
        report_only: run nothing, write the tables from what is done.

    Raises:
        UserError: the folder holds tables of something else, or data are missing.
        Busy: another process is at work there.
    """
    world = World(settings, pinned(out, given), out)
    with writing(out):
        planned, others = _planned(world, say)
        steps = Steps(out / "steps", say)
        everything = [*(one.step for one in planned), *others]
        try:
            if not report_only:
                steps.run(everything)
        finally:
            lacking = [step.name for step in everything if steps.read(step) is None]
            written = write_report(world, steps, planned, _sections(world, steps), lacking)
    return TablesReport(folder=str(out), files=tuple(written.files), lacking=tuple(lacking), failed=dict(steps.failed))


def _planned(world: World, say: Say) -> tuple[list[Planned], list[Step]]:
    """All steps: those of Table 1 with its tests of honesty, and the others."""
    rows, tasks = rows_of(world.options), _tasks(world, say)
    selection = chain.from_iterable(selection_steps(world, task, rows) for task in tasks)
    return [*selection, *check_steps(world, tasks[0], rows)], []


def _tasks(world: World, say: Say) -> list[Task]:
    data, limit = world.options.data, world.options.limit
    return [drkg_task(data / "pairs" / "train.jsonl", data / "pairs" / "dev.jsonl", limit)]


def _sections(world: World, steps: Steps) -> Sequence[Section]:
    return []
