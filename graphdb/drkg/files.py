"""DRKG's own files: triples (`head<TAB>relation<TAB>tail`) and names (`id<TAB>name<TAB>synonym|synonym|…`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kedrec.arrays import Places
from kedrec.errors import InputError
from kedrec.graphdb.drkg.tsv import read_table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["KINDS", "Names", "Triples", "kind_of", "read_names", "read_triples", "source_of", "unequal"]

KINDS = (
    "Anatomy", "Atc", "Biological Process", "Cellular Component", "Compound", "Disease", "Gene", "Molecular Function",
    "Pathway", "Pharmacologic Class", "Side Effect", "Symptom", "Tax",
)  # fmt: skip
"""DRKG's kinds of entities."""

BLANK = frozenset({"Gene::"})
"""Ids of the published DRKG with nothing behind the colons: one, a gene whose source gave no number, in 29 triples."""

TRIPLE = "head<TAB>relation<TAB>tail"
NAMES = "id<TAB>name<TAB>synonym|synonym|…"


@dataclass(frozen=True)
class Triples:
    """The triples of some files, each once."""

    ids: list[str]
    """Entity ids, sorted by code point."""
    relations: list[str]
    """Relation names, sorted by code point."""
    heads: NDArray[np.int32]
    """Place in `ids` of the head of each triple; triples are sorted by head, relation, tail."""
    rels: NDArray[np.int32]
    """Place in `relations`."""
    tails: NDArray[np.int32]
    """Place in `ids` of the tail."""
    duplicates: int
    """How many triples came more than once; each is kept once."""
    sha256: tuple[str, ...]
    """Hashes of the files, in the order given."""


@dataclass(frozen=True)
class Names:
    """The names of entities."""

    names: dict[str, str]
    """Id -> preferred name; ids without a name of their own are left out."""
    synonyms: dict[str, tuple[str, ...]]
    """Id -> other names; ids without any are left out."""
    ids: frozenset[str]
    """All ids of the file."""
    sha256: str
    """Hash of the file."""


def kind_of(entity_id: str) -> str:
    """Return what stands before `::` in an id."""
    return entity_id.partition("::")[0]


def source_of(relation: str) -> str:
    """Return the source database of a relation: what stands before its first colon."""
    return relation.partition(":")[0]


def read_triples(files: Iterable[Path]) -> Triples:
    """Read DRKG files, plain or gzipped, into one set of triples.

    An id of several joined ids (`Gene::1;2`, `Compound::MESH:C1|MESH:C2`) is one entity, as in DRKG itself, and so is
    the one id that DRKG has without a number, `Gene::`.

    Args:
        files: at least one file.

    Raises:
        InputError: a line does not fit; with its number.
    """
    parts = [_Part.read(path) for path in files]
    ids = sorted(set().union(*(part.ids for part in parts)))
    relations = sorted(set().union(*(part.relations for part in parts)))
    values = {"head": ids, "relation": relations, "tail": ids}
    columns = [np.concatenate([_codes(part.frame[name], values[name]) for part in parts]) for name in values]
    hashes, read = tuple(part.sha256 for part in parts), len(columns[0])
    del parts
    heads, rels, tails = _each_once(*columns)
    return Triples(ids, relations, heads, rels, tails, read - len(heads), hashes)


@dataclass(frozen=True)
class _Part:
    """One file of triples."""

    frame: pl.DataFrame
    """Columns `head`, `relation` and `tail`."""
    ids: set[str]
    """All entity ids."""
    relations: set[str]
    """All relations."""
    sha256: str
    """Hash of the file."""

    @classmethod
    def read(cls, path: Path) -> _Part:
        """Read a file; every distinct value is checked."""
        table = read_table(path, 3, TRIPLE)
        import polars as pl

        schema = dict.fromkeys(["head", "relation", "tail"], pl.String)
        read = pl.read_csv(table.content, has_header=False, separator="\t", quote_char=None, schema=schema)
        frame = read.with_columns(pl.all().fill_null(""))
        heads, relations, tails = (_checked(path, frame[column]) for column in frame.columns)
        return cls(frame, heads | tails, relations, table.sha256)


