"""The decision by rule: the highest weighed probability, and the factors behind it as the rationale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from kedrec.agents.models.graph_request import Task, speaks_of
from kedrec.agents.offline.rationale.compose import has_grounds, is_listed, is_only_tested, rationale
from kedrec.agents.offline.rationale.head_to_head import Comparison, comparisons, with_comparisons
from kedrec.agents.offline.rationale.lines import told_role
from kedrec.agents.offline.rationale.phrases import SOURCES
from kedrec.agents.offline.roles import Role, roles_of
from kedrec.agents.offline.roles.role import USES
from kedrec.agents.offline.roles.weighed import edge_share, role_share
from kedrec.agents.prompting.answer_format import ABSTAINED, LONGEST_RATIONALE
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.records import CandidateScore, Entity, Evidence, Factor, in_brackets, triples_of
from kedrec.tools.literature_tools import mentions
from kedrec.tools.text.sentence_cues import cue_of, sentences_of

__all__ = ["NOTHING_KNOWN", "choice_text", "decision", "harm_told"]

NOTHING_KNOWN = "neither the graph nor the literature used says anything of any of these drugs in this disease"
"""The reason of an abstention."""

UNREASONABLE = "what was found speaks no more for it than for an average drug"
"""The reason of an abstention from a single drug."""
NEVER_MET = "nothing was found that names it together with this disease, and that is no finding against it"
"""The same, where the weights had nothing to go by but likeness."""

UNREAD = "no article or trial was found that names it together with this disease, and that is no finding against it"
"""The reason of an abstention from the only one of several drugs that does no harm."""

UNPROVEN = 0.6
"""Most that is said for a drug that trials only test, as they test a rival; and for one asked about alone, or beside
drugs that all do harm in the disease, where no edge, result, approval or shared target speaks for it, only that it is
like others, or tried; and for a listed treatment beside another one, where nothing read says that it came off better.
The pairs that probabilities are fitted on hold one treatment each: a drug that is asked about alone may be none, of two
that are tried nothing tells which is, and of two treatments nothing tells which is better."""
_REASONABLE = 0.5
_RULE_WEIGHTS = {"for": 1.0, "use": 0.6, "silent": 0.4, "harm": -0.3, "against": -0.8}
_TRIAL_WEIGHT = 0.6
_GRAPH_WEIGHT = 0.3


def decision(task: Task) -> str:
    """Choice, confidence and rationale in the line format; an abstention where nothing is known or all do harm."""
    roles = roles_of(task)
    told = comparisons(task.evidence.values(), task.candidates, task.disease)
    scores = with_comparisons(_scores(task, roles), told)
    if not any(score.factors for score in scores):
        return f"CHOICE: {ABSTAINED} | {NOTHING_KNOWN}"
    best = max(range(len(scores)), key=lambda i: (scores[i].probability, -i))
    if all(role.is_harmful for role in roles):
        return f"CHOICE: {ABSTAINED} | {' '.join(map(harm_told, task.candidates, roles))}"
    chosen = task.candidates[best]
    if len(scores) == 1 and scores[0].probability < _REASONABLE:
        met = any(_naming_both(task, chosen))
        return f"CHOICE: {ABSTAINED} | {chosen.name}: {UNREASONABLE if met else NEVER_MET}"
    unproven = _is_unproven(task, best, roles, told)
    harmful = [one for one in zip(task.candidates, roles, strict=True) if one[1].is_harmful]
    alone = task.setting != "none" and unproven and len(harmful) == len(scores) - 1 > 0
    if alone and not any(key[0] in SOURCES for key in _naming_both(task, chosen)):
        said = " ".join(harm_told(drug, role) for drug, role in harmful)
        return f"CHOICE: {ABSTAINED} | {said} {chosen.name}: {UNREAD}"
    if unproven:
        scores = _bounded(scores, best)
    return choice_text(task, scores, best, roles)


def _naming_both(task: Task, drug: Entity) -> Iterator[str]:
    """Keys of the evidence that names a drug and the disease."""
    found = task.evidence.values()
    return (item.key for item in found if mentions(item.text, drug) and mentions(item.text, task.disease))


def _is_unproven(task: Task, best: int, roles: Sequence[Role], told: Sequence[Comparison]) -> bool:
    """Whether the chosen drug has no grounds beside none or harmful ones, or no more than another rival has.

    It has no more where both are only tested, or both listed as treatments and no comparison says that it is better.
    """
    chosen = task.candidates[best]
    others = zip(task.candidates, roles, strict=True)
    rivals = [drug for drug, role in others if drug is not chosen and not role.is_harmful]
    if not rivals:
        return roles[best].role not in USES and not has_grounds(task, chosen)
    better = any(one.better is chosen for one in told)
    if not better and is_listed(task, chosen) and any(is_listed(task, one) for one in rivals):
        return True
    return is_only_tested(task, chosen) and any(is_only_tested(task, one) for one in rivals)


def _bounded(scores: Sequence[CandidateScore], best: int) -> list[CandidateScore]:
    """Scores in which the best drug has a probability of at most `UNPROVEN`, and its rivals share the rest."""
    chance = scores[best].probability
    if chance <= UNPROVEN:
        return list(scores)
    factors = [UNPROVEN / chance if place == best else (1 - UNPROVEN) / (1 - chance) for place in range(len(scores))]
    return [
        score.model_copy(update={"probability": score.probability * factor})
        for score, factor in zip(scores, factors, strict=True)
    ]


def choice_text(task: Task, scores: Sequence[CandidateScore], best: int, roles: Sequence[Role]) -> str:
    """Return a choice with its confidence and rationale in the line format.

    Args:
        task: the request.
        scores: of each candidate.
        best: place of the chosen one.
        roles: what each candidate is to the disease.
    """
    # What the check has already refused is left out.
    lines = [
        line
        for line in rationale(task, scores, best, roles)
        if not any(line.text in str(failure) for failure in task.failures)
    ][:LONGEST_RATIONALE]
    body = [f"- ({line.kind}) {line.text} {in_brackets(line.keys)}" for line in lines]
    label = task.labels[best]
    return "\n".join([f"CHOICE: {label}", f"CONFIDENCE: {scores[best].probability:.4f}", "RATIONALE:", *body])


def harm_told(drug: Entity, role: Role) -> str:
    """What a drug does to the disease, and where that stands."""
    return f"{told_role(drug, role)}{''.join(f' [{source.source_id}]' for source in role.sources[:1])}"


def _scores(task: Task, roles: Sequence[Role]) -> list[CandidateScore]:
    """One score per candidate, in the order asked: the weigher's, or a count of cues without one."""
    weighed = {score.id: score for score in task.weighing.candidates} if task.weighing else {}
    if not all(drug.id in weighed for drug in task.candidates):
        # Without the weigher, cues are counted.
        factors = [_counted_factors(task, drug) for drug in task.candidates]
        shares = [role_share(role) if role.is_harmful else 0.0 for role in roles]
        sums = [sum(factor.share for factor in group) + share for group, share in zip(factors, shares, strict=True)]
        whole = sum(math.exp(value) for value in sums)
        return [
            CandidateScore(id=drug.id, score=value, probability=math.exp(value) / whole, factors=group)
            for drug, value, group in zip(task.candidates, sums, factors, strict=True)
        ]
    scores = [weighed[drug.id] for drug in task.candidates]
    return scores if task.weighing and task.weighing.roles else _less_harm(scores, roles)


