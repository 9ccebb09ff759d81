"""What a question says beside its names and is not taken into account: stages, ages, doses, what failed before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from kedrec.agents.chat.entity_finder import NameInText, Token, common_words, overlaps, tokens

__all__ = ["left_out", "narrowing"]

_NARROWS = frozenset(
    re.findall(
        r"\S+",
        """
    acute adult adults advanced child children chronic early elderly female girl infant late male men
    mild moderate oral persistent pregnancy pregnant recurrent refractory relapsed renal hepatic
    resistant secondary severe severely teenager tolerate tolerated untreated women young
""",
    )
)
"""Common words that narrow down who or what is asked about."""
_OF_AGE = frozenset({"year", "years", "old", "month", "months", "week", "weeks", "day", "daily"})
"""Common words that count behind a number."""
_BEFORE = re.compile(r"\b(?:in|during|with|after|before|on|without) (?:(?:the|an?|her|his|my) )?$", re.IGNORECASE)
"""Stands before whom or what a question is narrowed down to."""
_SAYS_NOTHING = frozenset(
    re.findall(
        r"\S+",
        """
    advantage advantages advice advise advised agent agents answer bad candidate cons consider
    considered considering considers data differently doctors effective effectively effectiveness
    efficacious efficacy efficient evidences favour favor favoured favored favourable guidance
    guideline guidelines inferior justified latter former merit merits opinion pick preferable
    preferably preference pro pros rationale ranks recommends respectively role score selecting
    select suitable suitably superior support supports supported sir sort tends thoughts tonight used
    treats typically weigh weighed weighing we're what's which's who's wondering wonder alone versus
    compares comparing works helped helping option's patient's recommendation recommendations named
    names alternatively
""",
    )
)
"""Words of a question, not of a patient."""


def left_out(text: str, found: Sequence[NameInText], vague: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the phrases of a question that may narrow it down and that nothing takes into account.

    Args:
        text: the question.
        found: the names found in it.
        vague: names found and passed over.
    """
    names = [named for named in found if named.match.query not in set(vague)]
    free = [word for word in tokens(text) if not overlaps([word], names)]
    kept = [word for n, word in enumerate(free) if _counts(word, free[n - 1] if n else None)]
    # Words that follow one another with nothing between.
    runs = [[one] for one in kept[:1]]
    for before, one in pairwise(kept):
        if re.fullmatch(r"[\s/-]*", text[before.end : one.start]):
            runs[-1].append(one)
        else:
            runs.append([one])
    return tuple(dict.fromkeys(text[run[0].start : run[-1].end] for run in runs))


def narrowing(phrases: Sequence[str], text: str) -> tuple[str, ...]:
    """Return those phrases that say of whom or of what illness a question is; the rest may be its own wording.

    Args:
        phrases: what was left out.
        text: the question.
    """
    placed = [phrase for phrase in phrases if _BEFORE.search(text[: text.find(phrase)])]
    return tuple(
        phrase
        for phrase in phrases
        if phrase in placed or re.search(r"[\dA-Z]", phrase) or not _NARROWS.isdisjoint(phrase.lower().split())
    )


def _counts(word: Token, before: Token | None) -> bool:
    plain = word.text.lower().replace("’", "'")
    if plain in _OF_AGE:
        return before is not None and before.text[0].isdigit()
    if (
        plain in _SAYS_NOTHING
        or re.search(r"(?:n't|'(?:ve|ll|re|m|d))$", plain)
        or (len(plain) < 2 and not plain.isdigit())
    ):
        return False
    return plain in _NARROWS or plain not in common_words()
