"""What the paper did not measure, as steps and as a part of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from kedrec.eval.metrics import score
from kedrec.eval.tables.beyond.adverse_effects import adverse_effects
from kedrec.eval.tables.beyond.asked_otherwise import asked_otherwise
from kedrec.eval.tables.beyond.ranking import ranking
from kedrec.eval.tables.plan import in_order
from kedrec.eval.tables.reporting.grid import Grid
from kedrec.eval.tables.reporting.write import Section
from kedrec.eval.tables.rows import TEACHER
from kedrec.eval.tables.steps import Kept, Step, code_of

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World

__all__ = ["beyond_section", "beyond_steps"]


def beyond_steps(world: World, task: Task) -> Iterator[Step]:
    """The steps, for the teacher and the student."""
    setting = in_order(world.options.settings)[:2][-1]
    models = {"teacher": TEACHER, **({"student": world.options.student} if world.options.student else {})}
    for name, model in models.items():
        if not world.options.has_row(f"otherwise-{name}"):
            continue
        work = partial(asked_otherwise, world, task, setting, model)
        yield _step(world, task, f"otherwise-{name}-{setting}", work=work, module="asked_otherwise", weight=6.0)
    ranked, effects = partial(ranking, world, task, setting), partial(adverse_effects, world)
    if world.options.has_row("ranking"):
        yield _step(world, task, f"ranking-{setting}", work=ranked, module="ranking", weight=6.0)
    if world.options.has_row("side-effects"):
        yield _step(world, task, "side-effects", work=effects, module="adverse_effects", weight=1.0)


def _step(world: World, task: Task, name: str, *, work: partial[Kept], module: str, weight: float) -> Step:
    return Step(f"beyond-{name}", world.key(name, task.sha256, code_of(f"beyond/{module}.py")), work, weight, turn=1)


def beyond_section(found: Sequence[tuple[Step, Kept]]) -> Section:
    """One line for each figure."""
    lines = [line for step, kept in found for line in _lines(step.name.removeprefix("beyond-"), kept)]
    text = (
        "Swapped and named: the same question with the candidates in the other order, and with drugs and disease by"
        " another of the graph's names; only questions whose names the graph understands count as asked. Ranking: the"
        " lists of `recommend`. Side effects: drawn from the graph, a fifth of their edges held out."
    )
    left = (
        "Not measured here: ragas, an irrelevant and a contradicting passage added. The mechanisms that rationales name"
        " are measured by `kedrec eval rationales`."
    )
    return Section(
        "What the paper did not measure", text, Grid(("what", "figure", "value"), tuple(lines)), "beyond", (left,)
    )


def _lines(name: str, kept: Kept) -> Iterator[tuple[str, str, str]]:
    if kept.outcomes:
        scores = score(kept.outcomes)
        low, high = scores.f1_ci95_by_disease
        yield name, "F1 [95 % by effects]", f"{scores.f1:.3f} [{low:.3f}, {high:.3f}]"
    for figure, value in kept.figures.items():
        if isinstance(value, dict):
            yield from ((name, f"{figure}, {inner}", _told(one)) for inner, one in value.items())
        else:
            yield name, figure, _told(value)


def _told(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
