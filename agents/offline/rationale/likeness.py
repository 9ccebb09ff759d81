"""In what a candidate is more like a treatment of the disease than its rivals, in words that can be cited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.rationale.phrases import LIKENESS, NAMED
from kedrec.records import CandidateScore, Factor
from kedrec.tools.literature_tools import is_retracted

__all__ = ["KEYS", "likeness", "listed"]

KEYS = 4
"""Most citations of one sentence."""
CITED = 2
"""Most citations of a likeness."""
_NAMES = 3
_SMALLEST_SHARE = 0.005


def likeness(task: Task, scores: Sequence[CandidateScore], best: int) -> tuple[str, tuple[str, ...]]:
    """In what the chosen candidate is most ahead by the weigher and can be cited, and where that stands."""
    rivals = [score for place, score in enumerate(scores) if place != best]
    ahead = sorted(_ahead(scores[best], rivals), key=lambda row: -row[0])
    for _, factor in ahead:
        keys = [key for key in _keys_of(task, factor) if not is_retracted(task.evidence[key].text)]
        if keys:
            shown = [task.evidence[key].text for key in keys[:CITED]]
            return _why(factor, shown), tuple(keys[:CITED])
    return (_why(ahead[0][1], ()) if ahead else "what was found speaks less for the others"), ()


def _why(factor: Factor, shown: Sequence[str]) -> str:
    """A likeness in words; of groups that rest on other drugs or diseases, with names that stand in what is cited."""
    if factor.group not in NAMED:
        return LIKENESS.get(factor.group, "the evidence speaks more for it")
    told, _, listing = factor.text.rpartition(": ")
    names = [name for name in listing.split(", ") if told and any(name in text for text in shown)][:_NAMES]
    told = NAMED[factor.group]
    return f"{told}: {listed(names, ' and ')}" if names else told


def _ahead(score: CandidateScore, rivals: Sequence[CandidateScore]) -> Iterator[tuple[float, Factor]]:
    """By how much a group of evidence speaks more for a candidate than for any of its rivals, where it does."""
    for factor in score.factors:
        theirs = [other.share for rival in rivals for other in rival.factors if other.group == factor.group]
        ahead = factor.share - max(theirs, default=0.0)
        if factor.share >= _SMALLEST_SHARE and ahead >= _SMALLEST_SHARE:
            yield ahead, factor


def _keys_of(task: Task, factor: Factor) -> tuple[str, ...]:
    """Evidence keys of a factor's sources, in their order; the source itself before what contains it."""
    found: list[str] = []
    for source in factor.sources:
        exact = [item.key for item in task.evidence.values() if item.source_id == source]
        # The document of a passage, and each edge of a path.
        found += exact or [
            item.key
            for item in task.evidence.values()
            if source in {item.source_id.split("#")[0], *item.source_id.split(" ; ")}
        ]
    return tuple(dict.fromkeys(found))[:KEYS]


def listed(parts: Sequence[str], last: str = " or ") -> str:
    """Parts in a row with a word before the last: `how X works, the harms of Y or the effects of Z`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}{last}{parts[-1]}"
