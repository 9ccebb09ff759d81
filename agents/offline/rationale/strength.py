"""How strong a finding about a drug in a disease is: approval before guideline, before a result, before a report."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, get_args

from kedrec.records import Entity
from kedrec.tools.findings.effects import effect_of
from kedrec.tools.findings.marked_names import marked
from kedrec.tools.text.sentence_cues import is_criterion, sets_out

__all__ = ["STRENGTHS", "Strength", "is_not_tested", "strength_of"]

Strength = Literal["approval", "guideline", "result", "report"]
STRENGTHS: tuple[Strength, ...] = get_args(Strength)
"""Every strength, the strongest first."""

_NEAR = r"[^;:]{0,140}"
_APPROVED = re.compile(
    rf"§D{_NEAR}\b(?:approved|licen[sc]ed|authori[sz]ed|approval|marketing authori[sz]ation)\b"
    rf"|\b(?:[a-z]+-)?(?:approved|licen[sc]ed|approval|authori[sz]ed)\b{_NEAR}§D"
)
_RECOMMENDED = re.compile(
    rf"§D{_NEAR}\b(?:recommended|first-(?:line|choice)|first line|treatment of choice|drug of choice|mainstay"
    rf"|gold standard|standard (?:of care|treatment|therapy)|guidelines?|preferred)\b|\b(?:recommend\w*|first-(?:line"
    rf"|choice)|first line|treatment of choice|mainstay|gold standard|standard (?:of care|treatment"
    rf"|therapy))\b{_NEAR}§D"
)
_DENIED = re.compile(
    r"\b(?:not|no|never|nor|without|un|non)[ -](?:\w+ ){0,4}(?:approv\w*|licen[sc]ed|authori[sz]ed|recommend\w*"
    r"|standard|guidelines?)|recommended (?:\w+ )?dos\w+"
    r"|investigating|evaluating|unapproved|off-label|not officially|failed|resistan\w+|intolerant|contraindicated"
    r"|(?:alternative|instead|superior|added|addition|compared|prior|previous\w*|after) (?:\w+ ){0,3}(?:to|of"
    r"|with)?\b[^;:]{0,40}(?:first|standard)|first-line [^;:]{0,30}\bor placebo"
)
_PARTS = re.compile(r"[;:]|,? (?:although|but|whereas|while|however|yet)\b")
_OTHERS = re.compile(r"(?:than|versus|vs\.?|compared (?:with|to)|comparator|control)(?: \S+){0,4} §D")
_BESIDE = re.compile(
    r"\b(?:with|plus|added to|addition to|on) (?:\w+ )?§D [^.;]{0,40}(?:compared (?:with|to)|versus|vs\.?) "
    r"[^.;]{0,30}§D"
)
"""Given in both arms, beside what is tested."""
_PRIOR = re.compile(
    r"(?:previous(?:ly)?|prior)(?: \S+){0,4} §D"
    r"|(?:\bnot|\bnon-?|inadequate\w*|insufficient\w*|poor\w*) ?respon\w+(?: \S+)? (?:to|on)(?: \S+){0,4} §D"
    r"|(?:refractory|resistant|resistance|intolerant|intolerance) to(?: \S+){0,3} §D"
    r"|fail(?:ed|ing|ures? (?:of|on|with|to))(?: \S+){0,3} §D"
)
"""Before a drug that patients were given without success before a trial."""
_FIGURE = re.compile(
    r"\d+(?:\.\d+)? ?%|\bp ?[<=>≤]|\bci\b|hazard ratio|odds ratio|significant|randomi[sz]ed|placebo|trials?\b|phase"
)


@lru_cache(maxsize=8192)
def strength_of(sentence: str, drug: Entity, disease: Entity) -> Strength | None:
    """Return how strongly a sentence speaks for a drug in a disease; None where it does not.

    Args:
        sentence: the sentence; approvals and guidelines count only where it names the disease.
        drug: the drug.
        disease: the disease.
    """
    if is_criterion(sentence) or sets_out(sentence):
        return None
    text = marked(sentence, drug, disease)
    for part in _PARTS.split(text) if "§X" in text else ():
        if not _DENIED.search(part) and (_APPROVED.search(part) or _RECOMMENDED.search(part)):
            return "approval" if _APPROVED.search(part) else "guideline"
    if effect_of(sentence, drug, disease) != "benefit":
        return None
    return "result" if _FIGURE.search(text) else "report"


@lru_cache(maxsize=8192)
def is_not_tested(text: str, drug: Entity) -> bool:
    """Return whether a title or summary of a trial names a drug only as one compared with, or given before.

    Args:
        text: title or summary.
        drug: the drug.
    """
    told = marked(text, drug)
    first = told.find("§D")
    ahead = (_OTHERS.search(told), _PRIOR.search(told), _BESIDE.search(told))
    return any(found is not None and first > found.start() for found in ahead)
