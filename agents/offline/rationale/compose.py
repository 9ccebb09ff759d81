"""The rationale without a language model: what a colleague would say of each drug, each sentence on its evidence.

No arithmetic of the weigher stands in it; shares are kept in the scores, and shown apart as "How it was weighed".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.domain_answers import evidence_on, found_for, treating
from kedrec.agents.offline.mechanism import mechanism_of, words_of_action
from kedrec.agents.offline.rationale.evidence_sentences import QuestionEvidence
from kedrec.agents.offline.rationale.head_to_head import Comparison, comparisons
from kedrec.agents.offline.rationale.likeness import KEYS, likeness, listed
from kedrec.agents.offline.rationale.lines import SIGNED, Line, against, clinical, quoted, safety, short, told_role
from kedrec.agents.offline.rationale.main_reason import HARM, Reason, beside_harm, main_reason, reasons_of
from kedrec.agents.offline.rationale.mechanism_quotes import course, explained
from kedrec.agents.offline.rationale.phrases import SOURCES
from kedrec.agents.offline.rationale.processes import named_processes, with_processes
from kedrec.agents.offline.roles import Role
from kedrec.records import CandidateScore, Entity, Evidence
from kedrec.tools.findings.trial_records import title_of
from kedrec.tools.literature_tools import is_retracted, mentions
from kedrec.tools.text.sentence_cues import quotable, reads_well, sentences_of
from kedrec.tools.text.spans import WordSet, repeats, words_of, worth

__all__ = ["has_grounds", "is_listed", "is_only_tested", "rationale"]

BARELY = 0.6
"""Below this probability the evidence barely separates the candidates."""
MOST = 9
"""Most sentences."""


class _Known(NamedTuple):
    """What was found on a drug."""

    drug: Entity
    """The drug."""
    mechanism: tuple[str, tuple[str, ...]] | None
    """A sentence on its targets and where that stands."""
    explained: QuestionEvidence | None
    """What the literature says of how it acts."""
    use: Evidence | None
    """That the graph lists it as a treatment of the disease."""
    clinical: QuestionEvidence | None
    """Of its effect."""
    safety: QuestionEvidence | None
    """Of harm."""
    against: QuestionEvidence | None
    """What speaks against it."""
    acts_on: frozenset[str]
    """Beginnings of words for what it acts on."""
    reasons: tuple[Reason, ...] = ()
    """What speaks for it, the strongest first."""


def rationale(task: Task, scores: Sequence[CandidateScore], best: int, roles: Sequence[Role] = ()) -> list[Line]:
    """The choice and its main reason, then drug by drug how it works, what was found and what speaks against it.

    Args:
        task: the question with its evidence and answers.
        scores: one per candidate, in the order asked.
        best: place of the chosen candidate.
        roles: what each candidate is to the disease, in the same order.
    """
    compared = comparisons(task.evidence.values(), task.candidates, task.disease)
    known = [_known(task, drug, compared) for drug in task.candidates]
    chosen, others = known[best], [one for place, one in enumerate(known) if place != best]
    harmful = {drug.id: role for drug, role in zip(task.candidates, roles, strict=False) if role.is_harmful}
    warned = [line for drug, role in zip(task.candidates, roles, strict=False) for line in _role(task, drug, role)]
    told = [
        _choice(task, chosen, others, scores, harmful),
        *_compared(compared),
        *warned,
        *_about(task, chosen),
        *_together(task, chosen, others),
    ]
    for other in others:
        told += _about(task, other, full=len(others) == 1)
    last = [*against(task, chosen.drug, chosen.against)]
    last += _unknown(task, [chosen, *others], scores[best], harmful)
    lines = _without_repeats(line for line in (*told, *last) if line.keys and not SIGNED.search(line.text))
    ending = [line for line in last if line in lines]
    return [*[line for line in lines if line not in ending][: MOST - len(ending)], *ending]


def _compared(told: Sequence[Comparison]) -> Iterator[Line]:
    """The first direct comparison of two candidates, with who came off better."""
    for one in told[:1]:
        if reads_well(one.sentence):
            both = " and ".join(drug.name for drug in one.drugs)
            found = f"and {one.better.name} came off better" if one.better else "and found no difference"
            source = SOURCES[one.key[0]]
            yield Line("contrast", f"{source} compares {both}, {found}: “{short(one.sentence)}”", (one.key,))


def _role(task: Task, drug: Entity, role: Role) -> Iterator[Line]:
    """That a drug causes the disease, serves to test for it or is too much of in it, in the words of the evidence."""
    if role.is_harmful and role.sources:
        # What is told of its class does not name the drug: something that does is cited beside it.
        key = role.sources[0].source_id
        naming = None if mentions(task.evidence[key].text, drug) else _speaking(task, drug)
        yield Line("safety", told_role(drug, role), (key, naming) if naming else (key,))


def _known(task: Task, drug: Entity, compared: Sequence[Comparison]) -> _Known:
    evidence = evidence_on(task, drug)
    effect, harm, contrary = (found_for(task, drug, key) for key in ("clinical_evidence", "safety", "against"))
    used = treating(evidence, drug, task.disease)
    mechanism = mechanism_of(evidence, drug, task.disease)
    said = explained(evidence, drug, task.disease)
    words = words_of_action(evidence, drug)
    known = _Known(drug, mechanism, said, used[0] if used else None, effect, harm, contrary, words)
    return known._replace(reasons=tuple(reasons_of(task, known, compared)))


def has_grounds(task: Task, drug: Entity) -> bool:
    """Whether more speaks for a drug than likeness to others and trials that test it: use, result, approval, target."""
    reasons = _known(task, drug, comparisons(task.evidence.values(), task.candidates, task.disease)).reasons
    return bool(reasons) and not reasons[0].only_tests


def is_listed(task: Task, drug: Entity) -> bool:
    """Whether the graph lists a drug as a treatment of the disease."""
    return bool(treating(evidence_on(task, drug), drug, task.disease))


def is_only_tested(task: Task, drug: Entity) -> bool:
    """Whether trials name a drug and the disease, withdrawn ones included, and nothing else speaks for the drug."""
    trials = (item for item in task.evidence.values() if item.key[0] == "T" and mentions(item.text, drug))
    return not has_grounds(task, drug) and any(mentions(item.text, task.disease) for item in trials)


def _without_repeats(lines: Iterable[Line]) -> list[Line]:
    """The lines, less those that quote what another one quotes, or nearly so."""
    kept: list[Line] = []
    shown: list[WordSet] = []
    for line in lines:
        words = words_of(line.text.partition(": “")[2] or line.text)
        if not repeats(words, shown):
            kept.append(line)
            shown.append(words)
    return kept


def _choice(
    task: Task, chosen: _Known, others: Sequence[_Known], scores: Sequence[CandidateScore], harmful: Mapping[str, Role]
) -> Line:
    """The first sentence; it names no drug that its citations do not speak of."""
    reason, apart = main_reason(chosen.reasons, [other.reasons for other in others])
    if chosen.drug.id not in harmful:
        reason = beside_harm(reason, [other.drug for other in others], harmful) or reason
    best = task.candidates.index(chosen.drug)
    liked, cited = likeness(task, scores, best)
    drugs = [chosen.drug, *(other.drug for other in others)]
    speaking = [_speaking(task, drug) for drug in drugs]
    first = [*(reason.keys if reason else ()), *(cited if not reason or not apart else ())]
    keys = tuple(dict.fromkeys([*first, *(key for key in speaking if key)]))[: KEYS + 2]
    shown = [task.evidence[key] for key in keys]
    rivals = " and ".join(drug.name for drug in drugs[1:] if _named_in(shown, drug))
    subject = chosen.drug.name if _named_in(shown, chosen.drug) else "The first"
    disease = f" for {task.disease.name}" if _named_in(shown, task.disease) else ""
    if scores[best].probability < task.least_confidence:
        beside = f" rather than to {rivals}" if rivals else ""
        why = _because(reason, apart, liked, rivals)
        text = f"It is too close to call; the evidence leans to {subject}{beside}{disease}{why}."
        return Line("choice", text, keys)
    over = f"is preferred over {rivals}" if rivals else "is the choice"
    return Line("choice", f"{subject} {over}{disease}{_because(reason, apart, liked, rivals)}.", keys)


def _because(reason: Reason | None, apart: bool, liked: str, rivals: str) -> str:
    """Why, and how much that is worth."""
    if reason is None:
        return f" on weak grounds: no finding of its own was at hand, and the choice leans on likeness ({liked})"
    if reason.rank[0] == HARM:
        return f" because {reason.text}"
    if apart or not rivals:
        return f" because {reason.text}{f'; nothing as strong was found for {rivals}' if rivals else ''}"
    return f": {reason.text}; as much was found for {rivals}, so that likeness tips the balance ({liked})"


def _about(task: Task, known: _Known, *, full: bool = True) -> Iterator[Line]:
    """How a drug works, whether it is in use, what was found clinically, and what is known of harm."""
    drug = known.drug
    said = list(quoted(task, drug, known.explained, "mechanism", f"says of how {drug.name} acts")) if full else []
    if known.mechanism is not None:
        named = named_processes(task, drug, known.acts_on, [known.mechanism[0], *(line.text for line in said)])
        yield Line("mechanism", *with_processes(known.mechanism, named))
    yield from said
    if full and known.mechanism is not None:
        for keys, text in course(task, drug):
            yield Line("mechanism", f"An article says of how {task.disease.name} comes about: “{short(text)}”", keys)
    if known.use is not None:
        yield Line("use", f"In the graph, {quotable(known.use.text).rstrip('. ')}.", (known.use.key,))
    if full:
        yield from clinical(task, drug, known.clinical)
        yield from safety(task, drug, known.safety)


def _together(task: Task, chosen: _Known, others: Sequence[_Known]) -> Iterator[Line]:
    """For each rival the sentence of an article or trial that tells most of both drugs."""
    for pair in ((chosen.drug, other.drug) for other in others):
        found = [
            (worth(text, 2, mentions(text, task.disease)), key, text)
            for key, item in task.evidence.items()
            if key[0] in SOURCES and not is_retracted(item.text)
            for text in (title_of(said) if key[0] == "T" else said for said in sentences_of(item.text))
            if reads_well(text) and all(mentions(text, drug) for drug in pair)
        ]
        if found:
            _, key, text = max(found, key=lambda row: row[0])
            both = " and ".join(drug.name for drug in pair)
            yield Line("contrast", f"{SOURCES[key[0]]} speaks of both {both}: “{short(text)}”", (key,))


def _unknown(task: Task, known: Sequence[_Known], score: CandidateScore, harmful: Mapping[str, Role]) -> Iterator[Line]:
    """What was looked for and not found, on the evidence that was looked at."""
    looked = {one.drug.id: key for one in known if (key := _speaking(task, one.drug))}
    gaps = list(_gaps([one for one in known if one.drug.id in looked], harmful))
    said = ["The evidence barely separates the candidates"] if len(known) > 1 and score.probability < BARELY else []
    said += ["The evidence could not be weighed and was counted by rule"] if task.weighing is None else []
    said += [f"The evidence gathered here says nothing of {listed(gaps)}"] if gaps else []
    if said and looked:
        first, *rest = said
        text = "; ".join([first, *(part[:1].lower() + part[1:] for part in rest)])
        yield Line("uncertainty", f"{text}.", tuple(looked.values()))


def _gaps(known: Sequence[_Known], harmful: Collection[str]) -> Iterator[str]:
    """What is missing of which drugs: `how X works and its harms`, `the effects and harms of X or Y`."""
    lacking: dict[str, list[str]] = {}
    for one in known:
        asked = ((one.clinical, "effects"), (one.safety, "harms"))
        words = [word for found, word in asked if not (found and found.quotes)]
        missing = " and ".join(word for word in words if not (one.drug.id in harmful and word == "harms"))
        if one.mechanism is None and one.explained is None:
            yield f"how {one.drug.name} works" + (f" and its {missing}" if missing else "")
        elif missing:
            lacking.setdefault(missing, []).append(one.drug.name)
    yield from (f"the {missing} of {listed(names)}" for missing, names in lacking.items())


def _speaking(task: Task, drug: Entity) -> str | None:
    """A piece of evidence that names a drug: literature that names the disease too, else the shortest that does."""
    speaking = [item for item in task.evidence.values() if mentions(item.text, drug) and not is_retracted(item.text)]
    ranked = (
        (not mentions(item.text, task.disease), item.key[0] not in SOURCES, len(item.text), item.key)
        for item in speaking
    )
    return min(ranked, default=(None,))[-1]


def _named_in(shown: Iterable[Evidence], entity: Entity) -> bool:
    return any(mentions(item.text, entity) for item in shown)
