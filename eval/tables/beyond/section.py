"""What the paper did not measure, as steps and as a part of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from kedrec.eval.metrics import score
from kedrec.eval.tables.beyond.added_passages import added_passages
from kedrec.eval.tables.beyond.adverse_effects import adverse_effects
from kedrec.eval.tables.beyond.asked_of_harms import asked_of_harms
from kedrec.eval.tables.beyond.asked_otherwise import asked_otherwise
from kedrec.eval.tables.beyond.faithfulness import faithfulness
from kedrec.eval.tables.beyond.ranking import ranking
from kedrec.eval.tables.beyond.rationales import rationales
from kedrec.eval.tables.plan import in_order
from kedrec.eval.tables.reporting.grid import Grid
from kedrec.eval.tables.reporting.write import ReportSection
from kedrec.eval.tables.rows import TEACHER
from kedrec.eval.tables.steps import Kept, Step, Turn, code_of

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["beyond_section", "beyond_steps"]

TextMeasure = Callable[["World", "Task", "Corpora", str], Kept]
OF_MODELS: dict[str, tuple[TextMeasure, tuple[str, ...], float]] = {
    "otherwise": (asked_otherwise, ("beyond/asked_otherwise.py",), 3.0),
    "passages": (added_passages, ("beyond/added_passages.py",), 2.0),
    "rationales": (rationales, ("beyond/rationales.py", "beyond/ragas_texts.py"), 2.0),
}
"""What is measured of teacher and student: name -> what does it, its code, and its minutes."""
ASKED_OF_HARMS = ("asked_of_harms", "harm_questions", "adverse_effects")
"""Modules of the questions of harm."""
JUDGING = ("agent_rows.py", "beyond/faithfulness.py")
"""Modules of what a judge says."""


def beyond_steps(world: World, task: Task) -> Iterator[Step]:
    """The steps, those of the teacher and the student first."""
    setting = in_order(world.options.settings)[:2][-1]
    models = {"teacher": TEACHER, **({"student": world.options.student} if world.options.student else {})}
    for model_name, model in models.items():
        for name, (do, code, minutes) in OF_MODELS.items():
            reads = name != "passages" or setting != "none"
            if reads and world.options.has_row(f"{name}-{model_name}"):
                work = partial(do, world, task, setting, model)
                key = world.key(name, model, setting, task.sha256, code_of("agent_rows.py", *code))
                yield Step(f"beyond-{name}-{model_name}-{setting}", key, work, minutes, Turn.FURTHER)
        if world.options.judge and world.options.has_row(f"faithfulness-{model_name}"):
            key = world.key("faithfulness", model, setting, task.sha256, world.options.judge, code_of(*JUDGING))
            work = partial(faithfulness, world, task, setting, model)
            yield Step(f"beyond-faithfulness-{model_name}-{setting}", key, work, 5.0, Turn.FURTHER)
    if world.options.has_row("ranking"):
        key = world.key("ranking", setting, task.sha256, code_of("beyond/ranking.py"))
        yield Step(f"beyond-ranking-{setting}", key, partial(ranking, world, task, setting), 3.0, Turn.FURTHER)
    if world.options.has_row("side-effects"):
        key = world.key("side-effects", code_of("beyond/adverse_effects.py"))
        yield Step("beyond-side-effects", key, partial(adverse_effects, world), 0.3, Turn.FURTHER)
    for setting in in_order(world.options.settings)[:2]:
        if world.options.has_row("harms"):
            asking = code_of("agent_rows.py", *(f"beyond/{one}.py" for one in ASKED_OF_HARMS))
            work = partial(asked_of_harms, world, setting, TEACHER)
            yield Step(f"beyond-harms-teacher-{setting}", world.key("harms", setting, asking), work, 2.0, Turn.FURTHER)


def beyond_section(found: Sequence[tuple[Step, Kept]]) -> ReportSection:
    """One line for each figure."""
    lines = [line for step, kept in found for line in _lines(step.name.removeprefix("beyond-"), kept)]
    text = (
        "Otherwise: the same questions with the candidates in the other order, and with drugs and disease by other"
        " names of the graph; those that the graph does not understand are counted and have no choice. Passages: one"
        " passage more on the first candidate, of another question or made up against the choice; the weighing by"
        " rule counts what is loaded, so that only what a model reads can move it. Ranking: the lists of `recommend`,"
        " and one and the same list of the drugs with most uses for every disease. Side effects: drawn from the graph,"
        " a fifth of their edges held out. Calibration, coverage, seconds and cost stand under Table 1."
    )
    notes = [f"**{step.name.removeprefix('beyond-')}**: {kept.note}." for step, kept in found if kept.note]
    judged = any(step.name.startswith("beyond-faithfulness") for step, _ in found)
    left = (
        () if judged else ("No judge was named (`--judge MODEL`), so that nothing says how faithful rationales are.",)
    )
    grid = Grid(("what", "figure", "value"), tuple(lines))
    return ReportSection("What the paper did not measure", text, grid, "beyond", (*notes, *left))


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
    if isinstance(value, list):
        return f"{value[0]:.3g} [{value[1]:.3g}, {value[2]:.3g}]"
    return f"{value:.3g}" if isinstance(value, float) else "–" if value is None else str(value)
