"""Whether a sentence tells what was found of a drug's harm or tolerance, and not that it was to be looked at."""

from __future__ import annotations

import re

from kedrec.records import Entity
from kedrec.tools.findings.animals_or_people import names_whom
from kedrec.tools.findings.comparing import contrasts, pieces
from kedrec.tools.findings.effects import effect_of
from kedrec.tools.findings.marked_names import DRUG, given, marked, unbracketed, without_heading
from kedrec.tools.text.sentence_cues import is_criterion, reports_harm, sets_out

__all__ = ["tells_safety"]

_EVENTS = (
    r"(?:(?:adverse|side|unwanted|toxic)[- ](?:\w+ )?(?:events?|effects?|reactions?)|\w*toxicit(?:y|ies)|teaes?\b|"
    r"aes\b)"
)
_FOUND = (
    r"(?:was|were|is|are|include[sd]?|occurred|reported|observed|experienced|developed|led to|limit\w*|common\w*|"
    r"frequent\w*|rare|mild|severe|serious|manageable|similar|comparable|fewer|less|more|higher|lower|consist\w*)"
)
_TOLERATED = re.compile(
    r"\b(?:well|better|poorly|worse|generally|safely)[ -]tolerated|\btolerated (?:well|better|poorly)|"
    r"\b(?:safe|effective) and (?:\w+ )?(?:well[- ]tolerated|effective|safe)\b|\bis safe\b|\bwas safe\b|"
    r"\b(?:favou?rable|acceptable|good|excellent|better|similar|comparable|manageable|improved|poor|limited) (?:\w+ )?"
    r"(?:safety|tolerability|tolerance)|\bsafety (?:profile )?(?:was|is|were) (?:\w+ )?(?:favou?rable|acceptable|good|"
    r"similar|comparable|consistent|manageable)|\bno (?:\w+ ){0,2}(?:safety (?:concerns?|signals?|issues?))|"
    r"\bcontra-?indicated|\bshould be avoided"
)
_REPORTED = re.compile(
    rf"\b(?:no|without|have|has|had|any|various|significant|important) (?:\w+ ){{0,3}}{_EVENTS}|"
    rf"{_EVENTS} [^;]{{0,60}}\b(?:can|may|might) (?:also )?(?:occur|include|develop)|"
    rf"{_EVENTS}[^;]{{0,60}}\b{_FOUND}\b|\b{_FOUND} [^;]{{0,60}}{_EVENTS}|"
    rf"(?:discontinu|withdr[ae]w|stopp)\w* [^;]{{0,50}}(?:due to|because of|for|owing to) [^;]{{0,30}}{_EVENTS}|"
    rf"{_EVENTS}[^;]{{0,40}}(?:\d+(?:\.\d+)? ?%|p ?[<=])"
)
_INDUCED = re.compile(r"[\w+-]+-induced\b|\binduced by \w+", re.IGNORECASE)
"""What something else brought about; what the drug did is a harm by its effect already."""
_GIVEN_FOR = re.compile(
    r"\b(?:therap(?:y|ies)|treatments?|used|approved|indicated|effective|efficacy|active)(?: \w+){0,2} (?:for|of|in"
    r"|against)\b[^;,]*,[^;,]*,[^;]*"
)
"""A list of the diseases that drugs are given for."""
_HEADS = re.compile(r"^[^.:]{2,60}: (?:\w+,? ){0,4}(?:efficacy|safety|side effects|tolerability)(?: [\w§]+){0,6}\W*$")
"""The title of a survey."""
_NO_HARM = re.compile(
    r"\bprovo\w+ tests?\b|\b(?:not|never) (?:improve\w*|respond\w*|resolve\w*)(?: \w+){0,2} (?:with|to|on|after)"
    r"(?: \w+){0,2} §D|\b(?:respond|resolv|subsid|abat)\w* (?:\w+ ){0,3}(?:to|with|by|after) (?:\w+ ){0,2}§D",
    re.IGNORECASE,
)
"""What a test provokes, what the drug did not help, and what it ended."""
_LOOKED_AT = re.compile(
    r"\b(?:was|were|is|are|will be|to be|being) (?:also |\w+ly )?(?:assess|evaluat|monitor|record|examin|investigat"
    r"|analy[sz]|compar|measur|determin|collect|review|studied|explor|document)\w*|\b(?:assess|evaluat|investigat"
    r"|examin|compar|review|stud(?:y|ied))\w* (?:the )?(?:\w+,? ){0,3}(?:safety|tolerability|efficacy|toxicit\w+"
    r"|adverse|side effects?)|\b(?:outcomes?|end ?points?) (?:was|were|included?)|\?$|\bunclear\b|\bunknown\b"
    r"|\binsufficient (?:data|evidence)|\bwarnings? (?:section|label)|\bin silico\b"
    r"|\b(?:bio)?assays?\b"
    r"|\btested for\b|§D(?: \([^)]*\))? (?:deficien|gene\b|mutation)|\b(?:used|given) to (?:control|treat|prevent)\b"
)
"""What was set out to be measured, what lacks the drug, and what it is given against."""


def tells_safety(sentence: str, drug: Entity, disease: Entity) -> bool:
    """Return whether a sentence reports a harm of the drug, or how it was tolerated.

    Args:
        sentence: the sentence; one that does not name the drug tells nothing.
        drug: the drug.
        disease: the disease; it is no harm.
    """
    effect = effect_of(sentence, drug, disease)
    plain = without_heading(sentence)
    text = given(unbracketed(marked(plain, drug, disease)))
    if names_whom(plain) or _HEADS.match(text) or _NO_HARM.search(text):
        return False
    if effect == "harm":
        return True
    if DRUG not in text or is_criterion(plain) or sets_out(plain) or _LOOKED_AT.search(text):
        return False
    if any(words.search(text) for words in (_TOLERATED, _REPORTED)) or (effect != "benefit" and _compares(text)):
        return True
    return reports_harm(_GIVEN_FOR.sub(" ", _INDUCED.sub(" ", plain)), " | ".join((disease.name, *disease.synonyms)))


def _compares(text: str) -> bool:
    """Whether harm or tolerance of the drug is compared."""
    found = (one for part in pieces(text) for one in contrasts(part) if DRUG in one.subject + one.comparator)
    return any(one.safety for one in found)
