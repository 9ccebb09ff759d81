"""The rows of Table 2 as steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kedrec.eval.tables.baselines.plain import need
from kedrec.eval.tables.plan import WAITING
from kedrec.eval.tables.rows import TEACHER
from kedrec.eval.tables.steps import Kept, Step, Turn, code_of
from kedrec.eval.tables.writers.examples import Example, examples_of

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["LEAD", "Material", "Writer", "writing_steps"]

EPOCHS = 8
LEAD = 60
"""Words of the row without learning."""


@dataclass(frozen=True)
class Material:
    """What a writer learns from and is asked."""

    learnt: Sequence[Example]
    """Questions with the teacher's rationales."""
    asked: Sequence[Example]
    """Questions to write for; what the teacher wrote is not looked at."""
    seed: int
    """Of weights and order."""
    epochs: int = EPOCHS
    """Passes over what is learnt from."""


@dataclass(frozen=True)
class Writer:
    """A row of Table 2 in a setting."""

    name: str
    """As in `Row.name`."""
    title: str
    """For people."""
    source: str
    """Where the method was published."""
    setting: Corpora
    """Which corpora the evidence is from."""
    step: Step
    """What writes."""
    ours: bool = False
    """Whether it is compared with the best of the others."""


def writing_steps(
    world: World, task: Task, settings: Sequence[Corpora], agents: Mapping[tuple[str, Corpora], Step]
) -> Iterator[Writer]:
    """All rows in all settings; the teacher's are the reference, and stand only beside the curated mechanisms.

    Args:
        world: the stores.
        task: what is asked.
        settings: in order.
        agents: the steps of teacher and student in Table 1: what they wrote there stands here.
    """
    for setting in settings:
        for name, title, source in (row for row in ROWS if world.options.has_row(row[0])):
            key = world.key("writer", name, setting, task.sha256, world.options.rationale_pairs, _code(name))
            turn = Turn.RATIONALES if name == "lead" else Turn.BETWEEN if setting in WAITING else Turn.WRITERS
            work = partial(_write, world, task, setting, name)
            yield Writer(name, title, source, setting, Step(f"write-{name}-{setting}", key, work, MINUTES[name], turn))
        for name in ("teacher", "student"):
            if step := agents.get((name, setting)):
                yield Writer(name, f"KEDRec {name}", "this project", setting, step, ours=name == "student")


ROWS = (
    ("lead", "the evidence's first words", "no learning"),
    ("pointer", "Pointer-Generator", "See, Liu, Manning 2017"),
    ("biogpt", "BioGPT", "Luo et al. 2022"),
)


MINUTES = {"lead": 2.0, "pointer": 6.0, "biogpt": 6.0}
"""About how long each takes on two cores; the first asks the teacher what is learnt from."""


def _code(name: str) -> str:
    own = {"pointer": ("pointer_generator", "pointer_training"), "biogpt": ("biogpt",)}.get(name, ())
    return code_of("writers/examples.py", *(f"writers/{one}.py" for one in own))


def _write(world: World, task: Task, setting: Corpora, name: str) -> Kept:
    if name != "lead":
        need(f"The row {name}", "torch", "transformers")
    learnt, asked = examples_of(world, task, setting, TEACHER)
    material = Material(learnt, asked, world.options.seed)
    if name == "lead":
        return Kept(texts={one.pair_id: " ".join(one.source[:LEAD]) for one in asked}, note=f"{LEAD} words")
    if name == "pointer":
        from kedrec.eval.tables.writers.pointer_training import pointer_generator

        return pointer_generator(material)
    from kedrec.eval.tables.writers.biogpt import biogpt

    return biogpt(material, world.options.biogpt)
