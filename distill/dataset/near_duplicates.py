"""Diseases whose rows nearly repeat each other: they stay in one split, or the validation would ask what was taught.

Two names of one disease with the same two drugs make rows that hardly differ. Rows with the same candidates are
compared by the Jaccard index of their word triples, estimated from the smallest hashes of each row (bottom-k sketch;
Broder 1997, "On the resemblance and containment of documents").
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

__all__ = ["ALIKE", "NearDuplicates", "likeness", "sketch"]

ALIKE = 0.8
"""From this Jaccard index on two rows nearly repeat each other."""
_KEPT = 64
_WORDS = 3
_WORD = re.compile(r"\w+")


class NearDuplicates:
    """Rows as they come, by candidates; 256 bytes are kept of each."""

    def __init__(self) -> None:
        self._rows: dict[frozenset[str], dict[str, list[array[int]]]] = defaultdict(lambda: defaultdict(list))

    def add(self, disease: str, candidates: Iterable[str], text: str) -> None:
        """Take in a row.

        Args:
            disease: its disease.
            candidates: ids of its candidates.
            text: what it says.
        """
        self._rows[frozenset(candidates)][disease].append(sketch(text))

    def groups(self) -> list[tuple[str, ...]]:
        """Diseases that belong together, each group sorted; diseases that stand alone are left out."""
        group: dict[str, set[str]] = {}
        for one, other in self._pairs():
            joined = group.get(one, {one}) | group.get(other, {other})
            group.update(dict.fromkeys(joined, joined))
        return sorted({tuple(sorted(joined)) for joined in group.values()})

    def _pairs(self) -> Iterable[tuple[str, str]]:
        for by_disease in self._rows.values():
            for one, other in combinations(sorted(by_disease), 2):
                if any(likeness(a, b) >= ALIKE for a in by_disease[one] for b in by_disease[other]):
                    yield one, other


def sketch(text: str) -> array[int]:
    """The smallest hashes of the word triples of a text, at most 64, ascending."""
    words = [word.encode() for word in _WORD.findall(text.casefold())]
    triples = zip(*(words[first:] for first in range(_WORDS)), strict=False)
    return array("I", sorted({zlib.crc32(b" ".join(triple)) for triple in triples})[:_KEPT])


def likeness(one: Sequence[int], other: Sequence[int]) -> float:
    """The Jaccard index of two texts, estimated from their sketches; 0 where one is empty."""
    if not one or not other:
        return 0.0
    least, both = sorted({*one, *other})[:_KEPT], {*one} & {*other}
    return sum(hash_ in both for hash_ in least) / len(least)
