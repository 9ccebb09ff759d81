"""Answers to the domain questions by quoting the evidence that bears on them; no language model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from kedrec.agents.models.graph_request import Task, speaks_of
from kedrec.agents.offline.mechanism import mechanism_of
from kedrec.agents.offline.reasons.findings import STRENGTHS, Strength, is_only_comparator, strength_of
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.errors import ModelRefused
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.records import Entity, Evidence, Stance, triples_of
from kedrec.tools.findings.effects import Effect, effect_of
from kedrec.tools.findings.safety import tells_safety
from kedrec.tools.literature_tools import joined_names, mentions, places
from kedrec.tools.text.sentence_cues import (
    Cue,
    cue_of,
    explains,
    is_criterion,
    praises,
    processes,
    quotable,
    reports_harm,
    sentences_of,
    sets_out,
)
from kedrec.tools.text.spans import repeats, words_of, worth

__all__ = ["QuestionEvidence", "Quoted", "answer_line", "answer_lines", "explained", "found_for", "treating"]

_QUOTES = 2
WORDS_OF_QUOTE = 60
"""Words beyond which a quote is cut."""
_CAUSE = re.compile(r"\b(?:caused by|induced by|due to|secondary to)\s+(?:the )?$", re.IGNORECASE)
"""Stands before a drug that brought about what a sentence is about."""
_APPROVES = re.compile(r"\b(?:approv\w+|licen[sc]ed|authori[sz]ed|guidelines?|recommend\w*)\b", re.IGNORECASE)
_STOPPED = ("terminated", "withdrawn", "suspended")


class Quote(NamedTuple):
    """A sentence of the evidence."""

    key: str
    """Key of the evidence."""
    text: str
    """The sentence."""
    cue: Cue
    """Which way its words speak, whatever of."""
    effect: Effect
    """What it says that the drug did."""
    strength: Strength | None
    """How strongly it speaks for the drug in the disease."""
    closeness: int
    """2 where it names drug and disease, 1 where it names the drug, else 0."""
    worth: float
    """How much it tells, as `kedrec.tools.text.spans` has it."""


class Quoted(NamedTuple):
    """A sentence of an answer."""

    keys: tuple[str, ...]
    """Keys of the evidence that it rests on."""
    text: str
    """The sentence, word for word as it stands there."""


class QuestionEvidence(NamedTuple):
    """What was found for one question."""

    stance: Stance
    """Which way it speaks for the drug in this disease."""
    quotes: tuple[Quoted, ...]
    """Best first."""


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
    said = (f"{_stop(quotable(text))} {''.join(f'[{key}]' for key in keys)}" for keys, text in found.quotes)
    return f"{found.stance} | " + " ".join(said)


def found_for(task: Task, drug: Entity, question_key: str) -> QuestionEvidence | None:
    """What the evidence says on a domain question about a drug; None where it says nothing."""
    rule = _RULES.get(question_key)
    evidence = [item for item in task.evidence.values() if speaks_of(item, drug)]
    return rule(evidence, drug, task.disease) if rule else None


def _stop(text: str) -> str:
    return text if text.rstrip(")\"'”’").endswith((".", "!", "?", "…")) else text + "."


def _graph(evidence: Iterable[Evidence]) -> list[Evidence]:
    return [item for item in evidence if item.key.startswith("K") and triples_of(item.source_id)]


def _joins(item: Evidence, drug: Entity, disease: Entity) -> bool:
    """Whether a path leads from the drug to the disease, under whichever of their ids."""
    ends = {end for head, _, tail in triples_of(item.source_id) for end in (head, tail)}
    return not (drug.ids.isdisjoint(ends) or disease.ids.isdisjoint(ends))


def _mechanism(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """What the drug targets; else paths from the drug to the disease through something else."""
    targets = mechanism_of(evidence, drug, disease)
    if targets is not None:
        text, keys = targets
        linked = any(
            len(triples_of(item.source_id)) > 1 and _joins(item, drug, disease) for item in evidence if item.key in keys
        )
        told = explained(evidence, drug, disease)
        linked = linked or any(mentions(quote.text, disease) for quote in (told.quotes if told else ()))
        return QuestionEvidence("supports" if linked else "unclear", (Quoted(keys, text),))
    paths = [item for item in _graph(evidence) if len(triples_of(item.source_id)) > 1 and _joins(item, drug, disease)]
    causal = [item for item in paths if "Gene::" in item.source_id]
    return QuestionEvidence("supports" if causal else "unclear", _texts(causal or paths)) if paths else None


def explained(evidence: Iterable[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """What articles and trials say of how a drug acts: the sentence with the most such words, best first.

    One that tells of an approval or of a guideline is a clinical finding, whatever it calls the drug.
    """
    literature = (item for item in evidence if item.key[0] in "PT")
    quotes = [quote for item in literature for quote in _sentences(item, drug, disease) if quote.closeness]
    plain = [quote for quote in quotes if not (sets_out(quote.text) or is_criterion(quote.text))]
    plain = [quote for quote in plain if not _APPROVES.search(quote.text)]
    told = [(explains(quote.text, places(quote.text, drug)), quote) for quote in plain]
    ranked = sorted((row for row in told if row[0]), key=lambda row: (-_telling(*row), -row[1].worth))
    best = _once(quote for _, quote in ranked)
    return QuestionEvidence("unclear", tuple(Quoted((quote.key,), quote.text) for quote in best)) if best else None


def _telling(words: int, quote: Quote) -> int:
    """How much a sentence tells of a mechanism: words that explain it, and a process that it goes on to."""
    return min(words, 2) + min(processes(quote.text), 2)


def _once(quotes: Iterable[Quote]) -> list[Quote]:
    """The first quotes, less those that say what one before says."""
    kept: list[Quote] = []
    for quote in quotes:
        if len(kept) < _QUOTES and not repeats(words_of(quote.text), [words_of(other.text) for other in kept]):
            kept.append(quote)
    return kept


def _shared_targets(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """Two edges with one gene or pathway between drug and disease."""
    between = [
        item for item in _graph(evidence) if len(triples_of(item.source_id)) == 2 and _joins(item, drug, disease)
    ]
    genes = [item for item in between if "Gene::" in item.source_id or "Pathway::" in item.source_id]
    return QuestionEvidence("supports", _texts(genes)) if genes else None


def _texts(items: Iterable[Evidence]) -> tuple[Quoted, ...]:
    return tuple(Quoted((item.key,), item.text) for item in list(items)[:_QUOTES])


def _clinical(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """What sentences of articles and trials that name both say of the effect; none that tells of harm."""
    names = joined_names(disease)
    near = [quote for quote in _quotes(evidence, drug, disease, _on_both) if not _harms(quote, names)]
    near = [quote for quote in near if not any(_CAUSE.search(quote.text[:at]) for at, _ in places(quote.text, drug))]
    near = [quote for quote in near if not (quote.key[0] == "T" and is_only_comparator(quote.text, drug))]
    best = _once(sorted(near, key=lambda quote: (_strength(quote), not _fits(quote.text), -quote.worth)))
    return QuestionEvidence(_stance(best), tuple(Quoted((quote.key,), quote.text) for quote in best)) if best else None


def _strength(quote: Quote) -> int:
    """The lower, the stronger the finding; what is no finding comes last."""
    return STRENGTHS.index(quote.strength) if quote.strength else len(STRENGTHS) + (quote.effect == "nothing")


def _is_whole(sentence: str) -> bool:
    """Whether a sentence was not cut off by where it comes from."""
    return sentence.rstrip(")\"'”’ ").endswith((".", "!", "?"))


def _on_both(quote: Quote) -> bool:
    """Whether a sentence tells something of the drug in the disease, and not only what was set out to be found."""
    return quote.closeness == 2 and not sets_out(quote.text)


def _harms(quote: Quote, disease: str) -> bool:
    """Whether a sentence tells of harm and not of a negative result."""
    if quote.strength in ("approval", "guideline"):
        return False
    told = quote.cue == "harm" or (quote.cue != "against" and reports_harm(quote.text, disease))
    return quote.effect == "harm" or (told and quote.effect != "no_difference")


def _stance(quotes: Iterable[Quote]) -> Stance:
    """For where more sentences tell of a benefit than of none, against the other way round; mere use is neither."""
    told = [quote.effect if not quote.strength else "benefit" for quote in quotes]
    if told.count("benefit") == told.count("no_difference"):
        return "unclear"
    return "supports" if told.count("benefit") > told.count("no_difference") else "against"


def _safety(evidence: list[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """Sentences on harm that name the drug, then side effects in the graph."""
    quotes = _quotes(
        evidence, drug, disease, lambda quote: quote.closeness > 0 and tells_safety(quote.text, drug, disease)
    )
    effects = [item for item in _graph(evidence) if "Side Effect::" in item.source_id]
    best = _once(sorted(quotes, key=_harm_first))
    found = [Quoted((quote.key,), quote.text) for quote in best]
    chosen = (*found, *_texts(effects)[: max(0, _QUOTES - len(found))])
    harmful = any(quote.effect == "harm" for quote in quotes)
    return QuestionEvidence("against" if harmful else "unclear", chosen) if chosen else None


def _harm_first(quote: Quote) -> tuple[bool, bool, int, float]:
    return quote.effect != "harm", not _fits(quote.text), -quote.closeness, -quote.worth


def _fits(sentence: str) -> bool:
    """Whether a sentence can be quoted whole."""
    return _is_whole(sentence) and not quotable(sentence).endswith("…") and len(sentence.split()) <= WORDS_OF_QUOTE


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
    found = [Quoted((quote.key,), quote.text) for quote in _once(negative)]
    stopped = [item for item in _trials_of_both(evidence, drug, disease) if _is_stopped(item)]
    chosen = (*found, *_texts_of_trials(stopped, drug, disease))[:_QUOTES]
    return QuestionEvidence("against", chosen) if chosen else None


def _is_negative(quote: Quote) -> bool:
    """Whether a sentence on both tells that the drug did no better than what it was compared with."""
    return quote.closeness == 2 and quote.effect == "no_difference"


def _is_stopped(item: Evidence) -> bool:
    return any(word in item.text.lower() for word in _STOPPED)


def _trials_of_both(evidence: Iterable[Evidence], drug: Entity, disease: Entity) -> list[Evidence]:
    trials = (item for item in evidence if item.key.startswith("T"))
    return [item for item in trials if mentions(item.text, drug) and speaks_of(item, disease)]


def _texts_of_trials(items: Iterable[Evidence], drug: Entity, disease: Entity) -> tuple[Quoted, ...]:
    """The head of a trial's text: title, phase and status stand there."""
    return tuple(Quoted((item.key,), item.text) for item in list(items)[:_QUOTES])


