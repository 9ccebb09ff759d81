"""The decision on a question of harm: the drug that more speaks for, and what was counted and said as the rationale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.rationale.lines import Line, short
from kedrec.agents.offline.rationale.phrases import SOURCES
from kedrec.agents.offline.roles.role import HARMFUL
from kedrec.agents.prompting.answer_format import ABSTAINED, LONGEST_RATIONALE
from kedrec.records import CandidateScore, Entity, Factor, triples_of
from kedrec.tools.harm_toolbox import harm_sentences, harm_worth
from kedrec.tools.text.role_sentences import claims_of
from kedrec.tools.text.sentence_cues import quotable

__all__ = ["NOTHING_LISTED", "harm_decision"]

NOTHING_LISTED = "neither the graph nor the articles used say anything of what any of these drugs does to people"
"""The reason of an abstention."""
QUOTES = 2
"""Sentences quoted for one drug."""


def harm_decision(task: Task) -> str:
    """Return choice, confidence and rationale in the line format; an abstention where nothing tells them apart.

    Args:
        task: the request; a side effect stands in the place of the disease.
    """
    weighed = {score.id: score for score in task.weighing.candidates} if task.weighing else {}
    scores = [weighed[drug.id] for drug in task.candidates if drug.id in weighed]
    if len(scores) < len(task.candidates) or not any(score.factors for score in scores):
        return f"CHOICE: {ABSTAINED} | {NOTHING_LISTED}"
    best = max(range(len(scores)), key=lambda place: (scores[place].probability, -place))
    refused = [str(failure) for failure in task.failures]
    every = {line.text: line for line in _lines(task, scores, best)}
    lines = [line for text, line in every.items() if not any(text in one for one in refused)]
    body = [f"- ({line.kind}) {line.text} {''.join(f'[{key}]' for key in line.keys)}" for line in lines]
    head = [f"CHOICE: {task.labels[best]}", f"CONFIDENCE: {scores[best].probability:.4f}", "RATIONALE:"]
    return "\n".join([*head, *body[:LONGEST_RATIONALE]])


def _lines(task: Task, scores: Sequence[CandidateScore], best: int) -> Iterator[Line]:
    """What was counted, the drug that leads first; what is said of each; and what drugs of their classes have."""
    order = sorted(range(len(scores)), key=lambda place: (place != best, -scores[place].probability))
    for place in order:
        for factor in scores[place].factors:
            text = f"{factor.text[:1].upper()}{factor.text[1:]}."
            if keys := _keys(task, factor):
                yield Line("choice" if place == best else "contrast", text, keys)
    for place in order:
        yield from _said(task, task.candidates[place])
    told = dict.fromkeys(line for place in order for line in _of_class(task, task.candidates[place]))
    yield from {line.text.partition(";")[2]: line for line in reversed(told)}.values()


def _keys(task: Task, factor: Factor) -> tuple[str, ...]:
    by_source = {item.source_id.partition("#")[0]: key for key, item in task.evidence.items()}
    by_source |= {item.source_id: key for key, item in task.evidence.items()}
    return tuple(dict.fromkeys(by_source[source] for source in factor.sources if source in by_source))


def _said(task: Task, drug: Entity) -> Iterator[Line]:
    """Sentences that name drug and effect, one of each source, first those that say that one brings about the other."""
    best: dict[str, tuple[bool, bool, float, str]] = {}
    for key, item in task.evidence.items():
        found = harm_sentences(item.text, drug, task.disease) if key[0] in SOURCES else ()
        for sentence in found:
            rank = (not _says_cause(sentence, drug, task.disease), key[0] != "P", -harm_worth(sentence), sentence)
            best[key] = min(rank, best.get(key, rank))
    for key in sorted(best, key=lambda key: best[key])[:QUOTES]:
        yield Line("safety", f"{SOURCES[key[0]]} says: “{short(quotable(best[key][-1]))}”", (key,))


def _says_cause(sentence: str, drug: Entity, effect: Entity) -> bool:
    return any(claim.role in HARMFUL for claim in claims_of(sentence, drug, effect))


def _of_class(task: Task, drug: Entity) -> Iterator[Line]:
    """A drug of the same class that is listed with the effect."""
    for key, item in task.evidence.items():
        triples = triples_of(item.source_id)
        if len(triples) == 3 and triples[0][2] in drug.ids and triples[2][2] in task.disease.ids:
            yield Line("mechanism", f"{item.text}.", (key,))
            return
