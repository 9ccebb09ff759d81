"""What a sentence of a trial found for an outcome: increased, decreased or no difference, intervention against control.

Words of significance decide before directions, a direction before bare figures. Arms and outcomes are found by the
stems of their words, as reports seldom repeat them as they were registered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

__all__ = ["CHANGES", "Change", "change_of"]

Change = Literal["increased", "decreased", "no difference"]
CHANGES: tuple[Change, ...] = get_args(Change)
"""Every change."""

_STEM = 5
"""Letters by which words are compared."""
_EMPTY = frozenset(
    {"the", "and", "for", "with", "after", "before", "week", "weeks", "month", "months", "year", "years", "day", "days",
     "level", "levels", "rate", "rates", "frequency", "treatment", "group", "per", "during", "time", "number", "score",
     "scores", "mean", "total", "patient", "patients", "therapy", "dose", "doses"}
)  # fmt: skip
"""Words that tell no arm and no outcome from another."""
_PART = re.compile(r"(?<=[.;])\s+|,?\s+(?=(?:but|yet|although|however|whereas|while)\b)|,\s+(?=with significantly)")
_NONE = re.compile(
    r"\bno (?:\w+ ){0,5}(?:differen\w+|effects?|evidence|advantage|changes?|infections?|cases?)\b"
    r"|\b(?:not|n't|nor) (?:\w+ ){0,4}(?:differ\w*|signific\w+|increas\w*|decreas\w*|reduc\w*|prolong\w*|found|"
    r"affect\w*|"
    r"associated|improv\w*|maintained|change\w*|reveal|show)\b"
    r"|\binsignificant|\bsimilar|\bcomparable|\bn\.?s\.?(?=\W|$)|\bas effective as|homogene|\bequal|equivalent|"
    r"non-?inferior"
    r"|\bp\s*[=>]\s*0?[.·](?:0[5-9]|[1-9])",
    re.IGNORECASE,
)
_UP = re.compile(
    r"\b(?:increas\w*|higher|greater|more|longer|rais\w+|rose|improv\w*|better|faster|superior|doubled|elevat\w*|"
    r"prolong\w*|gain\w*|exceed\w*|larger)\b",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"\b(?:decreas\w*|earlier|lower\w*|less|fewer|shorter|reduc\w*|smaller|declin\w*|fell|worse|drop\w*|diminish\w*|"
    r"inferior)\b",
    re.IGNORECASE,
)
_WANED = re.compile(r"\b(?:downsiz|reduc|loss|decreas|declin)\w*", re.IGNORECASE)
_REACHED = re.compile(r"\bp\s*[=<≤]\s*0?[.·]0(?:[0-4]|\b)|(?<!in)(?<!not )(?<!no )\bsignificant", re.IGNORECASE)
_PROVED = re.compile(r"\bp\s*[=<≤]\s*0?[.·]0(?:[0-4]|\b)", re.IGNORECASE)
_FIGURE = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?=\s*(?:%|\)|hours|±|/|per\b|days|$|[,;(]|and\b|\w))")
_THAN = re.compile(r"\b(?:than|versus|vs|compared (?:with|to)|against|over)\b", re.IGNORECASE)


def change_of(text: str, intervention: str, comparator: str, outcome: str) -> Change:
    """Return what was found for the outcome under the intervention, against the comparator.

    Args:
        text: one or more sentences of a trial's report.
        intervention: the arm that is asked about.
        comparator: the arm that it is compared with.
        outcome: what was measured.
    """
    parts = [part for part in _PART.split(text) if part.strip()]
    shared = [len(set(_words(outcome)) & set(_words(part))) for part in parts]
    ours = [part for part, many in zip(parts, shared, strict=True) if many == max(shared, default=0)]
    for part in reversed(ours):
        if _NONE.search(part) and not (_PROVED.search(part) and _way(part, outcome)):
            return "no difference"
    found = [told for part in ours if (told := _told(part, intervention, comparator, outcome))]
    if found:
        return found[0]
    return "no difference"


def _told(part: str, intervention: str, comparator: str, outcome: str) -> Change | None:
    """What one part tells; None where it tells no direction."""
    way = _way(part, outcome)
    if not way:
        # By the figures behind the two arms, where the difference reached significance.
        if not _REACHED.search(part):
            return None
        figures = [_figure_behind(part, _places(part, one, other)) for one, other in
                   ((intervention, comparator), (comparator, intervention))]  # fmt: skip
        if figures[0] is None or figures[1] is None or figures[0] == figures[1]:
            return None
        return "increased" if figures[0] > figures[1] else "decreased"
    other = _is_others(part, intervention, comparator)
    return "increased" if (way > 0) != other else "decreased"


def _way(part: str, outcome: str) -> int:
    """1 up, -1 down, 0 neither: the first word of direction, those that belong to the outcome's name left out."""
    plain = _WANED.sub(" ", part) if _WANED.search(outcome) else part
    hits = [(hit.start(), way) for way, words in ((1, _UP), (-1, _DOWN)) for hit in words.finditer(plain)]
    return min(hits)[1] if hits else 0


def _is_others(part: str, intervention: str, comparator: str) -> bool:
    """Whether what is said is said of the comparator: its name stands nearer to the word of direction."""
    own, other = _places(part, intervention, comparator), _places(part, comparator, intervention)
    than = _THAN.search(part)
    if than and (own or other):
        behind = [bool(places) and min(places) > than.end() for places in (own, other)]
        return behind[0] or (bool(other) and not own and not behind[1])
    if not own or not other:
        return bool(other) and not own
    hit = min((hit.start() for words in (_UP, _DOWN) for hit in words.finditer(part)), default=0)
    return min(abs(place - hit) for place in other) < min(abs(place - hit) for place in own)


def _figure_behind(part: str, places: Sequence[int]) -> float | None:
    figures = [hit for place in places for hit in [_FIGURE.search(part, place)] if hit and hit.start() - place < 60]
    return float(figures[0][0].replace(",", "")) if figures else None


def _words(name: str) -> list[str]:
    return [
        word.removesuffix("s")[:_STEM]
        for word in re.findall(r"[a-z]+", name.lower())
        if len(word) > 2 and word not in _EMPTY
    ]


def _places(part: str, arm: str, other: str) -> list[int]:
    """Where words of an arm stand that are not words of the other one."""
    own = set(_words(arm)) - set(_words(other)) or set(_words(arm))
    return [hit.start() for hit in re.finditer(r"[a-z]+", part.lower()) if hit[0].removesuffix("s")[:_STEM] in own]
