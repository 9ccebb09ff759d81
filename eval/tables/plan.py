"""All steps of the tables: which row answers which questions in which setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kedrec.eval.tables.honesty import CHECKS, Check
from kedrec.eval.tables.rows import Row
from kedrec.eval.tables.steps import Kept, Step, Turn, code_of
from kedrec.eval.tables.task import Task
from kedrec.eval.tables.world import World
from kedrec.records import Corpora

__all__ = ["WAITING", "Planned", "check_steps", "in_order", "selection_steps"]

WORKED: tuple[Corpora, ...] = ("none", "both", "trials", "articles")
"""The order in which settings are measured."""
WAITING: tuple[Corpora, ...] = ("trials", "articles")
"""Settings between the others, measured last."""
WHOLE = 1615
"""Questions for which a row's minutes are given."""


@dataclass(frozen=True)
class Planned:
    """A step of Table 1, and where its result stands."""

    step: Step
    """The step."""
    row: Row
    """The row."""
    task: Task
    """What was asked."""
    setting: Corpora
    """In which setting."""
    check: Check | None = None
    """Which test of honesty it belongs to."""


def in_order(settings: Sequence[Corpora]) -> list[Corpora]:
    """Settings in the order in which they are measured."""
    return sorted(settings, key=WORKED.index)


def selection_steps(world: World, task: Task, rows: list[Row]) -> Iterator[Planned]:
    """The steps of one column of Table 1: every row in every setting, first in those that differ most."""
    settings = in_order(world.options.settings)
    for setting in settings:
        for row in rows:
            if not row.settings_alike or setting == settings[0]:
                yield _planned(world, row, task, setting, name=f"{task.name}-{row.name}-{setting}")


def check_steps(world: World, task: Task, rows: list[Row]) -> Iterator[Planned]:
    """The steps of the tests of honesty."""
    for check in CHECKS:
        setting = check.setting if check.setting in world.options.settings else world.options.settings[-1]
        asked = check.of(task, world.options.seed)
        for row in rows:
            told = setting if not row.settings_alike else in_order(world.options.settings)[0]
            name = f"{check.name}-{task.name}-{row.name}"
            yield replace(_planned(world, row, asked, told, name=name, check=check), check=check)


def _planned(world: World, row: Row, task: Task, setting: Corpora, *, name: str, check: Check | None = None) -> Planned:
    key = world.key(row.name, setting, task.sha256, code_of(*row.code), world.row_hash(row.name))
    minutes = row.minutes[0 if setting == "none" else 1 if setting in WAITING else 2]
    share = len(task.questions) / WHOLE
    step = Step(name, key, partial(_work, world, row, task, setting), minutes * share, _turn(row, task, setting, check))
    return Planned(step, row, task, setting)


def _turn(row: Row, task: Task, setting: Corpora, check: Check | None) -> Turn:
    """When a step is done; what is quick is done at once, and the teacher in all settings before others in any."""
    if row.turn <= Turn.TEACHER and not (check and row.turn):
        return row.turn
    if check is not None:
        return Turn.HONESTY if setting == "none" or not row.reads else Turn.READING
    if setting in WAITING:
        return Turn.BETWEEN
    if row.reads and setting != "none":
        return Turn.READING
    return row.turn if task.name == "drkg" else max(row.turn, Turn.PATIENTS)


def _work(world: World, row: Row, task: Task, setting: Corpora) -> Kept:
    return row.choose(world, task, setting)
