"""The same question asked otherwise: candidates swapped, drugs and diseases by other names. The choice should stay."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kedrec.distill.pairs.pairs_file import Named, Pair
from kedrec.eval.tables.agent_rows import traces_of
from kedrec.eval.tables.steps import Kept
from kedrec.records import Trace

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["asked_otherwise"]

QUESTIONS, NAMINGS, SHORTEST = 60, 2, 5
"""Questions that are asked again, how often by other names, and letters of the shortest name."""


def asked_otherwise(world: World, task: Task, setting: Corpora, model: str) -> Kept:
    """Ask some questions again, swapped and by other names.

    Returns:
        Figures: the share of questions with the same choice for each way of asking, how many could not be asked
        since a name is unknown or shared, and the variance of the share right over the namings.
    """
    questions = task.test.questions[:QUESTIONS]
    again = {way: list(_again(world, questions, way)) for way in ("swapped", *(f"named {n}" for n in range(NAMINGS)))}
    before = traces_of(world, task, setting, model, task.test.questions)
    every = [pair for pairs in again.values() for pair in pairs]
    after = traces_of(world, task, setting, model, every, part="otherwise")
    figures = {way: _same(pairs, questions, before, after) for way, pairs in again.items()}
    right = [_right(task, pairs, after) for way, pairs in again.items() if way != "swapped"]
    return Kept(figures={**figures, "variance of the share right": round(float(np.var(right)), 6)})


def _again(world: World, questions: Sequence[Pair], way: str) -> Iterator[Pair]:
    for pair in questions:
        if way == "swapped":
            yield pair.model_copy(update={"id": f"{pair.id}/{way}", "candidates": pair.candidates[::-1]})
        else:
            drawn = random.Random(f"{way} {pair.id}")
            names = [Named(id=_name(world, one.id, drawn), name=one.name) for one in (pair.disease, *pair.candidates)]
            yield Pair(id=f"{pair.id}/{way}", disease=names[0], candidates=tuple(names[1:]))


def _name(world: World, entity_id: str, drawn: random.Random) -> str:
    """One of the names of an entity, brand and generic names and those of salts as the graph has them."""
    entity = world.store.get(entity_id)
    names = [name for name in (entity.synonyms if entity else ()) if len(name) >= SHORTEST]
    return drawn.choice([entity.name, *names]) if entity else entity_id


def _same(
    again: Sequence[Pair], questions: Sequence[Pair], before: dict[str, Trace], after: dict[str, Trace]
) -> dict[str, float | int]:
    pairs = [
        (_choice(before.get(own.id)), _choice(after.get(other.id))) for own, other in zip(questions, again, strict=True)
    ]
    asked = [pair for pair, other in zip(pairs, again, strict=True) if _was_asked(after.get(other.id))]
    same = sum(one == two for one, two in asked)
    return {
        "asked": len(asked),
        "not asked": len(pairs) - len(asked),
        "same choice": round(same / max(len(asked), 1), 4),
    }


def _right(task: Task, again: Sequence[Pair], after: dict[str, Trace]) -> float:
    asked = [pair for pair in again if _was_asked(after.get(pair.id))]
    won = sum(_choice(after[pair.id]) == task.test.scoring[pair.id.rpartition("/")[0]].answer for pair in asked)
    return won / max(len(asked), 1)


def _was_asked(trace: Trace | None) -> bool:
    return trace is not None and trace.recommendation is not None


def _choice(trace: Trace | None) -> str | None:
    return trace.recommendation.choice if trace and trace.recommendation else None
