"""The whole of the tables, run or resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from kedrec.config import Settings
from kedrec.eval.tables.beyond.section import beyond_section, beyond_steps
from kedrec.eval.tables.mimic.pairs import mimic_task
from kedrec.eval.tables.options import TablesOptions, pinned
from kedrec.eval.tables.plan import Planned, check_steps, in_order, selection_steps
from kedrec.eval.tables.reporting.write import Section, write_report
from kedrec.eval.tables.rows import rows_of
from kedrec.eval.tables.steps import Step, Steps
from kedrec.eval.tables.task import Task, drkg_task
from kedrec.eval.tables.world import World
from kedrec.eval.tables.writers.rows import Writer, writing_steps
from kedrec.eval.tables.writers.section import table2
from kedrec.locks import writing
from kedrec.records import Record

__all__ = ["TablesReport", "make_tables"]

Say = Callable[[str], None]
MIMIC = (
    "For a patient and a diagnosis, a drug that was prescribed and that the graph lists for it, against the most"
    " similar one that the patient did not get. The same question asked of several patients has one answer for all."
    " Patients are split, diseases are not; the rows know of a patient nothing but the diagnosis."
)


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
        writers = list(writing_steps(world, tasks[0], in_order(world.options.settings)))
        beyond = list(beyond_steps(world, tasks[0]))
        everything = [*(one.step for one in planned), *(one.step for one in writers), *beyond]
        try:
            if not report_only:
                steps.run(everything)
        finally:
            lacking = [step.name for step in everything if steps.read(step) is None]
            sections = [*_sections(world, tasks[0], steps, writers, beyond), *_mapped(coverage)]
            written = write_report(world, steps, planned, sections, lacking)
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


def _mapped(coverage: Sequence[str]) -> list[Section]:
    return [Section("MIMIC-III: what could be mapped", MIMIC, below=coverage)] if coverage else []


def _sections(
    world: World, task: Task, steps: Steps, writers: Sequence[Writer], beyond: Sequence[Step]
) -> list[Section]:
    """Table 2 and what the paper did not measure, as far as they are done."""
    written = [(one, kept) for one in writers if (kept := steps.read(one.step)) is not None]
    further = [(step, kept) for step in beyond if (kept := steps.read(step)) is not None]
    found = [table2(world, task, written)] if written else []
    return [*found, *([beyond_section(further)] if further else [])]
