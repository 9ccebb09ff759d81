"""What stands in the record of a trial: phase and status ahead, then its title, which runs into its summary."""

from __future__ import annotations

import re

__all__ = ["phase_and_status", "title_of"]

_HEAD = re.compile(r"^(?:Phase (?P<phase>[\d/]+)\. )?Status: (?P<status>[a-z ,]+)\.")
_SUMMARY = re.compile(
    r"(?<=[\w)\]%®™]) (?=(?:The (?:purpose|aims?|main|primary|goal|objectives?|study|trial|investigators?|researchers"
    r"|present|current|hypothesis)\b"
    r"|This (?:\d+|study|is|trial|phase|randomi[sz]ed|research|multi\w*|open|clinical|protocol|single|prospective|will"
    r"|pilot|double|was|project|partially)\b"
    r"|(?:RATIONALE|BACKGROUND|OBJECTIVES?|PURPOSE|Background|Rationale|Purpose|Objectives?|Hypothesis|Primary"
    r" [Oo]bjectives?):"
    r"|To (?:determine|evaluate|assess|compare|study|investigate|examine|demonstrate|test|find|show|see|learn)\b"
    r"|(?:We|It|There|Currently|Recent studies|Patients with|Subjects|Participants|Drugs used)\b(?= [a-z])))"
)
"""Where the first sentence of a summary begins, behind a title that ends without a stop."""


_WORD = re.compile(r"(?:is|are|was|were|has|had|can|may)\b(?= )|[^\W\d_][\w'-]{3,}")
_CAPITALS = 6
"""Words with a capital before the first small one, from which on a title is taken to be written in capitals."""
_SMALL = frozenset(
    {"with", "from", "versus", "after", "among", "during", "between", "without", "using", "before", "into", "over"}
)
"""Words of four letters or more that a title writes small."""


def phase_and_status(record: str) -> tuple[str, str]:
    """Return phase and status of a trial, `("3", "completed")`; empty where they are unknown or not given.

    Args:
        record: its text, which begins `Phase 3. Status: completed.`
    """
    head = _HEAD.match(record)
    if head is None:
        return "", ""
    return head["phase"] or "", "" if head["status"] == "unknown" else head["status"]


def title_of(sentence: str) -> str:
    """Return the title where a sentence begins with one that runs into the summary, else the sentence.

    Args:
        sentence: as it was taken from the record.
    """
    begun = _SUMMARY.search(sentence)
    end = begun.start() if begun else _end_of_capitals(sentence)
    return sentence[:end] if end > 20 else sentence


def _end_of_capitals(sentence: str) -> int:
    """Where a title in capitals ends and a sentence begins: before the word that a first small one follows; else 0."""
    words = [word for word in _WORD.finditer(sentence) if word[0] not in _SMALL]
    small = next((at for at, word in enumerate(words) if word[0].islower()), 0)
    if small < _CAPITALS:
        return 0
    before = sentence[: words[small].start()].rstrip()
    return max(before.rfind(" "), 0)