def _checked(path: Path, column: pl.Series) -> set[str]:
    """Return the distinct values of a column.

    Raises:
        InputError: one does not fit.
    """
    problem_of = _relation_problem if column.name == "relation" else _id_problem
    values = set(column.unique().to_list())
    problems = {value: found for value in values if (found := problem_of(value))}
    if problems:
        row = int(column.is_in(list(problems)).arg_max() or 0)
        raise InputError(path, f"{column.name}: {problems[column[row]]}", row + 1)
    return values


def _id_problem(entity_id: str) -> str | None:
    kind, colons, rest = entity_id.partition("::")
    if not colons:
        return f"{entity_id[:60]!r} is no entity id; ids look like Compound::DB00107"
    if kind not in KINDS:
        return f"unknown kind {kind[:40]!r} in {entity_id[:60]!r}; kinds: {', '.join(KINDS)}"
    if not rest.strip() and entity_id not in BLANK:
        return f"{entity_id[:60]!r} has nothing behind the colons; ids look like Compound::DB00107"
    if rest != rest.strip():
        return f"spaces around the id in {entity_id[:60]!r}; remove them"
    return None


def _relation_problem(relation: str) -> str | None:
    if not relation.strip():
        return "is empty; it looks like DRUGBANK::target::Compound:Gene"
    return f"spaces around {relation[:60]!r}; remove them" if relation != relation.strip() else None


def _codes(column: pl.Series, values: list[str]) -> NDArray[np.int32]:
    import polars as pl

    return column.cast(pl.Enum(values)).to_physical().to_numpy().astype(np.int32)


def _each_once(heads: Places, rels: Places, tails: Places) -> tuple[Places, Places, Places]:
    """Return the distinct triples, in order of head, relation, tail."""
    for_rel, for_tail = (int(column.max()).bit_length() for column in (rels, tails))
    keys = heads.astype(np.int64)
    keys <<= for_rel
    keys |= rels
    keys <<= for_tail
    keys |= tails
    keys.sort()
    keys = keys[unequal(keys)]
    tails = keys.astype(np.int32) & np.int32((1 << for_tail) - 1)
    keys >>= for_tail
    rels = keys.astype(np.int32) & np.int32((1 << for_rel) - 1)
    keys >>= for_rel
    return keys.astype(np.int32), rels, tails


def unequal(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each of some sorted keys whether it differs from the one before it; shape (keys,)."""
    found = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=found[1:])
    return found


def read_names(path: Path) -> Names:
    """Read a names file, plain or gzipped; a first line that begins with `id<TAB>` is a header.

    Args:
        path: the file.

    Raises:
        InputError: a line does not fit, or an id comes twice with different names; with the line's number.
    """
    table = read_table(path, 3, NAMES)
    seen: dict[str, tuple[str, tuple[str, ...]]] = {}
    for number, line in enumerate(table.content.decode("utf-8").split("\n")[:-1], 1):
        entity_id, name, synonyms = line.split("\t")
        if number == 1 and entity_id == "id":
            continue
        row = _names_row(name, synonyms)
        same = seen.setdefault(entity_id, row) == row
        if problem := _id_problem(entity_id):
            raise InputError(path, f"id: {problem}", number)
        if not same:
            raise InputError(path, f"{entity_id} was named differently on an earlier line; keep one of the two", number)
    return Names(
        {entity_id: name for entity_id, (name, _) in seen.items() if name},
        {entity_id: others for entity_id, (_, others) in seen.items() if others},
        frozenset(seen),
        table.sha256,
    )


def _names_row(name: str, synonyms: str) -> tuple[str, tuple[str, ...]]:
    name = name.strip()
    others = dict.fromkeys(part for synonym in synonyms.split("|") if (part := synonym.strip()))
    others.pop(name, None)
    return name, tuple(others)
