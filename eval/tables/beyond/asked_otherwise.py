"""The same question asked otherwise: candidates swapped, drugs and diseases by other names. The choice should stay.

Names are those of the graph: the name it goes by, a brand (a name that shares no word with it), a salt (the name with
the other part of a salt), another name of the disease. Where a question has no such name it is asked by the first kind.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kedrec.distill.pairs.pairs_file import Named, Pair
from kedrec.eval.tables.agent_rows import traces_of
from kedrec.eval.tables.mimic.mapping import SALTS
from kedrec.eval.tables.steps import Kept
from kedrec.records import Entity, Trace

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["QUESTIONS", "asked_otherwise", "names_of"]

QUESTIONS, SHORTEST = 40, 4
"""Questions that are asked again, and letters of the shortest name."""
NAMINGS = ("generic", "brand", "salt", "disease synonym")
_SALT = re.compile(rf"\b({SALTS})\b", re.IGNORECASE)


def asked_otherwise(world: World, task: Task, setting: Corpora, model: str) -> Kept:
    """Ask some questions again, swapped and by other names.

    Returns:
        Figures: for each way of asking the share of questions with the same choice, the share right, how many have
        names of that kind, and why some could not be asked; and the variance of F1 over the namings.
    """
    questions = task.test.questions[:QUESTIONS]
    again = {way: [_again(world, pair, way) for pair in questions] for way in ("swapped", *NAMINGS)}
    before = traces_of(world, task, setting, model, questions)
    every = [pair for pairs in again.values() for pair in pairs]
    after = traces_of(world, task, setting, model, every, part="otherwise")
    figures: dict[str, Any] = {way: _figures(task, questions, pairs, before, after) for way, pairs in again.items()}
    for way in NAMINGS[1:]:
        figures[way]["with such a name"] = sum(_has_names(world, pair, way) for pair in questions)
    f1 = [figures[way]["F1"] for way in NAMINGS]
    return Kept(figures={**figures, "variance of F1 over the namings": round(float(np.var(f1)), 6)})


def names_of(entity: Entity, way: str) -> list[str]:
    """The names of an entity that are of one kind; none where it has none."""
    own = set(_words(entity.name))
    named = [name for name in entity.synonyms if len(name) >= SHORTEST]
    if way == "salt":
        return [
            name for name in named if _SALT.search(name) and own & set(_words(name)) and not _SALT.search(entity.name)
        ]
    if way == "brand":
        return [name for name in named if not own & set(_words(name)) and not _SALT.search(name)]
    return named if way == "disease synonym" else [entity.name]


def _again(world: World, pair: Pair, way: str) -> Pair:
    if way == "swapped":
        return pair.model_copy(update={"id": f"{pair.id}/{way}", "candidates": pair.candidates[::-1]})
    drawn = random.Random(f"{way} {pair.id}")
    ill, *drugs = (
        Named(id=_name(world, one.id, way, drawn, is_drug=place > 0), name=one.name)
        for place, one in enumerate((pair.disease, *pair.candidates))
    )
    return Pair(id=f"{pair.id}/{way}", disease=ill, candidates=tuple(drugs))


def _name(world: World, entity_id: str, way: str, drawn: random.Random, *, is_drug: bool) -> str:
    entity = world.store.get(entity_id)
    if entity is None:
        return entity_id
    found = names_of(entity, way) if is_drug == (way != "disease synonym") else []
    return drawn.choice(found) if found else entity.name


def _has_names(world: World, pair: Pair, way: str) -> bool:
    told = (pair.disease,) if way == "disease synonym" else pair.candidates
    return any(names_of(entity, way) for one in told if (entity := world.store.get(one.id)))


def _words(name: str) -> Iterator[str]:
    return (word.lower() for word in re.findall(r"[^\W\d_]{4,}", name))


def _figures(
    task: Task,
    questions: Sequence[Pair],
    again: Sequence[Pair],
    before: Mapping[str, Trace],
    after: Mapping[str, Trace],
) -> dict[str, Any]:
    held = [(own, other, after.get(other.id)) for own, other in zip(questions, again, strict=True)]
    asked = [(own, trace) for own, _, trace in held if trace is not None and trace.recommendation is not None]
    choices = [(own.id, choice_of(before.get(own.id)), choice_of(trace)) for own, trace in asked]
    lost = Counter(str((trace.error or {}).get("type")) for _, _, trace in held if trace and trace.error)
    right = sum(new == task.test.scoring[pair_id].answer for pair_id, _, new in choices)
    answered = sum(new is not None for _, _, new in choices)
    return {
        "asked": len(asked),
        **{f"not asked, {kind}": count for kind, count in sorted(lost.items())},
        "same choice": round(sum(old == new for _, old, new in choices) / max(len(asked), 1), 4),
        "F1": round(2 * right / max(answered + len(asked), 1), 4),
    }


def choice_of(trace: Trace | None) -> str | None:
    """The drug that was chosen, or that the evidence leans to."""
    return trace.recommendation.favoured if trace and trace.recommendation else None
