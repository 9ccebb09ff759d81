"""The decision by rule: the highest weighed probability, and the factors behind it as the rationale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kedrec.agents.models.cues import cue_of, quotable, sentences_of
from kedrec.agents.models.extract import edges_of, treats
from kedrec.agents.models.task import Task, speaks_of
from kedrec.agents.wording import ABSTAINED, LONGEST_RATIONALE
from kedrec.records import CandidateScore, Entity, Evidence, Factor, edge_source, triples_of
from kedrec.tools.literature_tools import mentions

__all__ = ["HOW", "HOW_COUNTED", "NOTHING_KNOWN", "decision"]

NOTHING_KNOWN = "neither the graph nor the literature used says anything of any of these drugs in this disease"
"""The reason of an abstention."""

HOW = "as weighed by rule with no language model (shares are log-odds against the other candidates)"
"""How the choice was made; stands in the first sentence of every rationale."""
UNREASONABLE = "by what was found it is less likely to be of use than an average drug"
"""The reason of an abstention from a single drug."""
HOW_COUNTED = "as counted by rule with no language model, since the evidence could not be weighed"
"""The same where the weigher had no answer."""

LESS = "which speaks less for it than for the others"
"""Stands behind a factor with a negative share."""

_KEYS_PER_SENTENCE = 4
_KEYS_OF_VERDICT = 6
_SMALLEST_SHARE = 0.005
_REASONABLE = 0.5
_FOR_THE_CHOSEN = 6
_RULE_WEIGHTS = {"for": 1.0, "use": 0.6, "silent": 0.4, "harm": -0.3, "against": -0.8}
_TRIAL_WEIGHT = 0.6
_GRAPH_WEIGHT = 0.3
_TREATS_WEIGHT = 4.0


class Line(NamedTuple):
    """A sentence of the rationale."""

    text: str
    """The sentence, without citation marks."""
    keys: tuple[str, ...]
    """Evidence keys."""


def decision(task: Task) -> str:
    """Choice, confidence and rationale in the line format; an abstention only where nothing at all is known."""
    scores = _scores(task)
    if not any(score.factors for score in scores):
        return f"CHOICE: {ABSTAINED} | {NOTHING_KNOWN}"
    best = max(range(len(scores)), key=lambda i: (scores[i].probability, -i))
    if len(scores) == 1 and scores[0].probability < _REASONABLE:
        return f"CHOICE: {ABSTAINED} | {task.candidates[0].name}: {UNREASONABLE}"
    lines = [line for line in _rationale(task, scores, best) if not _failed(line, task)][:LONGEST_RATIONALE]
    body = [f"- {line.text} {''.join(f'[{key}]' for key in line.keys)}" for line in lines]
    label = task.labels[best]
    return "\n".join([f"CHOICE: {label}", f"CONFIDENCE: {scores[best].probability:.4f}", "RATIONALE:", *body])


def _failed(line: Line, task: Task) -> bool:
    """Whether the check has already refused this sentence."""
    return any(line.text in str(failure) for failure in task.failures)


def _scores(task: Task) -> list[CandidateScore]:
    """One score per candidate, in the order asked: the weigher's, or a count of cues where there is none."""
    weighed = {score.id: score for score in task.weighing.candidates} if task.weighing else {}
    if all(drug.id in weighed for drug in task.candidates):
        return [weighed[drug.id] for drug in task.candidates]
    return _counted(task)


def _counted(task: Task) -> list[CandidateScore]:
    factors = [_counted_factors(task, drug) for drug in task.candidates]
    sums = [sum(factor.share for factor in group) for group in factors]
    whole = sum(math.exp(value) for value in sums)
    return [
        CandidateScore(id=drug.id, score=value, probability=math.exp(value) / whole, factors=group)
        for drug, value, group in zip(task.candidates, sums, factors, strict=True)
    ]


def _counted_factors(task: Task, drug: Entity) -> tuple[Factor, ...]:
    """A factor for each piece of evidence that speaks of the drug, weighed by its cue."""
    found = [_counted_factor(item, drug, task.disease) for item in task.evidence.values() if speaks_of(item, drug)]
    return tuple(sorted(found, key=lambda factor: (-abs(factor.share), factor.sources)))


def _counted_factor(item: Evidence, drug: Entity, disease: Entity) -> Factor:
    if item.key.startswith("K"):
        return Factor(group="graph", share=_graph_share(item, disease), text=item.text, sources=(item.source_id,))
    named = [text for text in sentences_of(item.text) if mentions(text, drug)] or sentences_of(item.text) or [item.text]
    weight = _RULE_WEIGHTS[cue_of(named[0])] * (_TRIAL_WEIGHT if item.key.startswith("T") else 1.0)
    group = "trials" if item.key.startswith("T") else "articles"
    return Factor(
        group=group,
        share=weight / 2 if not speaks_of(item, disease) else weight,
        text=named[0],
        sources=(item.source_id,),
    )


