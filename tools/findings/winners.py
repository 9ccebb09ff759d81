"""Who came off better where a sentence compares two drugs: one of them, neither, or it does not say.

Both drugs have to stand on different sides of the comparison: of drugs given together, or both compared with a third,
nothing is said. More of what is bad (relapses, adverse events, deaths) is worse.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from kedrec.records import Entity
from kedrec.tools.findings.marked_names import marked, without_heading
from kedrec.tools.text.sentence_cues import is_criterion, sets_out

__all__ = ["WINNERS", "Winner", "winner_of"]

Winner = Literal["first", "second", "same", "not_said"]
"""Which of two drugs came off better; `same` where neither did."""
WINNERS: tuple[Winner, ...] = get_args(Winner)
"""Every winner."""

_BETTER = re.compile(
    r"\b(?:superior|better|(?<!no )(?:more|greater|higher|faster|larger|stronger|longer)|favou?r(?:ed|s|able|ably)?|"
    r"advantages?|"
    r"outperform\w*|exceed\w*|improved|preferred)\b"
)
_WORSE = re.compile(r"\b(?:(?<!non-)(?<!non)inferior|worse|lower|less|fewer|smaller|shorter|reduced|not as \w+)\b")
_BAD = re.compile(
    r"\b(?:adverse|side[- ]effects?|toxic\w*|relapses?|recurren\w+|mortality|deaths?|bleed\w*|h[a]?emorrhage|pain|"
    r"risks?|"
    r"hyper[a]?emia|hypoglyc\w+|weight gain|body weight|withdrawals?|discontinu\w+|progression|events?|"
    r"(?:cardiovascular|heart) (?:disease|failure)|cost\w*|sedati\w+|"
    r"incidence|akathisia|infections?|strokes?|thrombo\w+|failures?|illicit|severity|symptoms|complaints)\b"
)
_GOOD_DROP = re.compile(r"\b(?:reduc\w+|decreas\w+|relie\w+|prevent\w*|improv\w+|control\w*|suppress\w*|effective)\b")
_ACROSS = r"(?:than|over|versus|vs\.?|against|as compared (?:with|to)|(?:when |in comparison )?compared (?:with|to)|to)"
_SAME = re.compile(
    r"\bas (?:\w+ )?(?:effective|efficacious|well tolerated|good|active)(?: \w+)? as\b|equally (?:\w+ )?(?:effective|"
    r"efficacious|well)|comparable|\bsimilar(?:ly)?\b(?! patients| groups)|equivalent|non-?inferior\w*|"
    r"\bno (?:\w+ ){0,4}differences?|"
    r"\b(?:not|n't) (?:\w+ ){0,3}(?:differ\w*|superior)|no (?:\w+ )?(?:advantage|preference)|"
    r"both [^;]{0,50} (?:reduced|improved|lowered)"
)
_JOINED = re.compile(
    r"§D(?:-|/| ?\+ ?| plus | combined with | in combination with | with | and )+(?:\w+ )?§O"
    r"|§O(?:-|/| ?\+ ?| plus | combined with | in combination with | with | and )+(?:\w+ )?§D"
)
_TWO = re.compile(
    r"(?:between|both|either|differences? (?:for|in|of)) [^;]{0,30}§[DO][^;]{0,90}\b(?:and|or)\b[^;]{0,60}§[DO]"
    r"|§[DO](?: \([^)]*\))? (?:and|or) (?:\w+ )?§[DO](?: \([^)]*\))?(?: \w+)? (?:are|were|was|had|have|showed?|seem\w*|"
    r"appear\w*|demonstrate\w*|may|groups?|produced|reduced|on|did)\b|(?:in|of|with) (?:the )?§[DO][^;§]{0,60} and "
    r"(?:the )?§[DO](?: [^;]{0,30})? groups?|\b(?:effects?|efficacy|rates?) of §[DO] and §[DO]"
)
"""The two are set beside each other."""
_METHOD = re.compile(
    r"whether|\bunknown\b|controversial|no randomi[sz]ed|(?:was|were|have been|has been) compared|"
    r"this (?:\w+ )?(?:study|"
    r"analysis) (?:compares|evaluates)|hypothes|\bwe (?:compared|assessed|explored)|designed to|half-life|absorption|"
    r"selectivity|"
    r"concentrations?|post hoc analysis evaluated|pharmacokinetic|\bmics?\b"
)
_MISSED = re.compile(r"\bp\s*[=>]\s*0?[.·](?:0[5-9]|[1-9])")
_COUNTED = (
    r"(\d+(?:\.\d+)?) ?(?:%|kg)? (?:of (?:the )?patients )?(?:treated |given )?(?:with|in|on|for|receiving) (?:the )?"
)
_COUNTED_GOOD = re.compile(
    r"\b(?:respon\w+|cure[ds]?|remissions?|success\w*|healing|healed|free|survival|achieved|improv\w+)\b"
)
_DIFFERS = re.compile(r"\bp\s*[=<≤]\s*0?[.·]0(?:[0-4]|\b)|(?<!no )(?<!not )\bsignificant|as few as|as many as")
_REACHED = re.compile(r"\bp\s*[=<≤]\s*0?[.·]0(?:[0-4]|\b)")
_FIGURES = re.compile(r"(\d+(?:\.\d+)?) ?%")


def winner_of(sentence: str, first: Entity, second: Entity) -> Winner:
    """Return which of two drugs a sentence says came off better.

    Args:
        sentence: the sentence.
        first: one drug.
        second: the other one.
    """
    plain = without_heading(sentence)
    text = marked(plain, first, others=[second])
    if "§D" not in text or "§O" not in text or sets_out(plain) or is_criterion(plain) or _METHOD.search(text):
        return "not_said"
    pieces = re.split(r";|\. |, (?:but|whereas|while) ", text)
    parts = [part for part in pieces if "§D" in part and "§O" in part]
    for part in parts:
        said = _told(part)
        if said != "not_said":
            return said
    return "not_said"


def _told(text: str) -> Winner:
    beside = _TWO.search(text) is not None
    if _JOINED.search(text) and not beside:
        return "not_said"
    same = _last(_SAME, text)
    at, ordered = _ordered(text)
    if same and (ordered == "not_said" or same.start() >= at or same.start() < _first_better(text)):
        return "same" if beside or _apart(text, same) else ordered
    if ordered != "not_said":
        return "same" if _MISSED.search(text) and not _REACHED.search(text) else ordered
    if _MISSED.search(text):
        return "same" if beside or _FIGURES.search(text) else "not_said"
    return _by_figures(text)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last of what a pattern finds before the second of the two drugs; else the first behind it."""
    end = max(text.rfind("§D"), text.rfind("§O"))
    found = list(pattern.finditer(text))
    before = [hit for hit in found if hit.start() < end]
    return before[-1] if before else found[0] if found else None


