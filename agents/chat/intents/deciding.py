"""What a message wants that names no drug, by cues, the telling ones first."""

from __future__ import annotations

import re

from kedrec.agents.chat.groups_and_harms import HARMS
from kedrec.agents.chat.intents.cues import CUES
from kedrec.agents.chat.intents.wanted import Beyond, Intent

__all__ = ["HARM_COMPARED", "PRONOUN", "of_disease", "of_none"]

_AVOIDS = re.compile(
    r"\b(?:avoid\w*|contra ?indicat\w*|should not|must not|can not|not (?:to )?be (?:given|used|taken"
    r"|prescribed)|never|worst|caus\w+|worsen\w*|trigger\w*|danger\w*|harm\w*|unsafe|induc\w+)\b"
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
_REFERS = re.compile(
    r"\b(?:others?|both|either|former|latter|first|second|third|one|ones|it|they|them|these|those|more|yes|no)\b"
)
PRONOUN = re.compile(
    r"(?<!treat )(?<!treating )(?<!cure )(?<!for )\b(?:it|they|them|this drug|that drug"
    r"|the (?:drug|former|latter|other|first|second)(?: one)?(?! line))\b"
)
"""What stands for a drug that was named before."""
_WHICH_IS_BETTER = re.compile(
    r"(?:and |so |then |ok |but )*(?:which|what|who)(?: \w+){0,4} (?:better|best|superior|stronger"
    r"|preferable|wins?|prefer)\W*$"
)
_WHICH_IS_WORSE = re.compile(r"(?:and |so |then |ok |but )*(?:which|what)(?: \w+){0,3} (?:worse|worst)\W*$")
_TRIALS_IN = re.compile(
    r"(?:and |are there |is there )*(?:any |which |what )?(?:trials?|stud(?:y|ies)|evidence|data)\b(?! based)"
)
_PEOPLE_WITH = re.compile(
    r"(?:and |but |what about |how about |what of )*(?:in |for |with )?(?:people|patients|those|someone|somebody|adults"
    r"|anyone) (?:with|who have|who has|having) (?:an? )?ILL\W*$"
)
"""Asks about somebody with an illness, by drugs that were named before."""
_ANY = re.compile(r"(?:and |is there |are there )*any (?:risk of |danger of )?ILL\W*$")
_DOES_CAUSE = re.compile(r"\b(?:it|that) (?:\w+ )?(?:cause|bring|lead|trigger)")


def of_disease(wording: str, *, lists: bool) -> Intent | None:
    """Return what a message wants that names a disease and no drug; None where it is about a drug named before.

    Args:
        wording: the message as `normal` gives it.
        lists: whether it asks for a list.
    """
    harm = (
        _COMPARED_HARM.search(wording) or _AVOIDS.search(wording) or _ANY.match(wording) or _PEOPLE_WITH.match(wording)
    )
    if harm:
        return "causes" if _DOES_CAUSE.search(wording) else "safety"
    if _TRIALS_IN.match(wording):
        return "evidence"
    return None if PRONOUN.search(wording) and not lists else "list"


def of_none(wording: str) -> tuple[Intent, Beyond | None]:
    """Return what a message without a name wants, which may be about what was said before."""
    meant = PRONOUN.sub("DRUG", wording)
    has = {name: bool(cue.search(meant)) for name, cue in CUES.items()}
    refers: Intent = "assess" if "DRUG" in meant or _REFERS.search(wording) else "out_of_scope"
    rules: tuple[tuple[object, Intent], ...] = (
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
    )
    intent = next((intent for holds, intent in rules if holds), refers)
    return intent, "other" if intent == "out_of_scope" else None
