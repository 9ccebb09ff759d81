"""The whole of the tables, run or resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from kedrec.config import Settings
from kedrec.eval.tables.mimic.pairs import mimic_task
from kedrec.eval.tables.options import TablesOptions, pinned
from kedrec.eval.tables.plan import Planned, check_steps, selection_steps
from kedrec.eval.tables.report import Section, write_report
from kedrec.eval.tables.rows import rows_of
from kedrec.eval.tables.steps import Steps
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
        tasks, coverage = _tasks(world)
        planned = _planned(world, tasks)
        steps = Steps(out / "steps", say)
        everything = [one.step for one in planned]
        try:
            if not report_only:
                steps.run(everything)
        finally:
            lacking = [step.name for step in everything if steps.read(step) is None]
            written = write_report(world, steps, planned, _sections(coverage), lacking)
    return TablesReport(folder=str(out), files=tuple(written.files), lacking=tuple(lacking), failed=dict(steps.failed))


def _planned(world: World, tasks: Sequence[Task]) -> list[Planned]:
    """All steps of Table 1, with its tests of honesty."""
    rows = rows_of(world.options)
    selection = chain.from_iterable(selection_steps(world, task, rows) for task in tasks)
    return [*selection, *check_steps(world, tasks[0], rows)]


def _tasks(world: World) -> tuple[list[Task], tuple[str, ...]]:
    """The columns of Table 1, and what of MIMIC-III could be mapped."""
    data, limit, mimic = world.options.data, world.options.limit, world.options.mimic_folder
    pairs = drkg_task(data / "pairs" / "train.jsonl", data / "pairs" / "dev.jsonl", limit)
    if mimic is None:
        return [pairs], ()
    found = mimic_task(mimic, world.store, world.facts)
    return [pairs, *([found.task] if found.task.test.questions else [])], found.coverage


def _sections(coverage: Sequence[str]) -> list[Section]:
    told = (
        "For a patient and a diagnosis, a drug that was prescribed and that the graph lists for it, against the most"
        " similar one that the patient did not get. The same question asked of several patients has one answer for all."
        " Patients are split, diseases are not; the rows know of a patient nothing but the diagnosis."
    )
    return [Section("MIMIC-III: what could be mapped", told, below=coverage)] if coverage else []
