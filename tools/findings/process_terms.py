"""What goes on in the body, as articles call it: `platelet aggregation`, `synthesis of prostaglandins`, `inflammation`.

A name is taken over as it is written. Words that say what is done to a process, not what it is, are left out of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from kedrec.tools.text.cues.pattern import CuePattern

__all__ = ["known_processes", "process_key", "process_terms"]

_ALONE = (
    r"inflammation|inflammatory responses?|apoptosis|angiogenesis|mitosis|coagulation|thrombosis|fibrinolysis"
    r"|ha?emostasis|lipolysis|gluconeogenesis|(?:vaso|broncho)(?:constriction|dilat(?:at)?ion)|(?:neuro)?transmission"
    r"|natriuresis|diuresis|ovulation|phagocytosis|keratinization|osteoclastogenesis|steroidogenesis|autophagy"
    r"|oxidative stress|cell (?:death|division|cycle)|action potentials?|immune responses?"
)
"""Processes whose name needs no other word."""
_GOING_ON = (
    r"(?:bio)?synthesis|secretion|release|(?:re)?uptake|(?:re)?absorption|resorption|excretion|proliferation"
    r"|contraction|relaxation|replication|transcription|translation|signal(?:l?ing)|degradation|oxidation"
    r"|polymeri[sz]ation|aggregation|adhesion|differentiation|migration|conduction|(?:de|re|hyper)polari[sz]ation"
    r"|degranulation|production|formation|transport|repair|turnover|catabolism|breakdown"
)
"""Words for a process that say of what it is by a word beside them."""
_TERM = CuePattern(
    rf"\b(?:{_ALONE})\b|\b(?P<before>(?:[a-z][a-z-]*[a-z] ){{1,2}})(?P<what>{_GOING_ON})\b(?! of\b)"
    rf"|\b(?P<of>{_GOING_ON}) of (?:the )?(?P<behind>[a-z][a-z-]*[a-z](?: [a-z][a-z-]*[a-z])?)\b(?!['’])"
)
_NO_PART = re.compile(
    r"(?:(?:inhibit|block|reduc|decreas|increas|suppress|prevent|promot|stimulat|induc|impair|facilitat|modulat|enhanc"
    r"|affect|regulat|mediat|involv|caus|control|limit|lower|rais|diminish|attenuat|accelerat|delay|compar|follow|terminat|un(?:regulat|controll)|non-)\w*"
    r"|\w+(?:ly|ing)|anti\w*|[\w-]*resistan\w*|[\w-]+-(?:induced|mediated|dependent|stimulated|associated|related|free|type"
    r"|like|positive|negative|specific)"
    r"|an?|the|of|in|on|and|or|its|their|this|that|these|those|both|by|with|for|to|from|as|is|are|was|were|be|been|which"
    r"|than|not|no|may|can|could|also|such|other|more|less|new|via|through|into|at|against|within|without|among|toward|between|during|after|before|further"
    r"|early|late|slow|rapid|direct|selective|potent|reversible|excessive|abnormal|available|normal|total|high|low"
    r"|drugs?|patients?|clinical|vitro|vivo|disease|prolonged|extended|sustained|immediate|delayed"
    r"|mixed|specific|dual|combined|novel|oral|dependent|since|SIV|FIV|strains?|receptor|levels?|effects?|activity|rate"
    r"|urinary|fecal|one|two|all|any|each|has|have|had|but|if|when|where|while)",
    re.IGNORECASE,
)
"""Words beside a process that are no part of its name."""
_VERB = re.compile(r"[a-z-]+[^suix]s")
"""A word that may be what governs the words beside a process: `needs viral replication`."""
_GOES_ON = re.compile(r" (?:receptors?\b|[\w-]+-(?:positive|negative|dependent|type|like)\b)")
"""Follows a word that only says of which kind something is: `proliferation of estrogen receptor-positive cells`."""
_QUALITY = re.compile(r"(?:ous|al|ic|ive|able)$")
"""End of a word that says how something is."""
UPTAKE = "uptake"
"""Word of what transporters do."""
_SAME = (
    (re.compile(r"inflammatory responses?"), "inflammation"),
    (re.compile(r"biosynthesis"), "synthesis"),
    (re.compile(r"signalling"), "signaling"),
    (re.compile(r"haem"), "hem"),
    (re.compile(r"reuptake"), "uptake"),
    (re.compile(r"secretion$"), "release"),
    (re.compile(r"formation$"), "production"),
    (re.compile(r"dilat(?:at)?ion"), "constriction"),
    (re.compile(r"apoptotic cell death"), "apoptosis"),
    (re.compile(r"(?<=[a-z]{3})s\b(?<!is)(?<!ss)"), ""),
)
"""Ways of writing the same, and the two directions of one process."""


def process_terms(sentence: str) -> Iterator[str]:
    """Yield the processes that a sentence names, as it writes them but for capitals.

    Args:
        sentence: a sentence.
    """
    for found in _TERM.finditer(sentence):
        if found["what"]:
            words = [*reversed(_own(reversed(found["before"].split()))), found["what"]]
        elif found["of"]:
            behind = _own(found["behind"].split())
            broken = not behind or _QUALITY.search(behind[-1]) or _GOES_ON.match(found["behind"], len(" ".join(behind)))
            words = [] if broken else [found["of"], "of", *behind]
        else:
            words = found[0].split()
        if len(words) > 1 or not (found["what"] or found["of"]):
            yield " ".join(word.lower() if word[1:].islower() else word for word in words)


def _own(words: Iterable[str]) -> list[str]:
    """The words beside a process, nearest first, up to the first that is no part of its name."""
    kept: list[str] = []
    for word in words:
        if _NO_PART.fullmatch(word) or (kept and _VERB.fullmatch(word)):
            break
        kept.append(word)
    return kept


def known_processes(sentence: str, acted_on: Collection[str]) -> list[str]:
    """Return the processes that a sentence names and that have to do with what a drug acts on.

    What acts on the receptor of a transmitter does not act on its uptake: that takes the word itself.

    Args:
        sentence: a sentence.
        acted_on: beginnings of words for that, in lower case.
    """
    lowered = sentence.lower()
    words = [word for word in acted_on if word != UPTAKE and word in lowered]
    if not words:
        return []
    known = [term for term in process_terms(sentence) if any(word in term.lower() for word in words)]
    return [term for term in known if UPTAKE in acted_on or UPTAKE not in term.lower()]


def process_key(term: str) -> str:
    """Return a name by which two ways of writing one process are known as the same, in lower case.

    Args:
        term: a process as `process_terms` yields it.
    """
    name = term.lower()
    what, of, behind = name.partition(" of ")
    name = f"{behind} {what}" if of else name
    for pattern, same in _SAME:
        name = pattern.sub(same, name)
    return name
