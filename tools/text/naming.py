"""Where a text names a drug or disease: by its name or a synonym, as whole words, whatever the case.

What is only part of a longer name is none: `angiotensin II` in `angiotensin II receptor blocker` is no drug given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kedrec.records import Entity
from kedrec.tools.text.surface_forms import is_of_the_shelf
from kedrec.tools.text.tokens import TokenStream

__all__ = [
    "Naming",
    "are_parts_of_longer",
    "is_part_of_longer",
    "mentions",
    "names_in_texts",
    "naming",
    "places",
    "spaced",
]

_AHEAD = ("non", "anti", "pseudo")
"""Words before a name that make it another one: `non-small cell lung cancer`."""
_BEHIND = (
    "receptor", "receptors", "reuptake", "channel", "channels", "antagonist", "antagonists", "agonist", "agonists",
    "blocker", "blockers", "transporter", "transporters", "antibody", "antibodies", "synthase",
)  # fmt: skip
"""Words behind the name of a substance that make it what acts on it, or what it acts on."""
_LIKE = ("like", "cotransporter", "cotransporters")
"""More of these: `glucagon-like peptide`. The stream of tokens goes without, as it did when the weights were fitted."""
_TYPE = r"(?:type|subtype|ii|i|[a-z]{0,2}\d[a-z\d]?)"
"""Between the two: `histamine H1 receptor`."""
_FORMS = re.compile(rf"[ -](?:{_TYPE}[ -]){{0,2}}(?:{'|'.join((*_BEHIND, *_LIKE))})(?!\w)", re.IGNORECASE)
_AFTER = re.compile(
    rf"(?<!\w)(?:(?:{'|'.join(_AHEAD)})[- ]|low[- ]molecular[- ]weight |pre-|reactive )$", re.IGNORECASE
)


class Naming(NamedTuple):
    """The names of one drug or disease, to be found in texts."""

    names: tuple[tuple[str, str], ...]
    """Each name, and its longest word in lower case, by which most are ruled out before a pattern is made."""

    def within(self, text: str) -> Naming:
        """Return those that may stand in a text, for its sentences to be looked through."""
        lowered = text.lower()
        return Naming(tuple(one for one in self.names if one[1] in lowered))

    def is_in(self, text: str) -> bool:
        """Whether a text names it."""
        return next(self._found(text), None) is not None

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where a text names it: offset of the first character, and behind the last, in order."""
        return sorted(set(self._found(text)))

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        lowered = text.lower()
        for name, longest in self.names:
            if longest in lowered:
                for hit in _pattern(name).finditer(text):
                    if not is_part_of_longer(text, *hit.span()):
                        yield hit.span()


def names_in_texts(entity: Entity, least: int = 0) -> tuple[str, ...]:
    """Return the names that mean an entity where a text has them: of a drug none that means no drug there.

    Args:
        entity: the drug or disease.
        least: characters that a synonym must have.
    """
    synonyms = (name for name in entity.synonyms if entity.kind != "Compound" or not is_of_the_shelf(name))
    return (entity.name, *(name for name in synonyms if len(name) >= least))


@lru_cache(maxsize=512)
def naming(entity: Entity) -> Naming:
    """Return the names by which an entity is found; one of a single letter is left out."""
    names = (name for name in names_in_texts(entity) if len(name) >= 2)
    return Naming(tuple((name, max(re.split(r"[\s-]+", name.lower()), key=len)) for name in names))


def mentions(text: str, entity: Entity) -> bool:
    """Whether a text names an entity."""
    return naming(entity).is_in(text)


def places(text: str, entity: Entity) -> list[tuple[int, int]]:
    """Where a text names an entity: offset of the first character, and behind the last, in order."""
    return naming(entity).places(text)


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    """Short names and acronyms count only in the case in which they are written."""
    words = spaced(name)
    anyhow = words if len(name) <= 4 or name.isupper() else f"(?i:{words}s?)"
    return re.compile(rf"(?<!\w){anyhow}(?!\w)")


def spaced(name: str) -> str:
    """Return a pattern for a name whose words may stand apart by blanks, line ends or hyphens."""
    return r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", name) if word)


def is_part_of_longer(text: str, start: int, end: int) -> bool:
    """Return whether a name that stands at these offsets is only part of a longer name.

    Args:
        text: the text.
        start: offset of the name's first character.
        end: offset behind its last.
    """
    if _FORMS.match(text, end) is not None:
        return True
    return _AFTER.search(text[max(0, start - 24) : start]) is not None


def are_parts_of_longer(
    stream: TokenStream, first: NDArray[np.int64], length: NDArray[np.int32], drug: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the same, but for names like `glucagon-like`, in a stream of tokens, shape (names,).

    Args:
        stream: the tokens.
        first: first token of each name, shape (names,).
        length: number of its tokens, shape (names,).
        drug: whether it is a drug's name, shape (names,).
    """
    if not len(first):
        return np.zeros(0, bool)
    words = [word.lower() for word in stream.words]
    ahead, behind = (np.array([word in marks for word in words], bool)[stream.ids] for marks in (_AHEAD, _BEHIND))
    types = np.array([re.fullmatch(_TYPE, word) is not None for word in words], bool)[stream.ids]
    last = len(stream.ids) - 1
    after, beyond = np.minimum(first + length, last), np.minimum(first + length + 1, last)
    inside = first + length <= last
    found = inside & drug & (behind[after] | (types[after] & behind[beyond]))
    return np.asarray(found | ((first > 0) & ahead[np.maximum(first - 1, 0)]))
