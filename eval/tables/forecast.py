"""Which steps are ahead and how long they take, and those that a call is to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch

from kedrec.errors import UserError
from kedrec.eval.tables.steps import Step
from kedrec.records import SETTINGS

__all__ = ["chosen_steps", "forecast"]


def chosen_steps(steps: Sequence[Step], only: Sequence[str], without: Sequence[str]) -> list[Step]:
    """The steps that a call is to do.

    Args:
        steps: all steps.
        only: names, words of names (`teacher`, `drkg-gnn`) or patterns (`write-*-both`); all where empty.
        without: the same, of those to leave out.

    Raises:
        UserError: no step has such a name.
    """
    for word in (*only, *without):
        if not any(_named(step, word) for step in steps):
            names = ", ".join(dict.fromkeys(_group(step)[0] for step in steps))
            raise UserError(f"No step is named by {word!r}. Steps, each with its setting behind it: {names}.")
    wanted = [step for step in steps if not only or any(_named(step, word) for word in only)]
    return [step for step in wanted if not any(_named(step, word) for word in without)]


def forecast(todo: Sequence[Step], done: int) -> Iterator[str]:
    """Lines for people: what is ahead, in order, with minutes.

    Args:
        todo: steps that are not done, in order.
        done: how many are.
    """
    total = sum(step.minutes for step in todo)
    yield f"{done} of {done + len(todo)} steps are done" + (f"; the others take {_told(total)}:" if todo else "")
    groups: dict[str, list[str]] = {}
    for step in todo:
        name, setting = _group(step)
        groups.setdefault(name, []).append(f"{setting} {_told(step.minutes)}".strip())
    yield from (f"  {name}: {', '.join(parts)}" for name, parts in groups.items())


def _told(minutes: float) -> str:
    return "under a minute" if minutes < 1 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _named(step: Step, word: str) -> bool:
    return fnmatch(step.name, word) or f"-{word}-" in f"-{step.name}-"


def _group(step: Step) -> tuple[str, str]:
    """A name without its setting, and the setting."""
    name, _, last = step.name.rpartition("-")
    return (name, last) if last in SETTINGS else (step.name, "")
