"""Who came off better where a sentence compares two drugs: one of them, neither, or it does not say.

Both drugs have to stand on different sides of the comparison: of drugs given together, or both compared with a third,
nothing is said. Efficacy counts before tolerance.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from kedrec.records import Entity
from kedrec.tools.findings.comparing import contrasts, is_even, missed, pieces
from kedrec.tools.findings.marked_names import DRUG, OTHER, marked, unbracketed, without_heading
from kedrec.tools.findings.outcome_words import BAD
from kedrec.tools.text.sentence_cues import is_criterion, sets_out

__all__ = ["WINNERS", "Winner", "winner_of"]

Winner = Literal["first", "second", "same", "not_said"]
"""Which of two drugs came off better; `same` where neither did."""
WINNERS: tuple[Winner, ...] = get_args(Winner)
"""Every winner."""

_WINNERS: dict[int, Winner] = {1: "first", -1: "second", 0: "same"}
_BESIDE = re.compile(
    r"(§[DO])(?:[-/]\w+)*(?: (?!and\b|or\b|to\b|than\b|with\b|as\b|added\b)[\w./%-]+){0,6}?,? (?:and|or|nor|vs|versus) "
    r"(?:(?!to\b|than\b|as\b)[\w./%-]+ ){0,4}?[\w/-]*(?!\1)§[DO]"
)
"""The two are set beside each other."""
_BOTH = re.compile(
    r"\bboth (?:\w+ ){0,2}§[DO][^;,]{0,30} and (?:\w+ )?§[DO][^;.]{0,30} (?:\w+ly )?(?:reduced|improved|lowered|were"
    r"|are|increased|decreased|showed|produced|relieved)\b|\bneither (?:\w+ ){0,2}§[DO][^;,]{0,30} nor (?:\w+ )?§[DO]"
    r"|§[DO] and §[DO] (?:\w+ )?both (?:reduced|improved|lowered|increased|decreased)"
)
_THIRD = re.compile(
    r"\b(?:compared (?:to|with)|to|than|versus|(?<!such )as) (?!each|one another|both|regard|respect|either)"
)
_AT = re.compile(r"\b(?:between|of|in|for|with|among|on)\b")
_GROUPS = re.compile(r"\b(?:among|between|across|in (?:all|both)) (?:the )?(?:\w+ )?(?:groups|arms|treatments)\b")
_NOT_PROVED = re.compile(r"differences? (?:was|were|is|are|did) not (?:reach )?(?:statistical(?:ly)? )?significan")
_EXAMPLES = re.compile(r"\b(?:such as|including|like|e\.g\.,?) (?:\w+ )?$")
_MEASURED = re.compile(
    r"(?:urinary|serum|plasma|dietary) §[DO]|§[DO] (?:requirements?|failures?|resistance|resistant|refractory|content|"
    r"metabolism|release|turnover|consumption|demands?|doses?|dosage|levels?|concentrations?)\b"
)
"""The drug is what is counted, not what is compared."""
_OTHERS = re.compile(r"\bother §[DO]")
_FINITE = re.compile(
    r"\b(?:is|was|were|are|has|have|had|may|can|did|does|\w+ed|shows?|appears?|seems?|provides?|found|offers?|"
    r"suggests?|indicates?|produces?|demonstrates?|show|exhibits?|remains?)\b"
)
"""Without one, it is a title."""
_FOUND = re.compile(r"\b(?:had|showed|achieved|improved|than|(?:was|were) (?:similar|more|less|superior|better))\b")
"""Marks of a result in what reads like a criterion."""
_ADDED = re.compile(r"\b(?:addition|added|adding|plus|combin\w+)\b")
_METHOD = re.compile(
    r"whether|\bunknown\b|controversial|no randomi[sz]ed|(?:was|were|have been|has been) (?:\w+ )?compared|"
    r"this (?:\w+ )?(?:study|analysis) (?:compares|evaluates)|hypothes|\bwe (?:compared|assessed|explored)|designed to|"
    r"half-life|absorption|selectivity|concentrations?|post hoc analysis evaluated|pharmacokinetic|\bmics?\b|"
    r"remains? (?:un|to be)|(?:fold|times) (?:more potent|higher|greater)|evaluates? the|not well documented|"
    r"\bunclear\b"
)
"""What was looked at, or what no patient feels."""
_COUNTED = (
    r"(\d+(?:\.\d+)?) ?(?:%|kg)? (?:of (?:the )?patients )?(?:treated |given )?(?:with|in|on|for|receiving) (?:the )?"
)
_COUNTED_GOOD = re.compile(
    r"\b(?:respon\w+|cure[ds]?|remissions?|success\w*|healing|healed|free|survival|achieved|improv\w+)\b"
)
_BAD = re.compile(rf"\b{BAD}")
_DIFFERS = re.compile(r"\bp\s*[=<≤]\s*0?[.·]0(?:[0-4]|\b)|(?<!no )(?<!not )\bsignificant|as few as|as many as")
_FIGURES = re.compile(r"(\d+(?:\.\d+)?) ?%")
_WORKED = re.compile(
    r"\b(?:improved|reduced|increased|effective|responded|success\w+|relieved|prevented|showed an \w+)\b"
)
_WORKED_NOT = re.compile(
    r"\b(?:no (?:\w+ )?(?:effect|change|improvement|benefit|response|difference)|(?:did|had|was|were) not|ineffective|"
    r"unchanged|failed)\b"
)


def winner_of(sentence: str, first: Entity, second: Entity) -> Winner:
    """Return which of two drugs a sentence says came off better.

    Args:
        sentence: the sentence.
        first: one drug.
        second: the other one.
    """
    plain = without_heading(sentence)
    full = marked(plain, first, others=[second])
    bare = unbracketed(full)
    if DRUG not in full or OTHER not in full or sets_out(plain):
        return "not_said"
    if _OTHERS.search(bare) or not _FINITE.search(bare) or (is_criterion(plain) and not _FOUND.search(bare)):
        return "not_said"
    for text in (bare, full):
        parts = pieces(text)
        for part in parts:
            if DRUG in part and OTHER in part and not _METHOD.search(part) and (said := _told(part)) != "not_said":
                return "same" if _NOT_PROVED.search(text) else said
        worked = [_drug_that(part, _WORKED, _WORKED_NOT) for part in parts]
        failed = [_drug_that(part, _WORKED_NOT, None) for part in parts]
        if DRUG in worked and OTHER in failed:
            said = "first"
        else:
            said = "second" if OTHER in worked and DRUG in failed else "not_said"
        if said != "not_said":
            return said
    return "not_said"


def _told(text: str) -> Winner:
    text = _MEASURED.sub(" it ", text)
    found, third = [], False
    for one in contrasts(text):
        sides = [(DRUG in side, OTHER in side) for side in (one.subject, one.comparator)]
        third = third or sides == [(True, True), (False, False)]
        if "alone" in one.comparator and _ADDED.search(text):
            continue
        if sides in ([(True, False), (False, True)], [(False, True), (True, False)]):
            found.append((one.safety, one.way if sides[0][0] else -one.way))
    if found:
        return _WINNERS[min(found, key=lambda row: row[0])[1]]
    beside = _BESIDE.search(text)
    if (_BOTH.search(text) and not third) or (beside and _alike(text, *beside.span())):
        return "same"
    # By the figures before the two, where it is told that they differ and what is counted is good or bad.
    counted = [re.search(rf"{_COUNTED}{mark}", text) for mark in (DRUG, OTHER)]
    good, bad = _COUNTED_GOOD.search(text), _BAD.search(text)
    if not all(counted) or not _DIFFERS.search(text) or not (good or bad):
        return "not_said"
    here, other = (float(hit[1]) for hit in counted if hit)
    return "not_said" if here == other else "first" if (here > other) == bool(good) else "second"


def _alike(text: str, start: int, end: int) -> bool:
    """Whether two that are set beside each other are said to be alike, and not both like a third.

    Args:
        text: the text.
        start: where the first of the two stands.
        end: where the second one ends.
    """
    if _EXAMPLES.search(text[:start]):
        return False
    for hit in is_even(text):
        if end <= hit.start() < end + 80 and not _THIRD.search(text, hit.end(), hit.end() + 45):
            return True
        between = text[hit.end() : start]
        if (
            hit.end() <= start
            and len(between) < 110
            and _AT.search(between)
            and not re.search(r"\b(?:to|than)\b", between)
        ):
            return True
    if _GROUPS.search(text) and any(is_even(text)):
        return True
    return missed(text) and _FIGURES.search(text) is not None


def _drug_that(part: str, words: re.Pattern[str], unless: re.Pattern[str] | None) -> str | None:
    names = {mark for mark in (DRUG, OTHER) if mark in part}
    if len(names) != 1 or not words.search(part) or (unless and unless.search(part)):
        return None
    return names.pop()
