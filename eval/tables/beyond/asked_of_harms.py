"""Questions of harm through the agent itself: which of two drugs has a side effect, with cited reasons.

A side effect stands in the place of the disease and goes through the same graph of the agent, whose tools are then
those of harm. The edges of all questions, and all others of the same fifth, are hidden. Weights were chosen on the
effects of the other half.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kedrec.distill.pairs.pairs_file import Named, Pair, Pairs, Scoring
from kedrec.eval.metrics import Outcome, score
from kedrec.eval.selection import outcome_of
from kedrec.eval.tables.agent_rows import traces_of
from kedrec.eval.tables.beyond.harm_questions import HarmQuestion, HarmQuestions
from kedrec.eval.tables.reporting.significance import compare
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.task import Task

if TYPE_CHECKING:
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora, Trace

__all__ = ["asked_of_harms", "harm_task"]


def asked_of_harms(world: World, setting: Corpora, model: str) -> Kept:
    """Ask the agent, and answer the same questions by counts and by likeness.

    Returns:
        The agent's choices, leanings included; and figures: how many it is sure enough of and how many of these are
        right, the same questions by the number of effects and by likeness, and what of its sentences passed the check.
    """
    drawn = HarmQuestions(world)
    questions = drawn.asked()
    if not questions:
        return Kept(note="the graph has no side effects to ask about")
    task = harm_task(questions, drawn.also_held_out())
    traces = traces_of(world, task, setting, model, task.test.questions)
    outcomes = [outcome_of(pair, task.test, traces[pair.id]) for pair in task.test.questions if pair.id in traces]
    figures: dict[str, Any] = {"asked": len(outcomes), **_figures(outcomes), **_said(traces)}
    for name, ahead in (("number of effects", drawn.by_count), ("likeness", drawn.by_likeness)):
        figures |= _beside(outcomes, [one.outcome(ahead(one)) for one in questions], name)
    return Kept(outcomes=tuple(outcomes), figures=figures, note="articles weighed by hand, listed effects not counted")


def harm_task(questions: Sequence[HarmQuestion], also_hidden: Sequence[HarmQuestion] = ()) -> Task:
    """Return questions of harm as what the agent is asked, the drugs in an order drawn by lot."""
    pairs, others = (_pairs(own, name) for own, name in ((questions, "asked"), (also_hidden, "also hidden")))
    return Task(
        "harms", "side effects", others, pairs, {pair.id: pair.disease.id for pair in pairs.questions}, "effects"
    )


def _pairs(questions: Sequence[HarmQuestion], name: str) -> Pairs:
    scoring = {one.id: Scoring(answer=one.drugs[0], negative_kind="side effect") for one in questions}
    told = hashlib.sha256(repr([one.id for one in questions]).encode()).hexdigest()
    return Pairs(path=name, sha256=told, questions=tuple(map(_pair, questions)), scoring=scoring)


def _pair(one: HarmQuestion) -> Pair:
    order = one.drugs if hashlib.sha256(f"order {one.id}".encode()).digest()[0] % 2 else one.drugs[::-1]
    return Pair(id=one.id, disease=Named(id=one.effect), candidates=tuple(Named(id=drug) for drug in order))


def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """How many were right, and of those that it was sure enough of to choose."""
    scores = score(outcomes)
    sure = next(one for one in scores.coverage if one.confidence == 0.7)
    return {
        "right": round(sum(one.right for one in outcomes) / max(len(outcomes), 1), 4),
        "nothing found": scores.abstained,
        "calibration error": scores.calibration.ece if scores.calibration else None,
        "confidence 0.7 or more": sure.n,
        "right at 0.7 or more": sure.accuracy if sure.n else None,
    }


def _said(traces: Mapping[str, Trace]) -> dict[str, Any]:
    """What passed the check, and how many answers cite a sentence of an article or trial that names drug and effect."""
    made = [trace.recommendation for trace in traces.values() if trace.recommendation]
    cited = [{key[0] for sentence in one.sentences for key in sentence.citations} for one in made]
    return {
        "sentences": sum(len(one.sentences) for one in made),
        "sentences struck out": sum(len(one.struck_out) for one in made),
        "cite literature": sum(bool(keys & set("PT")) for keys in cited),
        "failed": sum(trace.error is not None for trace in traces.values()),
    }


def _beside(outcomes: Sequence[Outcome], others: Iterable[Outcome], name: str) -> dict[str, Any]:
    """The same questions by another method, and what the agent's F1 has more."""
    held = {one.pair_id: one for one in others}
    same = [held[one.pair_id] for one in outcomes]
    scores, versus = score(same), compare(outcomes, same)
    return {
        f"F1 by {name} alone": [scores.f1, *scores.f1_ci95_by_disease],
        f"F1 more than by {name}": [versus.difference, *versus.ci95],
    }
