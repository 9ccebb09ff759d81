"""Who is compared with whom in a sentence, and which of the two came off better.

A comparison has a subject, a word of more, less or the same, and, behind `than`, `versus`, `compared with` or `to`,
what the subject is compared with. More of what is bad is worse; a difference that is denied or missed significance
is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kedrec.tools.findings.outcome_words import SAFETY, goodness

__all__ = ["Contrast", "contrasts", "is_even", "missed", "pieces"]


class Contrast(NamedTuple):
    """One comparison of a sentence."""

    way: int
    """1 where the subject came off better, -1 where worse, 0 where neither."""
    subject: str
    """What is said to be better, worse or the same."""
    comparator: str
    """What it is compared with."""
    safety: bool
    """Whether harm or tolerance is compared, not the effect."""
    known: bool
    """Whether what there is more or less of is known to be good or bad; else more is taken for better."""


_PIECES = re.compile(r";|,? (?:but|whereas|while|although|though|however)\b(?! also)")
_ACROSS = re.compile(
    r"(?:^|\b)(?:(?:as |when |if |was |were )?compar(?:ed|ing|ison) (?:with|to|against)|relative to|than|versus"
    r"|vs\b\.?|over(?! (?:the |a |an |\d|time|all|placebo-|\w+ (?:weeks|months|years)))|as opposed to|instead of"
    r"|against(?= §)|\b(?:(?:similar\w*|comparab\w+|equivalen\w+|equal\w*|identical)\b(?:(?! to\b| with\b| than\b| vs"
    r"| compared| from\b) [^\s,;]+){0,7} (?P<to>to|(?<!treated )(?<!patients )with)|(?:superior\w*"
    r"|(?:non-? ?)?inferior\w*|prefer\w+|advantages?|different|differ(?:ed)?|difference)\b(?:(?! to\b| with\b| than\b"
    r"| vs| compared| over\b| from\b) [^\s,;]+){0,7} (?P<over>to|over|from))|(?:extent|degree|manner|way"
    r"|rate)s? (?P<so>as)(?= )|compar\w+ (?:very )?favou?rabl[ey] (?P<fav>with|to)|\bas (?:\w+ )?(?:effective\w*"
    r"|efficacious|active|good|safe|well|potent|beneficial|high|low|many|few"
    r"|frequent\w*)(?:(?! as\b) [^\s,;]+){0,4} (?P<as>as))(?!\w)"
)
"""What parts a subject from its comparator."""
_EVEN = re.compile(
    r"\bas (?:\w+ )?(?:effective|efficacious|active|good|safe|well[ -]tolerated|potent|beneficial)\b|\bequally\b"
    r"|\bcomparabl[ey]|(?<!structurally )(?<!functionally )\bsimilar(?:ly|ity)?\b(?! (?:patients|groups|to those"
    r"|compounds|action))|\bequivalen\w+|\bnon-? ?inferior\w*|(?<!or )\bequal(?:led)?\b|\bidentical\b|\bthe same\b"
    r"|\bno (?:\w+[ -]){0,4}differ\w+|\bno (?:\w+ ){0,2}effects? of|\b(?:not|n't|nor|neither) (?:\w+ ){0,4}differ\w*"
    r"|\bno (?:\w+ )?(?:advantage|preference|superiority|benefit)|\black of (?:\w+ )?(?:difference|superiority)"
    r"|\bnot (?:\w+ )?(?:inferior|superior)|\bdifferences? (?:\w+ ){0,4}(?:not|non-?)(?: \w+)? ?significant"
)
_BETTER = re.compile(
    r"\b(?:compar\w+ (?:very )?favou?rabl[ey]|(?<!non-)(?<!non)superior\w*|better|outperform\w*|safer|preferr?(?:ed"
    r"|able)?|favou?r(?:ed|s|ing|able|ably|ing)?|advantages?|improv(?:ed|es|ing)|improvements?|enhanc\w+|benefits?"
    r"|more (?:\w+ )?(?:effective\w*|efficacious|active|potent|beneficial|successful\w*|favou?rabl[ey]|pronounced"
    r"|rapid\w*|cost-effective|tolerable|marked|consistent\w*|predictable|selective|useful|tolerated|suitable))\b"
)
_WORSE = re.compile(
    r"\b(?:(?<!non-)(?<!non)(?<!non )inferior\w*|wors(?:e|ened|ening)|poorer|weaker|less (?:\w+ )?(?:effective\w*|"
    r"efficacious|active|potent|beneficial|successful\w*|favou?rabl[ey]|pronounced|marked|well|useful)|"
    r"not as (?:\w+ )?(?:effective|efficacious|good|well)|more (?:\w+ )?(?:toxic|expensive|\w*toxic|severe))\b"
)
_UP = re.compile(
    r"\b(?:more|(?<!dose )greater|higher|larger|longer|(?<!er )(?<!similar )(?<!less )increas(?:ed?|es|ing)"
    r"|prolong\w*|elevated|exceed\w*|rose|raised|extend(?:s|ed)|doubled|stronger|faster|earlier|quicker|shortened"
    r"|slowed|delayed|gained|accelerated|shorter (?:time|onset))\b"
)
_DOWN = re.compile(
    r"\b(?:less|fewer|(?<!-)lower(?:ed|s|ing(?! effect| therapy))?|smaller|shorter|reduc(?:ed|es|ing)"
    r"|(?<!er )(?<!similar )(?<!comparable )(?<!more )reductions?|decreas(?:ed|es|ing)|slower|declin\w+|fell"
    r"|diminish\w*|prevent(?:ed|s)|attenuated|halved)\b"
)
_QUICK = re.compile(r"\b(?:faster|earlier|quicker|accelerated|shortened|slowed|delayed|shorter (?:time|onset))\b")
"""More of it is good, whatever it is of."""
_WORDS = {0: _EVEN, 2: _BETTER, -2: _WORSE, 1: _UP, -1: _DOWN}
"""By what they say of the subject: 2 that it is better, -2 worse, 1 more, -1 less, 0 the same."""
_NOT = re.compile(r"\b(?:no|not|never|neither|nor|without|cannot|n't|fail(?:ed|s|ure)? to)\b(?! only| just| merely)")
_P = re.compile(r"\bp(?:-values?)?\s*(?:of|[=<>≤≥])\s*(0?[.·]\d+)")
_VERB = re.compile(
    r"(?<!who )(?<!that )(?<!which )\b(?:is|was|were|are|has|had|have|did|does|showed|demonstrated|produced|resulted"
    r"|achieved|may|can|appears?|experienced|reported|when|added|both)\b|,? (?:and|or) (?:(?:\w+ly )?(?:as|more|less"
    r"|fewer|superior|comparable|similar|equivalent|better|has|had|also)\b)|, (?!and |or |such as |including |like "
    r"|namely |§|(?:\S+ ){1,2}(?:and|or) |\S+, )"
)
_INTRODUCES = re.compile(r"(?:in|when|as|if|and|results:?)[ ,]+|.{0,60}, (?:as|when|in)? ?")
_MORE = re.compile(r"\b(?:more|less|fewer|greater|higher|lower|other|rather) $")
_AMOUNT = re.compile(r" (?:\d|half|one\b|two\b)")
"""`more than 15 mg` compares with no drug."""
_COUNTED = re.compile(r" (?:of (?:the )?)?(?:patients|participants|subjects|women|men|children|people|adults)\b")
"""Those of whom there are more or fewer; what of is told behind."""
_FINITE = re.compile(r"(?:is|was|were|are|has|had|have|did|does|showed|produced|demonstrated)\b")
_AHEAD = re.compile(r"^(?:in|during|at|after|among|for|of|within) [^,]*, ")
"""Where and in whom, before the subject."""
_FILLER = re.compile(
    r"\W*(?:(?:did|does|do|was|were|is|are|had|has|that|those|with|in|for|of|who|patients|the|both|either) )+"
)


_Judged = tuple[int, bool, bool]
"""Way, whether of safety, and whether known, as in a contrast."""


def pieces(text: str) -> list[str]:
    """Return the parts of a sentence that are set against each other by `but`, `whereas`, or a semicolon."""
    return [piece.strip() for piece in _PIECES.split(text) if piece and piece.strip()]


def missed(text: str) -> bool:
    """Return whether all p values that a text gives miss 0.05; without any they do not."""
    found = [float(hit[1].replace("·", ".")) for hit in _P.finditer(text)]
    return bool(found) and min(found) > 0.05


def is_even(text: str) -> Iterator[re.Match[str]]:
    """Yield the words of a text that say that things are alike."""
    return _EVEN.finditer(text)


def contrasts(text: str) -> Iterator[Contrast]:
    """Yield the comparisons of a piece in order.

    Args:
        text: a piece, in lower case, without brackets, the names in question marked.
    """
    begin, said = 0, ""
    for hit in _ACROSS.finditer(text):
        start = max(hit.start(), *(hit.start(name) for name in ("to", "over", "as", "so", "fav")))
        if start < begin or (_AMOUNT.match(text, hit.end()) and _MORE.search(text[:start])):
            continue
        leads = not text[:start].strip(" ,:") or _INTRODUCES.fullmatch(text[:start]) is not None
        end = hit.end() + _comparator(text[hit.end() :], leads=leads)
        before, comparator, after = text[begin:start], text[hit.end() : end], text[end:]
        subject = after if leads else _without_setting(said + before)
        ways = [] if leads else _judged(before, comparator + after[:80], missed_it=missed(text))
        for way, safety, known in ways or _judged_after(after, missed_it=missed(text)):
            yield Contrast(way, subject, comparator, safety, known)
        said += "" if leads else before
        begin = end


def _without_setting(subject: str) -> str:
    """A subject without where and in whom, unless the drug stands there."""
    bare = _AHEAD.sub("", subject)
    bare = bare if "§" in bare.replace("§X", "") else subject
    last = re.split(r", with |, and | and (?=§)", bare)[-1]
    return last if "§D" in bare and "§O" in bare and ("§D" in last) != ("§O" in last) else bare


def _comparator(behind: str, *, leads: bool) -> int:
    """Where what stands behind `than` stops to be what is compared with."""
    if leads:
        comma = re.search(r", (?!and |or |§[DO],? (?:and|or))", behind)
        return comma.start() if comma else len(behind)
    skipped = _FILLER.match(behind)
    begin = skipped.end() if skipped else 0
    named = max(behind.find(mark) for mark in ("§D", "§O"))
    other = _ACROSS.search(behind, begin)
    named = -1 if other and other.start() < named else named
    stops = [(_VERB, begin), *((one, max(begin, named)) for one in _WORDS.values())]
    ends = [hit.start() for one, start in stops for hit in [one.search(behind, start)] if hit]
    end = min([*ends, len(behind)])
    joined = behind.rfind(" and ", 0, end) if _FINITE.match(behind, end) else -1
    return joined if joined > 0 and "§" in behind[joined:end] else end


def _judged(before: str, after: str, *, missed_it: bool) -> list[_Judged]:
    """Who is better by the last word of more, less or the same before the comparator, and by those coordinated with it.

    With each, whether it is of harm or tolerance.
    """
    hits = sorted(_found(before), key=lambda one: one[0].start())
    chain = hits[-1:]
    for one in reversed(hits[:-1]):
        between = before[one[0].end() : chain[0][0].start()]
        if len(between.split()) > 9 or not re.search(r",| and\b", between):
            break
        chain.insert(0, one)
    return [way for hit, sort in chain for way in _way(sort, hit, before, after, missed_it=missed_it)]


def _judged_after(after: str, *, missed_it: bool) -> list[_Judged]:
    hits = [one for one in _found(after) if one[0].start() < 90]
    hits = [min(hits, key=lambda one: one[0].start())] if hits else []
    return [way for hit, sort in hits for way in _way(sort, hit, after, "", missed_it=missed_it)]


def _found(text: str) -> list[tuple[re.Match[str], int]]:
    """Words of more, less or the same with their sort; of those at one place the most telling."""
    found: list[tuple[re.Match[str], int]] = []
    for sort, one in _WORDS.items():
        for hit in one.finditer(text):
            if not any(
                other.start() <= hit.start() < other.end() or hit.start() <= other.start() < hit.end()
                for other, _ in found
            ):
                found.append((hit, sort))
    return found


def _way(sort: int, hit: re.Match[str], text: str, after: str, *, missed_it: bool) -> list[_Judged]:
    before, behind = text[: hit.start()], text[hit.end() :]
    own = before.rpartition(", ")[2][-110:]
    safety = re.search(rf"\b{SAFETY}", f"{own} {hit[0]} {behind[:60]} {after[:60]}") is not None
    safety = safety and re.search(r"\b(?:efficac\w+|effective\w*|superior)", f"{hit[0]} {behind[:40]}") is None
    if sort == 0 or missed_it or _denied(before):
        return [(0, safety, True)]
    if abs(sort) == 2:
        return [(sort // 2, safety, True)]
    near = after if _COUNTED.match(behind) else f"{behind[:70]} ; {own} ; {after[:70]}"
    worth = 1 if _QUICK.match(hit[0]) else goodness(near)
    if not worth and sort < 0:
        return []
    return [(sort * (worth or 1), safety, worth != 0)]


def _denied(before: str) -> bool:
    near = before[-60:]
    found = list(_NOT.finditer(near))
    return bool(found) and "," not in near[found[-1].end() :] and len(near[found[-1].end() :].split()) <= 5
