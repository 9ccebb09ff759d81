"""Patterns of words that are looked for in many sentences and stand in few.

A search by a long alternation tries each of its branches at each character. Which letters a match cannot do without
follows from the pattern itself; a text that holds none of them is passed over before the search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["CuePattern", "letters_needed"]

MOST = 40
"""Texts of which a match needs one; more would take as long as the search."""
LONG = 4
"""Letters that are rare enough: from there on fewer texts are better than longer ones."""
_TURKISH = re.compile("[\u0130\u0131]")
"""Letters that a pattern takes for an `i` and that folding the case does not make one."""

Texts = frozenset[str]


class CuePattern:
    """A pattern that is tried, whatever the case, where a text holds letters that it needs.

    Args:
        pattern: the pattern.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.IGNORECASE)
        self._needed = tuple(sorted(letters_needed(pattern) or ("",), key=lambda text: (len(text), text)))

    def search(self, text: str, *between: int) -> re.Match[str] | None:
        """Return the first match, where given from one offset on and before another."""
        return self._pattern.search(text, *between) if self._may_stand_in(text) else None

    def finditer(self, text: str) -> Iterable[re.Match[str]]:
        """Return all matches."""
        return self._pattern.finditer(text) if self._may_stand_in(text) else ()

    def sub(self, other: str, text: str) -> str:
        """Return a text with all matches replaced."""
        return self._pattern.sub(other, text) if self._may_stand_in(text) else text

    def _may_stand_in(self, text: str) -> bool:
        folded = text.casefold()
        for needed in self._needed:
            if needed in folded:
                return True
        return not text.isascii() and _TURKISH.search(text) is not None


def letters_needed(pattern: str) -> Texts | None:
    """Return texts, in folded case, of which each match of a pattern holds at least one; None where none are known."""
    return _needed(_parser.parse(pattern, re.IGNORECASE))


def _needed(parsed: Iterable[Any]) -> Texts | None:
    """The same of a parsed sequence: the best of what its parts need, and of what stands side by side in it."""
    found: list[Texts] = []
    side_by_side: Texts = frozenset()
    for item in parsed:
        said = _spelled([item])
        if said is None:
            side_by_side = frozenset()
            inner = _inside(*item)
            found += [inner] if inner else []
        else:
            joined = frozenset(map("".join, product(side_by_side or ("",), said)))
            side_by_side = joined if len(joined) <= MOST else said
            found.append(side_by_side)
    return max((texts for texts in found if all(texts)), key=_worth, default=None)


def _worth(texts: Texts) -> tuple[int, int, int]:
    """How good it is to need one of these: letters up to `LONG`, then few texts, then all letters."""
    shortest = min(map(len, texts))
    return min(LONG, shortest), -len(texts), shortest


def _inside(kind: Any, value: Any) -> Texts | None:
    """What a part needs that is not spelled out: each branch of several, a group, what is repeated."""
    if kind is sre.BRANCH:
        branches = [_needed(branch) for branch in value[1]]
        known = [texts for texts in branches if texts]
        together = frozenset().union(*known)
        return together if len(known) == len(branches) and len(together) <= MOST else None
    if kind is sre.SUBPATTERN:
        return _needed(value[3])
    if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT} and value[0] > 0:
        return _needed(value[2])
    return None


def _spelled(parsed: Iterable[Any]) -> Texts | None:
    """All texts that a sequence may stand for, in folded case; None where they are not known or too many."""
    texts: Texts = frozenset({""})
    for kind, value in parsed:
        said = _SPELLED[kind](value) if kind in _SPELLED else None
        texts = frozenset(map("".join, product(texts, said))) if said is not None else frozenset()
        if not 0 < len(texts) <= MOST:
            return None
    return texts


def _any_spelled(sequences: Iterable[Iterable[Any]]) -> Texts | None:
    every = [_spelled(one) for one in sequences]
    return None if any(one is None for one in every) else frozenset().union(*(one for one in every if one is not None))


def _repeated(value: Any) -> Texts | None:
    least, most, inner = value
    said = _spelled(inner) if most == 1 or least == most == 1 else None
    return said if said is None or least else said | {""}


_SPELLED: dict[Any, Callable[[Any], Texts | None]] = {
    sre.LITERAL: lambda value: frozenset({chr(value).casefold()}),
    sre.IN: lambda value: _any_spelled([one] for one in value),
    sre.BRANCH: lambda value: _any_spelled(value[1]),
    sre.SUBPATTERN: lambda value: _spelled(value[3]),
    sre.MAX_REPEAT: _repeated,
    sre.AT: lambda value: frozenset({""}),
    sre.ASSERT: lambda value: frozenset({""}),
    sre.ASSERT_NOT: lambda value: frozenset({""}),
}
"""Kind of a part of a pattern -> the texts that it may stand for; of what looks around, nothing."""
