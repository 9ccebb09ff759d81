"""Answers to the domain questions by quoting the evidence that bears on them; no language model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from kedrec.agents.models.graph_request import Task, speaks_of
from kedrec.agents.offline.mechanism import acts_through, mechanism_of, words_of_action
from kedrec.agents.offline.rationale.evidence_sentences import (
    MOST_QUOTES,
    QuestionEvidence,
    Quote,
    Quoted,
    best_of,
    sentences_on,
)
from kedrec.agents.offline.rationale.mechanism_quotes import course, explained
from kedrec.agents.offline.rationale.processes import named_processes
from kedrec.agents.offline.rationale.strength import STRENGTHS, is_not_tested
from kedrec.agents.offline.roles import Role, roles_of
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.errors import ModelRefused
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.records import Entity, Evidence, Stance, in_brackets, triples_of
from kedrec.tools.findings.animals_or_people import in_animals, names_whom
from kedrec.tools.findings.tells_safety import tells_safety
from kedrec.tools.findings.trial_records import phase_and_status
from kedrec.tools.literature_tools import joined_names, mentions, places
from kedrec.tools.text.sentence_cues import (
    is_criterion,
    praises,
    quotable,
    reports_harm,
    sentences_of,
    sets_out,
)

__all__ = ["WORDS_OF_QUOTE", "answer_line", "answer_lines", "evidence_on", "found_for", "treating"]

WORDS_OF_QUOTE = 60
"""Words beyond which a quote is cut."""
_CAUSE = re.compile(r"\b(?:caused by|induced by|due to|secondary to)\s+(?:the )?$", re.IGNORECASE)
"""Stands before a drug that brought about what a sentence is about."""
_AS_GOOD = re.compile(
    r"\bas (?:effective|efficacious|well tolerated|safe|good|potent)\b|\bequivalent\b|\bequally\b|non-?inferior"
    r"|\b(?:similar|comparable) (?:efficacy|effectiveness|improvement|reduction|response)s?\b",
    re.IGNORECASE,
)
"""No difference from another treatment, which speaks against neither."""
_STOPPED = ("terminated", "withdrawn", "suspended")


def answer_lines(task: Task) -> str:
    """One line per question: `key | stance | text [K1][P2]`."""
    if task.drug is None:
        raise ModelRefused("The request to answer questions names no drug.")
    return "\n".join(f"{question.key} | {answer_line(task, task.drug, question.key)}" for question in task.questions)


def answer_line(task: Task, drug: Entity, question_key: str) -> str:
    """Stance and text for one domain question about a drug in the task's disease."""
    found = found_for(task, drug, question_key)
    if found is None or not found.quotes:
        return f"unclear | {NO_EVIDENCE}"
    said = (f"{_stop(quotable(text))} {in_brackets(keys)}" for keys, text in found.quotes)
    return f"{found.stance} | " + " ".join(said)


def found_for(task: Task, drug: Entity, question_key: str) -> QuestionEvidence | None:
    """What the evidence says on a domain question about a drug; None where it says nothing."""
    rule = _RULES.get(question_key)
    role = roles_of(task, [drug])[0]
    found = rule(evidence_on(task, drug, role), drug, task.disease) if rule else None
    if question_key in _BY_ROLE and role.is_harmful:
        found = _BY_ROLE[question_key](found, role)
    if found is None or question_key != "mechanism":
        return found
    evidence = evidence_on(task, drug, role)
    words = words_of_action(evidence, drug)
    named = named_processes(task, drug, words, [quote.text for quote in found.quotes])
    processes = [Quoted(named[1], f"{named[0][:1].upper()}{named[0][1:]}.")] if named else []
    return found._replace(quotes=(*found.quotes[:1], *processes, *found.quotes[1:], *course(task, drug)))


def evidence_on(task: Task, drug: Entity, role: Role | None = None) -> list[Evidence]:
    """Return what was found on a drug, less its likeness to treatments where it does harm in the disease.

    Args:
        task: the question with its evidence.
        drug: the drug.
        role: what the drug is to the disease; read from the question where it is not given.
    """
    evidence = [item for item in task.evidence.values() if speaks_of(item, drug)]
    if not (role or roles_of(task, [drug])[0]).is_harmful:
        return evidence
    return [item for item in evidence if len(triples_of(item.source_id)) < 3]


def _links_harm(found: QuestionEvidence | None, _: Role) -> QuestionEvidence | None:
    """What links a drug to a disease that it brings about may be how it does so; a trial may be on this harm."""
    return found._replace(stance="unclear") if found else None


def _does_harm(found: QuestionEvidence | None, role: Role) -> QuestionEvidence | None:
    """That a drug does harm in the disease itself comes before its other harms."""
    told = tuple(Quoted((one.source_id,), one.sentence) for one in role.sources[:1] if one.sentence and not one.member)
    more = [quote for quote in found.quotes if all(one.text not in quote.text for one in told)] if found else []
    quotes = (*told, *more)[:MOST_QUOTES]
    return QuestionEvidence("against", quotes) if quotes else None


