"""Sentences of the rationale that take over, word for word, what articles and trials say of a drug."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.domain_answers import WORDS_OF_QUOTE
from kedrec.agents.offline.rationale.evidence_sentences import QuestionEvidence, Quoted
from kedrec.agents.offline.rationale.phrases import SOURCES
from kedrec.agents.offline.rationale.strength import strength_of
from kedrec.agents.offline.roles import Role
from kedrec.agents.offline.roles.weighed import told
from kedrec.agents.offline.roles.wordings import is_class
from kedrec.records import Entity, SentenceKind
from kedrec.tools.findings.effects import effect_of
from kedrec.tools.findings.trial_records import phase_and_status, title_of
from kedrec.tools.literature_tools import is_retracted, mentions
from kedrec.tools.text.sentence_cues import quotable, reads_well, sentences_of

__all__ = ["SIGNED", "Line", "against", "clinical", "quoted", "safety", "short", "told_role"]

_RANGE = re.compile(r"(?<=\d)-(?=\d)")
SIGNED = re.compile(r"(?<![\d–-])[-+−]\d\.\d\d")
"""A figure for a table, not for a sentence: `β = -0.150`."""
_STOPPED = re.compile(r"Status: (terminated|withdrawn|suspended)\.", re.IGNORECASE)


class Line(NamedTuple):
    """A sentence of the rationale."""

    kind: SentenceKind
    """What it is about."""
    text: str
    """The sentence, without citation marks."""
    keys: tuple[str, ...]
    """Evidence keys."""


def quoted(task: Task, drug: Entity, found: QuestionEvidence | None, kind: SentenceKind, verb: str) -> Iterator[Line]:
    """The most telling sentence on a question, word for word, where it names the drug and reads as a sentence."""
    for keys, text in found.quotes if found else ():
        source = SOURCES.get(keys[0][0])
        withdrawn = is_retracted(task.evidence[keys[0]].text)
        if source and mentions(text, drug) and not withdrawn and reads_well(text) and not SIGNED.search(text):
            yield Line(kind, f"{source} {verb}: “{short(text)}”", keys)
            return


def clinical(task: Task, drug: Entity, found: QuestionEvidence | None) -> Iterator[Line]:
    """A finding of an article; else a trial, which tells what was studied and not what was found."""
    quotes = found.quotes if found else ()
    for letter in SOURCES:
        own = [quote for quote in quotes if quote.keys[0].startswith(letter)]
        own = [quote for quote in own if letter == "T" or _finds(quote.text, drug, task.disease)]
        for quote in own:
            told = _as_title(quote, drug) if letter == "T" else quote
            verb = _verb(task, quote, drug)
            lines = list(quoted(task, drug, QuestionEvidence("unclear", (told,)), "clinical", verb))
            if lines:
                yield lines[0]
                return


def _finds(sentence: str, drug: Entity, disease: Entity) -> bool:
    """Whether a sentence reports a finding, and not only that the drug was given."""
    return strength_of(sentence, drug, disease) is not None or effect_of(sentence, drug, disease) != "nothing"


def _as_title(quote: Quoted, drug: Entity) -> Quoted:
    """A trial by its title alone, where that names the drug."""
    title = title_of(quote.text)
    return quote._replace(text=title) if mentions(title, drug) else quote


def _verb(task: Task, quote: Quoted, drug: Entity) -> str:
    """What an article or a trial does, that tells this of the drug."""
    if strength_of(quote.text, drug, task.disease) in ("approval", "guideline"):
        return f"says of the use of {drug.name}"
    if quote.keys[0].startswith("P"):
        return f"reports of {drug.name}"
    phase, status = phase_and_status(task.evidence[quote.keys[0]].text)
    known = ", ".join(part for part in (phase and f"phase {phase}", status) if part)
    return f"studies {drug.name} ({known})" if known else f"studies {drug.name}"


def safety(task: Task, drug: Entity, found: QuestionEvidence | None) -> Iterator[Line]:
    """What an article says of harm; plans and criteria of trials tell none."""
    quotes = tuple(quote for quote in (found.quotes if found else ()) if quote.keys[0].startswith("P"))
    yield from quoted(
        task, drug, QuestionEvidence("unclear", quotes), "safety", f"says of harm or tolerance of {drug.name}"
    )


def against(task: Task, drug: Entity, found: QuestionEvidence | None) -> Iterator[Line]:
    """A negative finding of an article; else a trial that was stopped, whose reason is not known here."""
    quotes = found.quotes if found else ()
    articles = QuestionEvidence("against", tuple(quote for quote in quotes if quote.keys[0].startswith("P")))
    lines = list(quoted(task, drug, articles, "contrast", f"speaks against {drug.name}"))
    yield from lines or _stopped(drug, [quote for quote in quotes if quote.keys[0].startswith("T")])


def _stopped(drug: Entity, trials: Sequence[Quoted]) -> Iterator[Line]:
    for keys, text in trials:
        how = _STOPPED.search(text)
        about = (sentences_of(text[how.end() :]) or [""])[0] if how else ""
        if how is not None and about[:1].isalpha() and mentions(about, drug):
            title = title_of(about)
            said = short(title if mentions(title, drug) else about)
            told = f"A trial of {drug.name} was {how[1].lower()}, and why is not said: “{said}”"
            yield Line("contrast", told, keys)
            return


def short(text: str) -> str:
    """The first words of a sentence; what is cut, here or by its source, ends in an ellipsis."""
    plain = quotable(text)
    plain = plain.removeprefix("(") if ")" not in plain else plain
    words = _RANGE.sub("–", plain).split()
    whole = len(words) <= WORDS_OF_QUOTE and words[-1][-1] in ".!?)"
    return " ".join(words[:WORDS_OF_QUOTE]).rstrip(" …") + ("" if whole else " …")


def told_role(drug: Entity, role: Role) -> str:
    """That a drug causes the disease, or serves to test for it, and the words that say so."""
    claim = f"{drug.name} {told(role)}"
    if not role.sources:
        return f"{claim}."
    source = role.sources[0]
    if source.member:
        article = "an" if re.match(r"[aeio]|[ANS][A-Z]", source.member) else "a"
        kind = (
            f"{article} {source.member}, and of these" if is_class(source.member) else f"like {source.member}, of which"
        )
        if not source.sentence:
            return f"{claim}, as others of its class are told to do."
        claim = f"{drug.name} is {kind} it is told"
    if source.sentence and source.source_id.startswith("K"):
        return f"{claim}: in the graph, {source.sentence.rstrip('. ')}."
    return f"{claim}: “{short(source.sentence)}”" if source.sentence else f"{claim}."
