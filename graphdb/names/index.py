"""All names of a graph, by their folded keys."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kedrec.errors import DamagedData
from kedrec.graphdb.drkg.files import kind_of
from kedrec.graphdb.names.normalize import fold, fold_loosely
from kedrec.graphdb.names.similarity import Shapes
from kedrec.graphdb.snapshots import MappedLines, map_array

__all__ = ["STRICT_KINDS", "Form", "KeyIndex", "NameIndex"]

Form = tuple[int, int]
"""Place of an entity, and which of its names: 0 the preferred one, n its n-th synonym."""

STRICT_KINDS = frozenset({"Compound", "Gene", "Atc", "Tax"})
"""Kinds in whose names plural, inversion and British spelling are never ignored."""


@dataclass(frozen=True)
class KeyIndex:
    """Sorted keys and what they belong to."""

    lines: MappedLines | None
    """The file of the keys, one a line, read when first needed."""
    loaded: list[str] | None
    """The keys, where there is no file."""
    starts: NDArray[np.int64]
    """Where the forms of each key begin; one more than keys."""
    forms: NDArray[np.int32]
    """Entity and form number, shape (forms, 2)."""

    @classmethod
    def gather(cls, rows: Iterable[tuple[str, int, int]]) -> KeyIndex:
        """Return the keys of (key, entity, form) rows; rows with an empty key are left out."""
        ordered = sorted(row for row in rows if row[0])
        firsts = [n for n, row in enumerate(ordered) if n == 0 or ordered[n - 1][0] != row[0]]
        forms = np.array([row[1:] for row in ordered], np.int32).reshape(-1, 2)
        return cls(None, [ordered[n][0] for n in firsts], np.array([*firsts, len(ordered)], np.int64), forms)

    @classmethod
    def open(cls, folder: Path, name: str) -> KeyIndex:
        """Return the keys saved under a name; the arrays are memory-mapped."""
        starts, forms = (map_array(folder / f"{name}_{part}.npy") for part in ("starts", "forms"))
        return cls(MappedLines(folder / f"{name}.txt"), None, starts, forms)

    def save(self, folder: Path, name: str) -> None:
        """Write the keys into a folder."""
        (folder / f"{name}.txt").write_bytes("\n".join(self.keys).encode("utf-8"))
        np.save(folder / f"{name}_starts.npy", self.starts)
        np.save(folder / f"{name}_forms.npy", self.forms)

    @cached_property
    def keys(self) -> list[str]:
        """The keys, sorted by code point, each once.

        Raises:
            DamagedData: there are more or fewer than those whose forms are known.
        """
        keys = self.lines.read() if self.lines is not None else self.loaded or []
        if len(keys) != len(self.starts) - 1:
            raise DamagedData(
                f"The names of the graph are damaged: {len(keys):,} of {len(self.starts) - 1:,} can be read. "
                "Load the graph again: kedrec graph load FILE"
            )
        return keys

    @cached_property
    def shapes(self) -> Shapes:
        """The letters of the keys."""
        return Shapes(self.keys)

    def find(self, key: str) -> list[Form]:
        """Return what a key belongs to."""
        place = bisect_left(self.keys, key)
        return self.at(place) if place < len(self.keys) and self.keys[place] == key else []

    def at(self, place: int) -> list[Form]:
        """Return what the key at a place belongs to."""
        rows = self.forms[int(self.starts[place]) : int(self.starts[place + 1])].tolist()
        return [(entity, form) for entity, form in rows]

    def beginning(self, prefix: str, limit: int) -> list[int]:
        """Return the places of the first keys that begin with a prefix."""
        first = bisect_left(self.keys, prefix)
        last = min(first + limit, len(self.keys))
        return [place for place in range(first, last) if self.keys[place].startswith(prefix)]


@dataclass(frozen=True)
class NameIndex:
    """Folded and loosely folded keys of all names."""

    folded: KeyIndex
    """Keys of `fold`, over all names."""
    loose: KeyIndex
    """Keys of `fold_loosely`, over the names of diseases and the like."""

    @classmethod
    def build(cls, ids: Sequence[str], names: Sequence[str], synonyms: Callable[[int], Sequence[str]]) -> NameIndex:
        """Index the names of a graph.

        Args:
            ids: entity ids.
            names: preferred names in the same order; the id itself if there is none.
            synonyms: gives the other names of the entity at a place.
        """
        folded: list[tuple[str, int, int]] = []
        loose: list[tuple[str, int, int]] = []
        for place, (entity_id, name) in enumerate(zip(ids, names, strict=True)):
            if name == entity_id:
                forms: list[tuple[int, str]] = list(enumerate(synonyms(place), 1))
            else:
                forms = list(enumerate((name, *synonyms(place))))
            folded += [(fold(text), place, form) for form, text in forms]
            if kind_of(entity_id) not in STRICT_KINDS:
                loose += [(fold_loosely(text), place, form) for form, text in forms]
        return cls(KeyIndex.gather(folded), KeyIndex.gather(loose))

    @classmethod
    def open(cls, folder: Path) -> NameIndex:
        """Return the index saved in a folder."""
        return cls(KeyIndex.open(folder, "folded"), KeyIndex.open(folder, "loose"))

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        self.folded.save(folder, "folded")
        self.loose.save(folder, "loose")
