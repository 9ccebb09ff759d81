"""What a message wants by the drugs and diseases that it names and by cues, the telling ones first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from kedrec.agents.chat.groups_and_harms import HARMS
from kedrec.agents.chat.intents.cues import CUES
from kedrec.agents.chat.intents.wanted import Beyond, Intent

__all__ = ["HARM_COMPARED", "of_disease", "of_none", "of_one", "of_several"]

Told = TypeVar("Told", bound="Intent | None")

_AVOIDS = re.compile(
    r"\b(?:avoid\w*|contra ?indicat\w*|should not|must not|can not|not (?:to )?be (?:given|used|taken"
    r"|prescribed)|never|worst|caus\w+|worsen\w*|trigger\w*|danger\w*|harm\w*|unsafe|induc\w+)\b"
)
_BOTH = re.compile(
    r"\b(?:better|best|effective|prefer\w*|works?|efficac\w+) (?:and|or|but|&) (?:\w+ )?(?:saf\w+"
    r"|tolerat\w+)|\bsaf\w+ and (?:\w+ )?(?:effic\w+|effective\w*|better)"
)
_COMPARED_HARM = re.compile(
    rf"\b(?:fewer|less|more|lower|higher|least|most|fewest|rates?|lowest|highest|difference"
    rf"|differ)\b.{{0,30}}\b(?:{HARMS})\b|\b(?:fewer|less|more|fewest|least|most|lower|higher"
    rf"|rates? of) (?:\w+ )?ILL\b|\bdiffer\w* in ILL\b.*\bILL\b"
    r"|\b(?:worse|safer) (?:\w+ ){0,3}ILL\b"
)
HARM_COMPARED = re.compile(
    r"\b(?:has|have|causes?|gives?|produces?|with) (?:the )?(?:fewer|less|more|lower|higher|least|most|fewest)"
    r" (?!evidence|side|adverse|unwanted|trials?|stud|data|effect|support|benefit|approv|about|information|detail"
    r"|than)([a-z]{4,})"
)
"""A harm of whatever name by which drugs are compared: `which has fewer hypos?`."""
_HOW_MUCH = re.compile(
    r"\bhow (safe|dangerous|risky|toxic|harmful|bad)\b|\bhow (?:strong|good|solid|convincing|robust"
    r"|reliable) (?:is|are) (?:the )?(?:evidence|data|proof|literature)\b"
)
_REFERS = re.compile(
    r"\b(?:others?|both|either|former|latter|first|second|third|one|ones|it|they|them|these|those|more|yes|no)\b"
)
_PRONOUN = re.compile(
    r"\b(?:it|they|them|this drug|that drug|the (?:drug|former|latter|other|first|second)(?: one)?)\b"
)
_WHICH_IS_BETTER = re.compile(
    r"(?:and |so |then |ok |but )*(?:which|what|who)(?: \w+){0,4} (?:better|best|superior|stronger"
    r"|preferable|wins?|prefer)\W*$"
)
_WHICH_IS_WORSE = re.compile(r"(?:and |so |then |ok |but )*(?:which|what)(?: \w+){0,3} (?:worse|worst)\W*$")
_TRIALS_IN = re.compile(
    r"(?:and |are there |is there )*(?:any |which |what )?(?:trials?|stud(?:y|ies)|evidence|data)\b(?! based)"
)
_ONE_OR_OTHER = re.compile(r"(?:\w+ )?DRUG,? (?:or|versus)(?: \w+){0,2} DRUG\W*(?:(?:for|in) (?:\w+ )?ILL)?\W*$")
_MECHANISM_OF_HARM = re.compile(
    r"(?:what is |explain |describe )?(?:the |a )?mechanisms?\b"
    r"|by (?:what|which) mechanism\b"
)
_NOT_BETTER = re.compile(r"\b(?:placebo|nothing)\b")
_SAFE = re.compile(r"\b(?:saf|contra ?indicat|toxic)\w*")
_OPEN = re.compile(r"(?:what|which|who|when|where|why)\b")
"""Begins a question that is not to be answered by yes or no."""
_WELL = re.compile(r"how (?:well|good|effective|useful)\b")
_BUILDS = re.compile(r"\bcombin\w+ (?:of )?.* or\b|\b(?:better|best)\b")
_NAMED_ONLY = re.compile(r"what (?:is|are) DRUG(?:,? (?:and |with )?DRUG)*(?: \w+)?\W*$")
_SUBSTANCE = re.compile(r"(?:what|which) (?:\w+ ){0,2}?(?:lowers?|reduces?|raises?|brings down|increases?) DRUG\W*$")
_GIVES_TO = re.compile(r"\b(?:give|prescribe|use|giving) (?:\w+ ){0,3}DRUG (?:to|with) ILL\b")
_ALLOWED = re.compile(
    r"\b(?:ok|okay|fine|suitable|allowed|advis\w+|given|give|used|use|take|taken|may|permitted|possible|appropriate"
    r"|alright)\b"
)
_ANY = re.compile(r"(?:and |is there |are there )*any (?:risk of |danger of )?ILL\W*$")
_DOES_CAUSE = re.compile(r"\b(?:it|that) (?:\w+ )?(?:cause|bring|lead|trigger)")


def of_several(wording: str) -> Intent | None:
    """Return what a message wants that names several drugs; None where no cue tells."""
    has = {name: bool(cue.search(wording)) for name, cue in CUES.items()}
    both, free = bool(_BOTH.search(wording)), not has["prefers"]
    together = has["together"] and not both and not _BUILDS.search(wording)
    return _first(
        (
            (_NAMED_ONLY.match(wording), "use"),
            (together, "evidence" if has["evidence"] else "safety"),
            (wording.startswith("why ") or both, "choose"),
            (has["mechanism"] and free, "mechanism"),
            (has["harm"] or _COMPARED_HARM.search(wording), "safety"),
            (has["evidence"] and free, "evidence"),
            (has["causal"] and "ILL" in wording and free, "causes"),
            (has["prefers"] or has["contest"] or _ONE_OR_OTHER.match(wording), "choose"),
        ),
        None,
    )


def of_one(wording: str, groups: Sequence[str]) -> Intent | None:
    """Return what a message wants that names one drug; None where no cue tells.

    Args:
        wording: the message as `normal` gives it.
        groups: groups of people that it speaks of.
    """
    has = {name: bool(cue.search(wording)) for name, cue in CUES.items()}
    much = _HOW_MUCH.search(wording)
    order: tuple[Intent, ...] = ("evidence", "use", "assess") if _OPEN.match(wording) else ("evidence", "assess", "use")
    asked = [name for name in order if has[name]]
    return _first(
        (
            (much, "safety" if much and much.group(1) else "evidence"),
            (has["contest"] and not _NOT_BETTER.search(wording), "choose"),
            (_SAFE.search(wording), "safety"),
            (_MECHANISM_OF_HARM.match(wording), "mechanism"),
            (has["causal"], "causes"),
            (has["mechanism"] and not _WELL.match(wording), "mechanism"),
            (has["harm"], "safety"),
            (_SUBSTANCE.match(wording), "list"),
            (_GIVES_TO.search(wording) or (groups and _of_group(wording, asked)), "safety"),
            (not asked and has["harms"] and "ILL" not in wording, "safety"),
        ),
        asked[0] if asked else None,
    )


def of_disease(wording: str, *, lists: bool) -> Intent:
    """Return what a message wants that names a disease and no drug, which may be about what was said before.

    Args:
        wording: the message as `normal` gives it.
        lists: whether it asks for a list.
    """
    harm = _COMPARED_HARM.search(wording) or _AVOIDS.search(wording) or _ANY.match(wording)
    if harm:
        return "causes" if _DOES_CAUSE.search(wording) else "safety"
    if _TRIALS_IN.match(wording):
        return "evidence"
    if _PRONOUN.search(wording) and not lists:
        return of_one(_PRONOUN.sub("DRUG", wording), ()) or "assess"
    return "list"


def of_none(wording: str) -> tuple[Intent, Beyond | None]:
    """Return what a message without a name wants, which may be about what was said before."""
    meant = _PRONOUN.sub("DRUG", wording)
    has = {name: bool(cue.search(meant)) for name, cue in CUES.items()}
    refers: Intent = "assess" if "DRUG" in meant or _REFERS.search(wording) else "out_of_scope"
    intent = _first(
        (
            (CUES["contest"].search(wording) and not re.search(r"\bsafe", wording), "choose"),
            (_WHICH_IS_BETTER.match(wording), "choose"),
            (_WHICH_IS_WORSE.match(wording), "safety"),
            (has["harm"], "safety"),
            (has["mechanism"], "mechanism"),
            (has["patients"] or has["harms"] or HARM_COMPARED.search(wording), "safety"),
            (has["causal"], "causes"),
            (has["evidence"], "evidence"),
            (has["use"], "use"),
            (has["assess"], "assess"),
        ),
        refers,
    )
    return intent, "other" if intent == "out_of_scope" else None


def _first(rules: Iterable[tuple[object, Intent]], otherwise: Told) -> Intent | Told:
    """The intent of the first rule that holds."""
    return next((intent for holds, intent in rules if holds), otherwise)


def _of_group(wording: str, asked: Sequence[Intent]) -> bool:
    """Whether a question with a group of people is whether the drug may be given to it."""
    return (bool(_ALLOWED.search(wording)) and "evidence" not in asked) or not asked
