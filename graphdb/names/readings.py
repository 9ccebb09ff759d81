"""Whether a name tells what it is read as, by its words or its letters, and general names of several illnesses.

A graph's names come from many vocabularies, and some are wrong: an illness under another one's name or gene.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from kedrec.graphdb.names.normalize import fold
from kedrec.graphdb.store import GraphStore
from kedrec.records import Alternative, Match

__all__ = ["fits_letters", "is_abbreviation", "is_told_by", "of_several"]

SHARED = 5
"""Letters that two words begin with alike before one tells the other: `ischemic`, `ischaemia` do."""
_SAYING_LITTLE = frozenset(
    {"disease", "diseases", "disorder", "disorders", "syndrome", "syndromes", "infection", "infections", "acute",
     "chronic", "primary", "secondary", "familial", "hereditary", "congenital"}
)  # fmt: skip
_ABBREVIATION = re.compile(r"(?=.*[A-Z].*[A-Z])[A-Za-z]{2,6}")


def is_abbreviation(name: str) -> bool:
    """Whether a name is made of letters of others: `COPD`, `PsA`."""
    return _ABBREVIATION.fullmatch(name) is not None


def fits_letters(short: str, name: str) -> bool:
    """Whether letters stand for a name: each begins a word of it or follows in the word of the letter before.

    Args:
        short: `COPD`.
        name: `chronic obstructive pulmonary disease`.
    """
    letters = "".join(rf"(?:[^\W_]*?{letter}|.*?\b{letter})" for letter in short.lower()[1:])
    return re.search(rf"\b{short[0].lower()}{letters}", name.lower()) is not None


def is_told_by(name: str, others: Iterable[str]) -> bool:
    """Whether any of other names shows what a name means: by a word that both have, or by its letters.

    Args:
        name: the name.
        others: names of what it is read as, this one aside.
    """
    words = _telling(name)
    if is_abbreviation(name):
        return any(fits_letters(name, other) for other in others)
    return any(_alike(word, own) for other in others for own in _telling(other) for word in words)


def _telling(name: str) -> list[str]:
    return [word for word in re.findall(r"[^\W_]{3,}", name.lower()) if word not in _SAYING_LITTLE]


def _alike(word: str, other: str) -> bool:
    return word[:SHARED] == other[:SHARED] if min(len(word), len(other)) >= SHARED else other.startswith(word[:4])


def of_several(name: str, store: GraphStore) -> Match | None:
    """Return the illnesses that a general name stands for, where the graph has two or more of them; else None.

    Args:
        name: a name that the graph may have for one of them.
        store: the graph.
    """
    meant = [store.search(one, kinds=("Disease",), limit=0).entity for one in _general().get(fold(name), ())]
    found = {one.id: Alternative(id=one.id, name=one.name, score=100.0) for one in meant if one is not None}
    return Match(query=name, match="ambiguous", alternatives=tuple(found.values())) if len(found) > 1 else None


@cache
def _general() -> dict[str, tuple[str, ...]]:
    lines = (files("kedrec.graphdb.names") / "several_illnesses.txt").read_text("utf-8").splitlines()
    rows = [[name.strip() for name in line.split("|")] for line in lines if line and not line.startswith("#")]
    return {fold(name): tuple(meant) for name, *meant in rows}
