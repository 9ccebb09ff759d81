"""Which ids are of one drug or disease, found by their names and by vocabularies, or read from a table.

Two ids are joined where they are of one kind and have the same preferred name, or where a vocabulary says that they
are one. A vocabulary has one id for one thing: two of DrugBank's, or two of MeSH's descriptors, are two things however
they are called. Synonyms never join: those of salts, of broader and of narrower diseases are the names of others.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kedrec.errors import InputError
from kedrec.graphdb.drkg.files import KINDS, kind_of
from kedrec.graphdb.groups import Group
from kedrec.graphdb.names.normalize import fold
from kedrec.graphdb.names.resolver import ASKED_FOR, FIRST_IDS
from kedrec.graphdb.vocabularies.text import lines_of

__all__ = ["GivenGroups", "find_groups", "read_groups", "table_of"]

HEADER = """\
# One drug or disease a line: its ids, separated by tabs; the first one stands for all. What follows a # is not read.
# To change this: edit a copy and load with it: kedrec graph load FILE --names FILE --groups COPY
# To split a group, give each id a line of its own. Ids in no line are joined where they are called the same.
"""


class GivenGroups(BaseModel):
    """What a file says of which ids are one: of the ids in it, it says all."""

    model_config = ConfigDict(frozen=True)

    groups: tuple[Group, ...] = ()
    """Each line; one of a single id keeps that id apart."""
    sha256: str = ""
    """Hash of the file."""


def find_groups(
    ids: Sequence[str], names: Sequence[str], given: GivenGroups | None = None, same: Iterable[Collection[str]] = ()
) -> list[Group]:
    """Return the groups of the ids of a graph, sorted.

    Args:
        ids: entity ids.
        names: preferred names in the same order; the id itself if there is none.
        given: what a person said; of its ids nothing is found here.
        same: ids that a vocabulary says are one.
    """
    known = set(ids)
    lines = given.groups if given else ()
    ruled = set(chain.from_iterable(lines))
    told = [tuple(one for one in line if one in known) for line in lines]
    joined = _Joined()
    for some in same:
        joined.join(known.intersection(some) - ruled)
    for alike in _namesakes(ids, names, ruled):
        joined.join_if_one(alike)
    return sorted(group for group in (*told, *joined.groups()) if len(group) > 1)


def _namesakes(ids: Sequence[str], names: Sequence[str], ruled: set[str]) -> list[list[str]]:
    """Return the drugs, and the diseases, of the same preferred name."""
    called: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one, name in zip(ids, names, strict=True):
        if name != one and (kind := kind_of(one)) in ASKED_FOR and one not in ruled:
            called[kind, fold(name)].append(one)
    return [alike for (_, name), alike in sorted(called.items()) if name and len(alike) > 1]


class _Joined:
    """Sets of ids that grow together."""

    def __init__(self) -> None:
        self._sets: dict[str, set[str]] = {}

    def join(self, ids: Iterable[str]) -> None:
        """Make these ids, and all that is one with any of them, one."""
        whole = set().union(*(self._set(one) for one in ids))
        self._sets.update(dict.fromkeys(whole, whole))

    def join_if_one(self, ids: Iterable[str]) -> None:
        """The same, but nothing where the vocabularies have more than one id of their own for what they would be."""
        apart = {id(self._set(one)): self._set(one) for one in ids}
        own = Counter(place for one in apart.values() for place in {_vocabulary(other) for other in one})
        if all(count == 1 for vocabulary, count in own.items() if vocabulary):
            self.join(ids)

    def groups(self) -> list[Group]:
        """The sets, the id that stands for each one first."""
        distinct = {id(whole): whole for whole in self._sets.values()}
        return [tuple(sorted(whole, key=_first)) for whole in distinct.values()]

    def _set(self, one: str) -> set[str]:
        return self._sets.setdefault(one, {one})


def _vocabulary(entity_id: str) -> str:
    """Return the vocabulary that has one id for one thing; empty for ids that may stand beside those."""
    if FIRST_IDS.match(entity_id):
        return kind_of(entity_id)
    return "DO" if entity_id.startswith("Disease::DOID:") else ""


def _first(entity_id: str) -> tuple[bool, str]:
    return not FIRST_IDS.match(entity_id), entity_id


def read_groups(path: Path) -> GivenGroups:
    """Read a table of groups: one a line, ids separated by tabs; what follows a `#` at a field's beginning is skipped.

    Raises:
        InputError: a line does not fit; with its number.
    """
    seen: dict[str, int] = {}
    groups = []
    for number, line in lines_of(path, "groups"):
        if group := _group(path, number, line.split("\t")):
            kinds = sorted({kind_of(one) for one in group})
            if len(kinds) > 1:
                raise InputError(
                    path, f"{' and '.join(kinds)} in one group; the ids of a group are of one kind", number
                )
            for one in group:
                if seen.setdefault(one, number) != number:
                    raise InputError(path, f"{one} is in line {seen[one]} already; an id is in one group", number)
            groups.append(group)
    return GivenGroups(groups=tuple(groups), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _group(path: Path, number: int, fields: Iterable[str]) -> Group:
    ids = []
    for field in map(str.strip, fields):
        if field.startswith("#"):
            break
        kind, parted, rest = field.partition("::")
        if field and not (kind in KINDS and parted and rest):
            raise InputError(path, f"{field[:60]!r} is no id; ids look like Disease::MESH:D006073", number)
        ids += [field] if field else []
    return tuple(dict.fromkeys(ids))


def table_of(groups: Iterable[Group], names: Mapping[str, str]) -> str:
    """Return the table that `read_groups` reads, with the name of each id for people."""
    rows = ("\t".join([*group, "# " + " = ".join(names.get(one, one) for one in group)]) for group in groups)
    return HEADER + "".join(f"{row}\n" for row in rows)
