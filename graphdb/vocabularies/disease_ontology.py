r"""The Human Disease Ontology in OBO format: terms, their parents, and the ids they have elsewhere.

Source: https://github.com/DiseaseOntology/HumanDiseaseOntology (CC0); format: OBO 1.2/1.4, stanzas of `tag: value`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kedrec.errors import InputError
from kedrec.graphdb.vocabularies.text import lines_of

__all__ = ["DiseaseTerm", "read_disease_ontology"]

WHAT = "the Disease Ontology"
DATABASES = {"MESH": "MESH", "MSH": "MESH", "OMIM": "OMIM", "MIM": "OMIM"}
"""Prefixes of cross-references, and how DRKG writes them."""
SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)"\s+(\w+)')
ESCAPED = re.compile(r"\\(.)")

Stanza = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class DiseaseTerm:
    """One disease."""

    id: str
    """`DOID:8778`."""
    name: str
    """Preferred name."""
    synonyms: tuple[str, ...]
    """Exact synonyms."""
    other_ids: tuple[str, ...]
    """Former DOIDs that were merged into this one."""
    xrefs: tuple[str, ...]
    """Its ids in MeSH and OMIM: `MESH:D003424`, `OMIM:266600`."""
    parents: tuple[str, ...]
    """DOIDs of what it is a kind of."""


def read_disease_ontology(path: Path) -> Iterator[DiseaseTerm]:
    """Yield the terms in use; obsolete ones are left out.

    Args:
        path: `doid.obo` or `HumanDO.obo`, plain or gzipped.

    Raises:
        InputError: it is no such file, or a line or a term does not fit; with the line's number.
    """
    terms = 0
    for number, stanza in _stanzas(path):
        if stanza.get("is_obsolete") != ["true"]:
            yield _term(path, number, stanza)
        terms += 1
    if not terms:
        raise InputError(path, f"has no [Term]; this is no OBO file of {WHAT}")


def _stanzas(path: Path) -> Iterator[tuple[int, Stanza]]:
    """Yield each `[Term]` and the line it begins on."""
    begun, stanza = 0, Stanza()
    for number, line in lines_of(path, WHAT):
        if line.startswith("["):
            if begun:
                yield begun, stanza
            begun, stanza = (number if line.strip() == "[Term]" else 0), {}
        elif begun and line.strip():
            tag, colon, value = line.partition(":")
            if not colon:
                raise InputError(path, f"{line[:60]!r} is no `tag: value`; the file may be cut off", number)
            stanza.setdefault(tag, []).append(value.strip())
    if begun:
        yield begun, stanza


def _term(path: Path, number: int, stanza: Stanza) -> DiseaseTerm:
    doid, name = (_unescaped(re.split(r"\s+[{!]", stanza.get(tag, [""])[0])[0].strip()) for tag in ("id", "name"))
    if not doid or not name:
        raise InputError(path, "a term without an id or without a name; the file may be cut off", number)
    synonyms = (SYNONYM.match(text) for text in stanza.get("synonym", ()))
    exact = tuple(_unescaped(found[1]) for found in synonyms if found and found[2] == "EXACT")
    pairs = [value.partition(":")[::2] for value in _ids(stanza, "xref")]
    return DiseaseTerm(
        doid,
        name,
        exact,
        _ids(stanza, "alt_id"),
        tuple(
            dict.fromkeys(f"{DATABASES[prefix]}:{there}" for prefix, there in pairs if prefix in DATABASES and there)
        ),
        _ids(stanza, "is_a"),
    )


def _ids(stanza: Stanza, tag: str) -> tuple[str, ...]:
    return tuple(value.split()[0] for value in stanza.get(tag, ()) if value)


def _unescaped(text: str) -> str:
    return ESCAPED.sub(r"\1", text)
