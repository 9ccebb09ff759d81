"""The whole of the tables, run or resumed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from pydantic import Field

from kedrec.config import Settings
from kedrec.eval.tables.beyond.section import beyond_section, beyond_steps
from kedrec.eval.tables.forecast import chosen_steps, forecast
from kedrec.eval.tables.mimic.mapping import read_codes
from kedrec.eval.tables.mimic.pairs import mimic_task
from kedrec.eval.tables.mimic.visits_section import NDC, visit_steps, visits_section
from kedrec.eval.tables.options import TablesOptions, pinned
from kedrec.eval.tables.plan import Planned, check_steps, in_order, selection_steps
from kedrec.eval.tables.reporting.write import ReportSection, write_report
from kedrec.eval.tables.rows import rows_of
from kedrec.eval.tables.steps import Say, Step, Steps
from kedrec.eval.tables.task import Task, drkg_task
from kedrec.eval.tables.world import World
from kedrec.eval.tables.writers.rows import Writer, writing_steps
from kedrec.eval.tables.writers.section import table2
from kedrec.locks import writing
from kedrec.records import Record

__all__ = ["Call", "TablesReport", "make_tables"]

MIMIC = (
    "For a patient and a diagnosis, a drug that was prescribed and that the graph lists for it, against the most"
    " similar one that the patient did not get. The same question asked of several patients has one answer for all."
    " Patients are split, diseases are not; the rows know of a patient nothing but the diagnosis."
)


class Call(Record):
    """What one call is to do; nothing of it changes what a step comes to."""

    only: tuple[str, ...] = ()
    """Steps to do, by name, word or pattern; all where empty."""
    without: tuple[str, ...] = ()
    """Steps to leave for another call."""
    runs: tuple[Path, ...] = ()
    """Folders of recorded runs whose traces are taken in place of asking again."""
    judge: str | None = None
    """Model that judges rationales from this call on, by steps of its own."""
    pyhealth: Path | None = None
    """Python of an environment with PyHealth, which is run from this call on, by a step of its own."""
    plan_only: bool = False
    """Say what is ahead, do nothing and write nothing."""
    report_only: bool = False
    """Do nothing, write the tables from what is done."""


class TablesReport(Record):
    """What a call came to."""

    folder: str
    """Where the tables are."""
    files: tuple[str, ...]
    """Their files."""
    lacking: tuple[str, ...]
    """Steps that are not done, those that failed included."""
    left: tuple[str, ...]
    """Of which those that the call was to do."""
    failed: dict[str, str] = Field(default_factory=dict)
    """Steps that failed in this call, with why."""


def make_tables(
    out: Path, settings: Settings, given: TablesOptions | None = None, *, say: Say, call: Call | None = None
) -> TablesReport:
    """Run what is not done yet and write the tables; the same call again resumes.

    Args:
        out: folder of the tables; each step's predictions are kept below it.
        settings: home, with the graph and the literature.
        given: what they are made from; what they were begun with where not given.
        say: called with lines for people.
        call: what this call is to do; everything where not given.

    Raises:
        UserError: the folder holds tables of something else, data are missing, or no step is named so.
        Busy: another process is at work there.
    """
    call = call or Call()
    world = World(settings, pinned(out, given, {"judge": call.judge, "pyhealth": call.pyhealth}), out, call.runs, say)
    with writing(out):
        for line in world.recorded.lines():
            say(line)
        tasks, coverage = _tasks(world)
        planned = _planned(world, tasks)
        steps = Steps(out / "steps", say)
        agents = {(one.row.name, one.setting): one.step for one in planned if one.task is tasks[0] and not one.check}
        writers = list(writing_steps(world, tasks[0], in_order(world.options.settings), agents))
        more = [*beyond_steps(world, tasks[0]), *visit_steps(world)]
        own = [*(one.step for one in planned), *(one.step for one in writers), *more]
        everything = list({step.name: step for step in own}.values())
        chosen = chosen_steps(everything, call.only, call.without)
        for line in forecast(todo := steps.todo(chosen), len(chosen) - len(todo)):
            say(line)
        if call.plan_only:
            return TablesReport(folder=str(out), files=(), lacking=_names(steps.todo(everything)), left=_names(todo))
        try:
            if not call.report_only:
                steps.run(chosen)
        finally:
            lacking = _names(steps.todo(everything))
            sections = [*_sections(world, tasks[0], steps, writers, more), *_mapped(coverage)]
            written = write_report(world, steps, planned, sections, lacking)
    return TablesReport(
        folder=str(out),
        files=tuple(written.files),
        lacking=lacking,
        left=_names(steps.todo(chosen)),
        failed=dict(steps.failed),
    )


def _names(steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple(step.name for step in steps)


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
    found = mimic_task(mimic, world.store, world.facts, read_codes(world.options.file(NDC)))
    return [pairs, *([found.task] if found.task.test.questions else [])], found.coverage


def _mapped(coverage: Sequence[str]) -> list[ReportSection]:
    return [ReportSection("MIMIC-III: what could be mapped", MIMIC, below=coverage)] if coverage else []


def _sections(
    world: World, task: Task, steps: Steps, writers: Sequence[Writer], more: Sequence[Step]
) -> list[ReportSection]:
    """Table 2, the visits, and what the paper did not measure, as far as they are done."""
    written = [(one, kept) for one in writers if (kept := steps.read(one.step)) is not None]
    further = [(step, kept) for step in more if (kept := steps.read(step)) is not None]
    visits = [one for one in further if one[0].name.startswith("visits-")]
    beyond = [one for one in further if one not in visits]
    return [
        *([table2(world, task, written)] if written else []),
        *([visits_section(visits)] if visits else []),
        *([beyond_section(beyond)] if beyond else []),
    ]