def _stop(text: str) -> str:
    return text if text.rstrip(")\"'”’").endswith((".", "!", "?", "…")) else text + "."


def _graph(evidence: Iterable[Evidence]) -> list[Evidence]:
    return [item for item in evidence if item.key.startswith("K") and triples_of(item.source_id)]


def _joins(item: Evidence, drug: Entity, disease: Entity) -> bool:
    """Whether a path leads from the drug to the disease, under whichever of their ids."""
    ends = {end for head, _, tail in triples_of(item.source_id) for end in (head, tail)}
    return not (drug.ids.isdisjoint(ends) or disease.ids.isdisjoint(ends))


def _mechanism(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """What the drug targets, and how it acts by an article; else paths through genes."""
    targets, told = mechanism_of(evidence, drug, disease), explained(evidence, drug, disease)
    said = told.quotes if told else ()
    if targets is not None:
        text, keys = targets
        linked = any(
            len(triples_of(item.source_id)) > 1 and _joins(item, drug, disease) for item in evidence if item.key in keys
        )
        linked = linked or any(mentions(quote.text, disease) for quote in said)
        return QuestionEvidence("supports" if linked else "unclear", (Quoted(keys, text), *said[:1]))
    paths = [item for item in _graph(evidence) if len(triples_of(item.source_id)) > 1 and _joins(item, drug, disease)]
    causal = [item for item in paths if "Gene::" in item.source_id and acts_through(item, drug)]
    return QuestionEvidence("supports", _texts(causal)) if causal else None


def _shared_targets(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """Two edges with one gene or pathway between drug and disease."""
    joining = [item for item in _graph(evidence) if _joins(item, drug, disease) and acts_through(item, drug)]
    between = [item for item in joining if len(triples_of(item.source_id)) == 2]
    genes = [item for item in between if "Gene::" in item.source_id or "Pathway::" in item.source_id]
    return QuestionEvidence("supports", _texts(genes)) if genes else None


def _texts(items: Iterable[Evidence]) -> tuple[Quoted, ...]:
    return tuple(Quoted((item.key,), item.text) for item in list(items)[:MOST_QUOTES])


def _clinical(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """What sentences of articles and trials that name both say of the effect; none that reports harm."""
    names = joined_names(disease)
    near = [quote for quote in _quotes(evidence, drug, disease, _on_both) if not _harms(quote, names)]
    near = [quote for quote in near if not any(_is_cause(quote.text, *span) for span in places(quote.text, drug))]
    withdrawn = {item.key for item in evidence if phase_and_status(item.text)[1] == "withdrawn"}
    near = [quote for quote in near if not (quote.key[0] == "T" and is_not_tested(quote.text, drug))]
    near = [quote for quote in near if quote.key not in withdrawn]
    best = best_of(sorted(near, key=lambda quote: (_strength(quote), not _fits(quote.text), -quote.worth)))
    return QuestionEvidence(_stance(best), tuple(Quoted((quote.key,), quote.text) for quote in best)) if best else None


def _is_cause(text: str, start: int, end: int) -> bool:
    """Whether a drug named there is what brought something about: `induced by it`, `it-induced`."""
    return _CAUSE.search(text[:start]) is not None or re.match(r"[- ]induced\b", text[end:]) is not None


def _strength(quote: Quote) -> int:
    """The lower, the stronger the finding; what is no finding comes last."""
    return STRENGTHS.index(quote.strength) if quote.strength else len(STRENGTHS) + (quote.effect == "nothing")


def _on_both(quote: Quote) -> bool:
    """Whether a sentence tells something of the drug in the disease, and not only what was set out to be found."""
    return quote.closeness == 2 and not sets_out(quote.text)


def _harms(quote: Quote, disease: str) -> bool:
    """Whether a sentence reports harm and not a negative result."""
    if quote.strength in ("approval", "guideline"):
        return False
    told = quote.cue == "harm" or (quote.cue != "against" and reports_harm(quote.text, disease))
    return quote.effect == "harm" or (told and quote.effect != "no_difference")


def _stance(quotes: Iterable[Quote]) -> Stance:
    """For where one tells of an approval or a guideline, or more report a benefit than none; mere use is neither."""
    quotes = list(quotes)
    if any(quote.strength in ("approval", "guideline") for quote in quotes):
        return "supports"
    told = [quote.effect if not quote.strength else "benefit" for quote in quotes if not _AS_GOOD.search(quote.text)]
    if told.count("benefit") == told.count("no_difference"):
        return "unclear"
    return "supports" if told.count("benefit") > told.count("no_difference") else "against"


def _safety(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """Sentences on harm that name the drug, then side effects in the graph."""
    quotes = _quotes(
        evidence, drug, disease, lambda quote: quote.closeness > 0 and tells_safety(quote.text, drug, disease)
    )
    effects = [item for item in _graph(evidence) if "Side Effect::" in item.source_id]
    best = best_of(sorted(quotes, key=_harm_first))
    found = [Quoted((quote.key,), quote.text) for quote in best]
    chosen = (*found, *_texts(effects)[: max(0, MOST_QUOTES - len(found))])
    harmful = any(quote.effect == "harm" for quote in quotes)
    return QuestionEvidence("against" if harmful else "unclear", chosen) if chosen else None


def _harm_first(quote: Quote) -> tuple[bool, bool, int, float]:
    return quote.effect != "harm", not _fits(quote.text), -quote.closeness, -quote.worth


def _fits(sentence: str) -> bool:
    """Whether a sentence can be quoted whole."""
    # The sentence was not cut off by where it comes from.
    return (
        sentence.rstrip(")\"'”’ ").endswith((".", "!", "?"))
        and not quotable(sentence).endswith("…")
        and len(sentence.split()) <= WORDS_OF_QUOTE
    )


def _current_use(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """Direct edges that say the drug treats the disease, then trials after approval."""
    direct = treating(evidence, drug, disease)
    if direct:
        return QuestionEvidence("supports", _texts(direct))
    late = [item for item in _trials_of_both(evidence, drug, disease) if "phase 4" in item.text.lower()]
    return QuestionEvidence("supports", _texts_of_trials(late, drug, disease)) if late else None


def treating(evidence: Iterable[Evidence], drug: Entity, disease: Entity) -> list[Evidence]:
    """The direct edges that say the drug treats the disease."""
    direct = [item for item in _graph(evidence) if len(triples_of(item.source_id)) == 1 and _joins(item, drug, disease)]
    return [item for item in direct if is_therapeutic(triples_of(item.source_id)[0][1])]


def _against(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """Negative results that name drug and disease, then trials that were stopped."""
    negative = _quotes(evidence, drug, disease, lambda quote: _is_negative(quote) and not praises(quote.text))
    found = [Quoted((quote.key,), quote.text) for quote in best_of(negative)]
    stopped = [
        item for item in _trials_of_both(evidence, drug, disease) if any(word in item.text.lower() for word in _STOPPED)
    ]
    chosen = (*found, *_texts_of_trials(stopped, drug, disease))[:MOST_QUOTES]
    return QuestionEvidence("against", chosen) if chosen else None


def _is_negative(quote: Quote) -> bool:
    """Whether a sentence on both tells that the drug did no better than what it was compared with, and not as well."""
    return quote.closeness == 2 and quote.effect == "no_difference" and not _AS_GOOD.search(quote.text)


def _trials_of_both(evidence: Iterable[Evidence], drug: Entity, disease: Entity) -> list[Evidence]:
    trials = (item for item in evidence if item.key.startswith("T") and speaks_of(item, disease))
    return [item for item in trials if _tests(item.text, drug)]


def _tests(record: str, drug: Entity) -> bool:
    """Whether a trial tries a drug, and does not name it among criteria or beside what it tries."""
    naming = [sentence for sentence in sentences_of(record) if mentions(sentence, drug)]
    told = [sentence for sentence in naming if not (is_criterion(sentence) or names_whom(sentence))]
    return bool(told) and not is_not_tested(told[0], drug)


def _texts_of_trials(items: Iterable[Evidence], drug: Entity, disease: Entity) -> tuple[Quoted, ...]:
    """The head of a trial's text: title, phase and status stand there."""
    return tuple(Quoted((item.key,), item.text) for item in list(items)[:MOST_QUOTES])


def _quotes(
    evidence: Iterable[Evidence], drug: Entity, disease: Entity, wanted: Callable[[Quote], bool]
) -> list[Quote]:
    """The best wanted sentence of each passage that speaks of drug and disease."""
    passages = (item for item in evidence if item.key[0] in "PT" and speaks_of(item, disease))
    told = ([quote for quote in sentences_on(item, drug, disease) if not in_animals(quote.text)] for item in passages)
    found = ([quote for quote in quotes if wanted(quote)] for quotes in told)
    return [max(quotes, key=lambda quote: (quote.closeness, quote.worth)) for quotes in found if quotes]


_BY_ROLE: dict[str, Callable[[QuestionEvidence | None, Role], QuestionEvidence | None]] = {
    "mechanism": _links_harm,
    "shared_targets": _links_harm,
    "current_use": _links_harm,
    "safety": _does_harm,
}
"""What the answers become where the drug does harm in the disease."""
_RULES: dict[str, Callable[[list[Evidence], Entity, Entity], QuestionEvidence | None]] = {
    "mechanism": _mechanism,
    "shared_targets": _shared_targets,
    "clinical_evidence": _clinical,
    "safety": _safety,
    "current_use": _current_use,
    "against": _against,
}
