"""How faithful the agent's rationales are to their evidence, by a model that judges: ragas' faithfulness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedrec.eval.rationale_measures.evaluate import claimed_of
from kedrec.eval.rationale_measures.figures import Count, ratio
from kedrec.eval.rationale_measures.judge import Judge
from kedrec.eval.tables.agent_rows import traces_of
from kedrec.eval.tables.steps import Kept

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["JUDGED", "faithfulness"]

JUDGED = 50
"""Rationales that are judged, drawn evenly from the questions; each takes two calls of the judge."""


def faithfulness(world: World, task: Task, setting: Corpora, model: str) -> Kept:
    """Let the judge of the options say which claims of a model's rationales their cited evidence holds.

    Raises:
        MissingExtra: ragas is not installed.
        ModelError: the judge does not answer.
        ConfigError: the judge's specification does not fit.
    """
    assert world.options.judge is not None
    judge = Judge.open(world.options.judge, world.settings, JUDGED)
    asked = [task.test.questions[place] for place in sorted(judge.places(len(task.test.questions)))]
    traces = traces_of(world, task, setting, model, asked)
    found = ((pair, trace.recommendation) for pair in asked if (trace := traces.get(pair.id)))
    claimed = [claimed_of(pair, made) for pair, made in found if made and made.sentences]
    scores = judge.faithfulness(claimed)
    told = [(one.disease, score) for one, score in zip(claimed, scores, strict=True) if score is not None]
    figure = ratio(Count(disease, score, 1) for disease, score in told)
    low, high = figure.ci95_by_disease or (0.0, 0.0)
    return Kept(
        figures={
            "claims that the evidence holds": None if figure.value is None else [figure.value, low, high],
            "judged": len(told),
            "unreadable": len(scores) - len(told),
            "without a rationale": len(asked) - len(claimed),
        },
        note=f"judged by `{judge.spec}`",
    )
