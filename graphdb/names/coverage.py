"""How many entities have a name, and a file of those that have none."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from kedrec.errors import UserError
from kedrec.graphdb.drkg.files import kind_of
from kedrec.records import Record

__all__ = ["NameCoverage", "covered", "write_unnamed"]


class NameCoverage(Record):
    """How many entities of one kind have a name."""

    entities: int
    """Entities with an edge."""
    named: int
    """Those of them that have a name of their own."""

    share: float
    """Part that has a name, 0 to 1."""


def covered(kinds: Mapping[str, int], unnamed: Iterable[str]) -> dict[str, NameCoverage]:
    """Return the coverage of each kind.

    Args:
        kinds: entities with an edge, by kind.
        unnamed: ids of those that have no name.
    """
    without = Counter(map(kind_of, unnamed))
    return {kind: _coverage(entities, without[kind]) for kind, entities in kinds.items()}


def _coverage(entities: int, without: int) -> NameCoverage:
    named = entities - without
    return NameCoverage(entities=entities, named=named, share=round(named / entities, 4))


def write_unnamed(unnamed: Iterable[str], path: Path) -> None:
    """Write ids as a names file with the names left out, to be filled in and loaded; whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    lines = ["id\tname\tsynonyms", *(f"{entity_id}\t\t" for entity_id in unnamed)]
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with staged.open("w", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
        raise UserError(f"Cannot write {path}: {error.strerror}. Name a file in a folder that exists.") from None
