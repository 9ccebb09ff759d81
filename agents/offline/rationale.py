"""The rationale without a language model: what a colleague would say of each drug, each sentence on its evidence.

No arithmetic of the weigher stands in it; shares are kept in the scores, and shown apart as "How it was weighed".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kedrec.agents.models.graph_request import Task, speaks_of
from kedrec.agents.offline.mechanism import mechanism_of
from kedrec.agents.offline.quotes import found_for, treating
from kedrec.agents.offline.sentence_cues import quotable, reads_well, sentences_of
from kedrec.records import CandidateScore, Entity, Evidence, Factor, SentenceKind
from kedrec.tools.literature_tools import is_retracted, mentions

__all__ = ["Line", "rationale"]

REASONS = {
    "direct edge": "the graph lists it as a treatment of this disease",
    "similar drugs": "drugs like it are listed as treatments of this disease",
    "similar diseases": "it is listed as a treatment of similar diseases",
    "drug in the graph": "it is listed as a treatment of other diseases",
    "graph": "the graph links it to this disease",
    "trials": "of its trials in this disease",
    "articles": "of the articles on it in this disease",
    "claims in trials": "of what trials say of it in this disease",
    "claims in articles": "of what articles say of it in this disease",
    "writing in trials": "its trials are like the trials of this disease",
    "writing in articles": "articles write of it as they write of this disease",
    "class in trials": "of trials of drugs like it in this disease",
    "class in articles": "of articles on drugs like it in this disease",
}
"""Group of evidence -> why it speaks for a drug."""
BARELY = 0.6
"""Below this probability the evidence barely separates the candidates."""
MOST = 9
"""Most sentences."""
KEYS = 4
"""Most citations of one sentence."""
_SMALLEST_SHARE = 0.005
_WORDS_OF_QUOTE = 55
_KINDS = {"P": "An article", "T": "A trial"}


class Line(NamedTuple):
    """A sentence of the rationale."""

    kind: SentenceKind
    """What it is about."""
    text: str
    """The sentence, without citation marks."""
    keys: tuple[str, ...]
    """Evidence keys."""


def rationale(task: Task, scores: Sequence[CandidateScore], best: int) -> list[Line]:
    """The choice and its main reason, then drug by drug how it works, what was found and what speaks against it.

    Args:
        task: the question with its evidence and answers.
        scores: one per candidate, in the order asked.
        best: place of the chosen candidate.
    """
    chosen = task.candidates[best]
    others = [drug for place, drug in enumerate(task.candidates) if place != best]
    told = [_choice(task, chosen, others, scores, best), *_together(task, chosen, others), *_about(task, chosen)]
    for other in others:
        told += _about(task, other, full=len(others) == 1)
    last = [*_against(task, chosen), *_unknown(task, chosen, others, scores[best])]
    lines = _without_repeats(line for line in (*told, *last) if line.keys)
    ending = [line for line in last if line in lines]
    return [*[line for line in lines if line not in ending][: MOST - len(ending)], *ending]


def _without_repeats(lines: Iterable[Line]) -> list[Line]:
    kept: dict[str, Line] = {}
    for line in lines:
        kept.setdefault(line.text.partition(": ")[2] or line.text, line)
    return list(kept.values())


def _choice(task: Task, chosen: Entity, others: Sequence[Entity], scores: Sequence[CandidateScore], best: int) -> Line:
    """The first sentence; it names no drug that its citations do not speak of."""
    reason, cited = _reason(task, scores, best)
    speaking = [_speaking(task, drug) for drug in (chosen, *others)]
    keys = tuple(dict.fromkeys([*cited[:2], *(key for key in speaking if key)]))[: KEYS + 2]
    shown = [task.evidence[key] for key in keys]
    rivals = " and ".join(drug.name for drug in others if _named_in(shown, drug))
    subject = chosen.name if _named_in(shown, chosen) else "The first"
    disease = f" for {task.disease.name}" if _named_in(shown, task.disease) else ""
    over = f"is preferred over {rivals}" if rivals else "is the choice"
    return Line("choice", f"{subject} {over}{disease}, mainly because {reason}.", keys)


def _reason(task: Task, scores: Sequence[CandidateScore], best: int) -> tuple[str, tuple[str, ...]]:
    """What sets the chosen candidate apart most and can be cited, and where it stands."""
    rivals = [score for place, score in enumerate(scores) if place != best]
    for _, factor in sorted(_ahead(scores[best], rivals), key=lambda row: -row[0]):
        keys = [key for key in keys_of(task, factor) if not is_retracted(task.evidence[key].text)]
        if keys:
            return REASONS.get(factor.group, "the evidence speaks for it"), tuple(keys)
    return "what was found speaks less for the others", ()


def _ahead(score: CandidateScore, rivals: Sequence[CandidateScore]) -> Iterator[tuple[float, Factor]]:
    """By how much a group of evidence speaks more for a candidate than for any of its rivals, where it does."""
    for factor in score.factors:
        theirs = [other.share for rival in rivals for other in rival.factors if other.group == factor.group]
        ahead = factor.share - max(theirs, default=0.0)
        if factor.share >= _SMALLEST_SHARE and ahead >= _SMALLEST_SHARE:
            yield ahead, factor


def keys_of(task: Task, factor: Factor) -> tuple[str, ...]:
    """Evidence keys of a factor's sources, in their order; the source itself before what contains it."""
    found: list[str] = []
    for source in factor.sources:
        exact = [item.key for item in task.evidence.values() if item.source_id == source]
        found += exact or [item.key for item in task.evidence.values() if source in _parts(item)]
    return tuple(dict.fromkeys(found))[:KEYS]


