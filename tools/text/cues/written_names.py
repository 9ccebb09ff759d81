"""The names of a drug or disease as they are written in texts, either side of the Atlantic."""

from __future__ import annotations

import re
from functools import lru_cache

from kedrec.records import Entity
from kedrec.tools.text.naming import names_in_texts, spaced

__all__ = ["name_pattern"]

_EITHER = re.compile(r"ae(?=m|s|th)|oe(?=d|s)|(?<![ao])e(?=dema|sophag|strogen|sthesi|mi[ac]\b)", re.IGNORECASE)
"""What is written as `e` by Americans and mostly as `ae` or `oe` by others; in `angioedema` all write both letters."""


def name_pattern(entity: Entity, text: str) -> re.Pattern[str]:
    """Return what finds the names of a drug or disease in a text, the longest first.

    Args:
        entity: the drug or disease.
        text: the text; a pattern of all names takes as long to make as many texts to read.
    """
    return _written_names(entity).in_text(text)


class _WrittenNames:
    """The names of one entity, and a pattern of those that may have stood in a text so far."""

    def __init__(self, entity: Entity) -> None:
        names = set(names_in_texts(entity, least=4))
        names |= {" ".join(reversed(name.split(", "))) for name in names if name.count(", ") == 1}
        names = {name for name in names if len(name) < 90 and "::" not in name}
        self._every = [(_written(name), _held(name)) for name in sorted(names, key=lambda name: (-len(name), name))]
        self._made = frozenset[str](), _any_of(())

    def in_text(self, text: str) -> re.Pattern[str]:
        lowered = text.lower()
        likely = {pattern for pattern, held in self._every if held in lowered}
        made, pattern = self._made
        if not likely <= made:
            made |= likely
            pattern = _any_of(tuple(one for one, _ in self._every if one in made))
            self._made = made, pattern
        return pattern


@lru_cache(maxsize=512)
def _written_names(entity: Entity) -> _WrittenNames:
    return _WrittenNames(entity)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns) or '(?!)'})(?!\w|-like\b)")


def _written(name: str) -> str:
    """A pattern for a name; short names and acronyms count only in the case in which they are written."""
    plain = spaced(name)
    if len(name) <= 4 and name.isupper():
        return plain
    either = re.sub(r"(?<=\?e)mia$", "mi(?:a|c)", _EITHER.sub("[ao]?e", plain))
    either = re.sub(r"rrho?ea$", "rrho?ea", either)
    either = re.sub(r"^([Aa]sthma)$", r"\1(?:tics?)?", either)
    return f"(?i:{either}s?)"


def _held(name: str) -> str:
    """What of a name stands in every text that names it, however it is spelled: its longest part spelled alike."""
    if len(name) <= 4 and name.isupper():
        return name.lower()
    parts = re.split(rf"[\s-]+|rrho?ea\b|(?:{_EITHER.pattern})(?:mia\b)?", name.lower())
    return max(parts, key=len)
