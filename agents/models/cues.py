"""Words that tell which way a passage speaks: for a drug, against it, or of its harm."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["Cue", "cue_of", "quotable", "sentences_of", "speaks_of_harm"]

Cue = Literal["for", "against", "harm", "use", "silent"]
"""What a sentence says of a drug: that it works, that it does not, that it harms, that it is given, or none of it."""

_AGAINST = re.compile(
    r"no (?:statistically |clinically )?(?:significant|apparent|clear|measurable|additional|overall) (?:\w+ )?"
    r"(?:difference|effect|benefit|improvement|reduction|advantage|efficacy|change)s?"
    r"|no (?:benefit|effect|efficacy|advantage|evidence of (?:benefit|efficacy|effect))\b"
    r"|not (?:\w+ )?(?:effective|superior|efficacious|beneficial|recommended|better than)"
    r"|not (?:\w+ )?significantly (?:\w+ )?(?:different|better)"
    r"|(?:did|does|do|was|were|could) not (?:\w+ )?(?:improve|reduce|prevent|affect|benefit|respond|differ|show)"
    r"|(?:did|does|do|could) not (?:\w+ )?(?:decrease|prolong|alter)"
    r"|fail(?:ed|s|ure) to (?:\w+ )?(?:improve|reduce|prevent|show|demonstrate|meet|benefit|prolong)"
    r"|ineffective|lack(?:ed|s)? (?:of )?(?:efficacy|effect|benefit)|inferior to|contra-?indicated"
    r"|(?:trial|study) was (?:stopped|terminated|withdrawn)|futility|worse than|similar to placebo",
    re.IGNORECASE,
)
_HARM = re.compile(
    r"-induced\b|\binduced by\b|adverse (?:event|effect|reaction|drug)|side[- ]effects?|toxicit|\bhepatotoxic"
    r"|nephrotoxic|cardiotoxic|contra-?indicated|fatal|\bdeaths?\b|safety|tolera(?:ted|bility)|discontinu(?:ed|ation)|overdose"
    r"|hypersensitivity|serious infection|exacerbat|\bcaused by\b|\bcauses\b|boxed warning|\bwarning\b",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"\beffective(?:ly|ness)?\b|\befficacy\b|efficacious|\bsuperior\b|improv(?:ed|es|ement|ing)"
    r"|\breduc(?:ed|es|tion|ing)\b|decreas(?:ed|es)|\bbenefi(?:t|ts|cial)\b|remission|respon(?:se|ded|ders)|\brelie(?:f|ved|ves)\b|\bcure[ds]?\b"
    r"|first[- ]line|treatment of choice|recommended|approved|standard (?:of care|treatment|therapy)|regrowth"
    r"|prolonged survival",
    re.IGNORECASE,
)
_USE = re.compile(
    r"\btreated with\b|\btreatment (?:of|for|with)\b|\btherapy (?:of|for|with)\b|used (?:to treat|for|in)"
    r"|\bgiven for\b",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9(\"“])|\n+")
_QUOTE_LIMIT = 260


def cue_of(sentence: str) -> Cue:
    """Which way a sentence speaks; a negated benefit counts before a plain one, and before harm."""
    if _AGAINST.search(sentence):
        return "against"
    if _FOR.search(sentence):
        return "for"
    if _HARM.search(sentence):
        return "harm"
    return "use" if _USE.search(sentence) else "silent"


def speaks_of_harm(sentence: str) -> bool:
    """Whether a sentence says anything about harm or tolerance, whatever else it says."""
    return _HARM.search(sentence) is not None


def sentences_of(text: str) -> list[str]:
    """A text cut into sentences, empty ones left out."""
    return [part.strip() for part in _END.split(text) if part.strip()]


def quotable(text: str) -> str:
    """A text made fit to stand in one line between citation marks: no brackets, bars or line breaks; not too long."""
    flat = " ".join(text.replace("[", "(").replace("]", ")").replace("|", "/").split())
    if len(flat) <= _QUOTE_LIMIT:
        return flat
    return flat[:_QUOTE_LIMIT].rsplit(" ", 1)[0].rstrip(",;:(") + " …"