def _less_harm(scores: Sequence[CandidateScore], roles: Sequence[Role]) -> list[CandidateScore]:
    """Scores of a weighing that knew no roles, less what a harmful one takes off."""
    shares = [role_share(role) if role.is_harmful else 0.0 for role in roles]
    odds = [score.probability * math.exp(share) for score, share in zip(scores, shares, strict=True)]
    whole = sum(odds) if len(scores) > 1 else odds[0] + 1 - scores[0].probability
    return [
        score.model_copy(update={"score": score.score + share, "probability": one / whole})
        for score, share, one in zip(scores, shares, odds, strict=True)
    ]


def _counted_factors(task: Task, drug: Entity) -> tuple[Factor, ...]:
    """A factor for each piece of evidence that speaks of the drug, weighed by its cue."""
    found = [_counted_factor(item, drug, task.disease) for item in task.evidence.values() if speaks_of(item, drug)]
    return tuple(sorted(found, key=lambda factor: (-abs(factor.share), factor.sources)))


def _counted_factor(item: Evidence, drug: Entity, disease: Entity) -> Factor:
    if item.key.startswith("K"):
        edges = triples_of(item.source_id)
        if len(edges) == 1 and not disease.ids.isdisjoint(edges[0]) and is_therapeutic(edges[0][1]):
            graph_share = edge_share([item.source_id])
        else:
            graph_share = _GRAPH_WEIGHT if speaks_of(item, disease) else _GRAPH_WEIGHT / 6
        return Factor(group="graph", share=graph_share, text=item.text, sources=(item.source_id,))
    named = [text for text in sentences_of(item.text) if mentions(text, drug)] or sentences_of(item.text) or [item.text]
    weight = _RULE_WEIGHTS[cue_of(named[0])] * (_TRIAL_WEIGHT if item.key.startswith("T") else 1.0)
    group = "trials" if item.key.startswith("T") else "articles"
    return Factor(
        group=group,
        share=weight / 2 if not speaks_of(item, disease) else weight,
        text=named[0],
        sources=(item.source_id,),
    )