def _by_figures(text: str) -> Winner:
    """By the figures before the two, where it is told that they differ and what is counted is good or bad."""
    found = [re.search(rf"{_COUNTED}{mark}", text) for mark in ("§D", "§O")]
    good, bad = _COUNTED_GOOD.search(text), _BAD.search(text)
    if not all(found) or not _DIFFERS.search(text) or not (good or bad):
        return "not_said"
    one, other = (float(hit[1]) for hit in found if hit)
    return "not_said" if one == other else "first" if (one > other) == bool(good) else "second"


def _first_better(text: str) -> int:
    return min((hit.start() for words in (_BETTER, _WORSE) for hit in words.finditer(text)), default=len(text))


def _apart(text: str, same: re.Match[str]) -> bool:
    """Whether the two stand on either side of `as effective as`, or of the `to` or `between` behind `comparable`."""
    drug, other = text.find("§D"), text.find("§O")
    leading = re.match(r"(?:in comparison|as compared|compared) (?:to|with) ([^,]*(?:,[^,]*)?), ", text)
    if leading and min(drug, other) < leading.end() <= max(drug, other):
        return True
    if (drug < same.start()) != (other < same.start()):
        return True
    if drug < same.start():
        return False
    across = re.search(rf"\b(?:{_ACROSS}|as|between|with those of|and)\b", text[min(drug, other) : max(drug, other)])
    return across is not None and "," not in text[min(drug, other) : max(drug, other)]


def _ordered(text: str) -> tuple[int, Winner]:
    """Where and who is better by a word of more or less and a `than`, `over`, `versus` or `to` that parts the two."""
    for hit in re.finditer(rf"\b{_ACROSS}\b", text):
        before, behind = text[: hit.start()], text[hit.end() :]
        sides = [("§D" in before, "§O" in behind), ("§O" in before, "§D" in behind)]
        clean = [one and other for one, other in sides]
        if clean[0] == clean[1]:
            continue
        way = _way(before, hit[0])
        if way:
            return hit.start(), "first" if clean[0] == (way > 0) else "second"
    return -1, "not_said"


def _way(before: str, across: str) -> int:
    """1 where what stands before the comparison is better, -1 worse, 0 neither."""
    near = before[-160:]
    hits = [(hit.start(), hit[0], 1) for hit in _BETTER.finditer(near)]
    hits += [(hit.start(), hit[0], -1) for hit in _WORSE.finditer(near)]
    if not hits:
        return 0
    start, word, way = max(hits)
    if across == "to" and word not in ("superior", "inferior", "preferred"):
        return 0
    if word in ("superior", "better", "inferior", "worse", "improved", "outperformed") or word.startswith("favo"):
        return way
    said = near[max(0, start - 60) :]
    bad = _BAD.search(said) is not None and not _GOOD_DROP.search(said)
    return -way if bad else way if way > 0 or re.search(r"less (?:effective|efficac|active)", said) else 0