def _graph_share(item: Evidence, disease: Entity) -> float:
    edges = edges_of(item)
    if len(edges) == 1 and disease.id in edges[0] and treats(edges[0][1]):
        return _TREATS_WEIGHT
    return _GRAPH_WEIGHT if speaks_of(item, disease) else _GRAPH_WEIGHT / 6


def _rationale(task: Task, scores: Sequence[CandidateScore], best: int) -> list[Line]:
    """First the choice, then its factors, then those of the others."""
    order = [best, *(i for i in range(len(scores)) if i != best)]
    lines = [_factor_lines(task, task.candidates[i], scores[i]) for i in order]
    rest = [*lines[0][:_FOR_THE_CHOSEN], *(line for group in lines[1:] for line in group)]
    return [_verdict(task, order, lines), *rest] if task.evidence else []


def _verdict(task: Task, order: Sequence[int], lines: Sequence[Sequence[Line]]) -> Line:
    """The first sentence; it names no drug that its citations do not speak of."""
    drugs = [task.candidates[i] for i in order]
    found = [_speaking(task, drug, own) for drug, own in zip(drugs, lines, strict=True)]
    keys = tuple(dict.fromkeys(key for key in found if key))[:_KEYS_OF_VERDICT] or tuple(task.evidence)[:1]
    shown = [task.evidence[key] for key in keys]
    rivals = [drug.name for drug in drugs[1:] if _about_any(shown, drug)]
    over = f"preferred over {' and '.join(rivals)}" if rivals else "the choice"
    subject = drugs[0].name if _about_any(shown, drugs[0]) else "The first"
    disease = f" for {task.disease.name}" if _about_any(shown, task.disease) else ""
    how = HOW if task.weighing is not None else HOW_COUNTED
    return Line(f"{subject} is {over}{disease}, {how}.", keys)


def _speaking(task: Task, drug: Entity, lines: Sequence[Line]) -> str | None:
    """A piece of evidence that names a drug, the disease too where it can be; first what its factors cite."""
    cited = [key for line in lines for key in line.keys]
    speaking = [key for key in (*cited, *task.evidence) if mentions(task.evidence[key].text, drug)]
    both = (key for key in speaking if mentions(task.evidence[key].text, task.disease))
    return next(both, speaking[0] if speaking else None)


def _about_any(shown: Iterable[Evidence], entity: Entity) -> bool:
    return any(mentions(item.text, entity) for item in shown)


def _factor_lines(task: Task, drug: Entity, score: CandidateScore) -> list[Line]:
    """A sentence per factor that counts and can be cited, largest share first."""
    ordered = sorted(score.factors, key=lambda factor: -abs(factor.share))
    lines = [(factor, _keys(task, factor)) for factor in ordered if abs(factor.share) >= _SMALLEST_SHARE]
    weighed = task.weighing is not None
    return [_factor_line(drug, factor, keys, weighed) for factor, keys in lines if keys]


def _factor_line(drug: Entity, factor: Factor, keys: tuple[str, ...], weighed: bool) -> Line:
    """A share is told only where the weigher gave it: the check knows no other."""
    group = factor.group[:1].upper() + factor.group[1:]
    share = f", {factor.share:+.2f}" if weighed else ""
    less = f" ({LESS})" if weighed and factor.share < 0 else ""
    return Line(f"{group}{share} for {drug.name}: {quotable(factor.text).rstrip('. ')}{less}.", keys)


def _keys(task: Task, factor: Factor) -> tuple[str, ...]:
    """Evidence keys of a factor's sources, in the order of the sources; the source itself before what contains it."""
    exact = {item.source_id: item.key for item in task.evidence.values()}
    wider = _keys_by_part(task.evidence.values())
    found = (
        key for source in factor.sources for key in ([exact[source]] if source in exact else wider.get(source, ()))
    )
    return tuple(dict.fromkeys(found))[:_KEYS_PER_SENTENCE]


def _keys_by_part(evidence: Iterable[Evidence]) -> dict[str, list[str]]:
    """Evidence keys by the document of a passage, and by each edge of a path."""
    found: dict[str, list[str]] = {}
    for item in evidence:
        edges = {edge_source(*triple) for triple in triples_of(item.source_id)}
        for name in edges or {item.source_id.partition("#")[0]}:
            found.setdefault(name, []).append(item.key)
    return found