def _quotes(
    evidence: Iterable[Evidence], drug: Entity, disease: Entity, wanted: Callable[[Quote], bool]
) -> list[Quote]:
    """The best wanted sentence of each passage that speaks of drug and disease."""
    passages = (item for item in evidence if item.key[0] in "PT" and speaks_of(item, disease))
    found = ([quote for quote in _sentences(item, drug, disease) if wanted(quote)] for item in passages)
    return [max(quotes, key=lambda quote: (quote.closeness, quote.worth)) for quotes in found if quotes]


def _sentences(item: Evidence, drug: Entity, disease: Entity) -> list[Quote]:
    """The sentences that were chosen where one of them names the drug, else its title where that tells a result."""
    chosen = [_quote(item.key, item.passage[start:end], drug, disease) for start, end in item.spans]
    if any(quote.closeness for quote in chosen):
        return chosen
    told = [_quote(item.key, text, drug, disease) for text in sentences_of(item.text)]
    return [quote for quote in told if quote.cue in ("for", "against", "harm")] if item.spans else told


def _quote(key: str, text: str, drug: Entity, disease: Entity) -> Quote:
    named, ill, names = mentions(text, drug), mentions(text, disease), joined_names(disease)
    effect, strength = (
        (effect_of(text, drug, disease), strength_of(text, drug, disease)) if named else ("nothing", None)
    )
    told = worth(text, int(named), ill, names)
    return Quote(key, text, cue_of(text, names), effect, strength, (2 if ill else 1) if named else 0, told)


_RULES: dict[str, Callable[[list[Evidence], Entity, Entity], QuestionEvidence | None]] = {
    "mechanism": _mechanism,
    "shared_targets": _shared_targets,
    "clinical_evidence": _clinical,
    "safety": _safety,
    "current_use": _current_use,
    "against": _against,
}