def _parts(item: Evidence) -> set[str]:
    """The document of a passage, and each edge of a path."""
    return {item.source_id.split("#")[0], *item.source_id.split(" ; ")}


def _about(task: Task, drug: Entity, *, full: bool = True) -> Iterator[Line]:
    """How a drug works, whether it is in use, what was found clinically, and what is known of harm."""
    mechanism = mechanism_of(task, drug)
    if mechanism is not None:
        yield Line("mechanism", *mechanism)
    used = treating(_evidence_on(task, drug), drug, task.disease)
    if used:
        yield Line("use", f"In the graph, {_clause(used[0].text)}.", (used[0].key,))
    if full:
        yield from _quoted(task, drug, "clinical_evidence", "clinical", f"reports of {drug.name}")
        yield from _quoted(task, drug, "safety", "safety", f"says of harm or tolerance of {drug.name}")


def _clause(text: str) -> str:
    return quotable(text).rstrip(". ")


def _quoted(task: Task, drug: Entity, question: str, kind: SentenceKind, verb: str) -> Iterator[Line]:
    """The most telling sentence on a question, word for word, where it names the drug and reads as a sentence."""
    found = found_for(task, drug, question)
    for key, text in found.quotes if found else ():
        withdrawn = is_retracted(task.evidence[key].text)
        if key[0] in _KINDS and mentions(text, drug) and not withdrawn and reads_well(text):
            yield Line(kind, f"{_KINDS[key[0]]} {verb}: “{_short(text)}”", (key,))
            return


def _short(text: str) -> str:
    words = quotable(text).split()
    return " ".join(words) if len(words) <= _WORDS_OF_QUOTE else " ".join(words[:_WORDS_OF_QUOTE]) + " …"


def _together(task: Task, chosen: Entity, others: Sequence[Entity]) -> Iterator[Line]:
    """A sentence of an article or trial that names two candidates, the disease too where one does."""
    for other in others:
        found = [
            (mentions(text, task.disease), key, text)
            for key, item in task.evidence.items()
            if key[0] in _KINDS and not is_retracted(item.text)
            for text in sentences_of(item.text)
            if reads_well(text) and mentions(text, chosen) and mentions(text, other)
        ]
        if found:
            _, key, text = max(found, key=lambda row: row[0])
            both = f"{chosen.name} and {other.name}"
            yield Line("contrast", f"{_KINDS[key[0]]} speaks of both {both}: “{_short(text)}”", (key,))


def _against(task: Task, chosen: Entity) -> Iterator[Line]:
    yield from _quoted(task, chosen, "against", "contrast", f"speaks against {chosen.name}")


def _unknown(task: Task, chosen: Entity, others: Sequence[Entity], score: CandidateScore) -> Iterator[Line]:
    """What was looked for and not found, on the evidence that was looked at."""
    drugs = [chosen, *others]
    looked = {drug.id: key for drug in drugs if (key := _speaking(task, drug))}
    gaps = [gap for drug in drugs if drug.id in looked for gap in _gaps(task, drug)]
    said = ["The evidence barely separates the candidates"] if others and score.probability < BARELY else []
    said += ["The evidence could not be weighed and was counted by rule"] if task.weighing is None else []
    said += [f"Nothing was found here on {_listed(gaps)}"] if gaps else []
    if said and looked:
        first, *rest = said
        text = "; ".join([first, *(part[:1].lower() + part[1:] for part in rest)])
        yield Line("uncertainty", f"{text}.", tuple(looked.values()))


def _gaps(task: Task, drug: Entity) -> Iterator[str]:
    if mechanism_of(task, drug) is None:
        yield f"how {drug.name} works"
    asked = (("clinical_evidence", "clinical effects"), ("safety", "harm"))
    missing = [words for key, words in asked if not ((found := found_for(task, drug, key)) and found.quotes)]
    if missing:
        yield f"{' and '.join(missing)} of {drug.name}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def _speaking(task: Task, drug: Entity) -> str | None:
    """A piece of evidence that names a drug, the disease too where one does."""
    speaking = [key for key, item in task.evidence.items() if mentions(item.text, drug) and not is_retracted(item.text)]
    both = (key for key in speaking if mentions(task.evidence[key].text, task.disease))
    return next(both, speaking[0] if speaking else None)


def _evidence_on(task: Task, drug: Entity) -> list[Evidence]:
    return [item for item in task.evidence.values() if speaks_of(item, drug)]


def _named_in(shown: Iterable[Evidence], entity: Entity) -> bool:
    return any(mentions(item.text, entity) for item in shown)
