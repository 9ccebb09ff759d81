"""What is a kind of what among diseases, over DRKG's ids, read from the Disease Ontology and from MeSH."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kedrec.errors import InputError
from kedrec.graphdb.vocabularies.disease_ontology import DiseaseTerm, read_disease_ontology
from kedrec.graphdb.vocabularies.mesh import NEW, MeshRecord, read_mesh
from kedrec.graphdb.vocabularies.text import first_line

__all__ = ["Ontology", "read_ontology"]

DISEASE_TREES = ("C", "F03")
"""Beginnings of the MeSH tree numbers of diseases and of mental disorders."""

Links = Mapping[str, Iterable[str]]
Growing = defaultdict[str, set[str]]


@dataclass(frozen=True)
class Ontology:
    """Diseases and what they are kinds of. A circle in it ends the walk, not the program."""

    parents: Mapping[str, frozenset[str]]
    """Disease id -> ids of what it is directly a kind of, each under all its ids: `Disease::DOID:0050589`."""
    same: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Disease id -> other ids of the very same disease: `Disease::MESH:D003424` for `Disease::DOID:8778`."""

    def ancestors(self, disease: str) -> frozenset[str]:
        """Return all that a disease is a kind of, without itself; empty where it is unknown."""
        return self._beyond(disease, self.parents)

    def descendants(self, disease: str) -> frozenset[str]:
        """Return all kinds of a disease, without itself; empty where it is unknown."""
        return self._beyond(disease, self._children)

    def related(self, disease: str) -> frozenset[str]:
        """Return its ancestors, its descendants and its own other ids, without itself."""
        found = self.ancestors(disease) | self.descendants(disease) | self.same.get(disease, frozenset())
        return found - {disease}

    def __or__(self, other: Ontology) -> Ontology:
        """Return what either of the two says."""
        return Ontology(_united(self.parents, other.parents), _united(self.same, other.same))

    @cached_property
    def _children(self) -> Mapping[str, frozenset[str]]:
        below = Growing(set)
        for disease, parents in self.parents.items():
            for parent in parents:
                below[parent].add(disease)
        return _frozen(below)

    def _beyond(self, disease: str, links: Links) -> frozenset[str]:
        start = {disease, *self.same.get(disease, ())}
        return frozenset(_reached(start, links, self.same) - start)


def read_ontology(*paths: Path) -> Ontology:
    """Read one ontology from the Disease Ontology, from MeSH, or from both.

    Args:
        paths: `doid.obo`, MeSH descriptors, and MeSH supplementary concepts (these only together with descriptors, to
            whose headings they are mapped), each plain, gzipped or zipped.

    Raises:
        InputError: a file is none of these, or does not fit.
    """
    whole = Ontology({})
    mesh: list[MeshRecord] = []
    for path in paths:
        start = first_line(path, "an ontology")
        if start == NEW or start.startswith("<"):
            mesh += read_mesh(path)
        elif start.startswith(("format-version:", "[", "!")):
            whole |= _of_disease_ontology(list(read_disease_ontology(path)))
        else:
            raise InputError(path, "is neither an OBO file nor MeSH (ASCII or XML)", 1)
    return whole | _of_mesh(mesh)


def _of_disease_ontology(terms: list[DiseaseTerm]) -> Ontology:
    """Give every term all its ids; an id elsewhere that several terms claim goes to the most general one, if any."""
    above = {term.id: term.parents for term in terms}
    ids: dict[str, list[str]] = {term.id: [term.id, *term.other_ids] for term in terms}
    parents = Growing(set)
    for xref, owners in _claims(terms).items():
        general = [owner for owner in owners if all(owner in _reached({other}, above, {}) for other in owners)]
        if general:
            ids[general[0]].append(xref)
        else:
            parents[_disease(xref)].update(_disease(owner) for owner in owners)
    for term in terms:
        for one in ids[term.id]:
            parents[_disease(one)].update(_disease(up) for parent in term.parents for up in ids.get(parent, ()))
    return Ontology(_frozen(parents), _aliases([_disease(one) for one in known] for known in ids.values()))


def _claims(terms: Iterable[DiseaseTerm]) -> Mapping[str, list[str]]:
    claims: defaultdict[str, list[str]] = defaultdict(list)
    for term in terms:
        for xref in term.xrefs:
            claims[xref].append(term.id)
    return claims


def _of_mesh(records: list[MeshRecord]) -> Ontology:
    at_tree = {tree: record.ui for record in records for tree in record.trees if tree.startswith(DISEASE_TREES)}
    diseases = set(at_tree.values())
    called = {name: record.ui for record in records if record.ui in diseases for name in (record.ui, record.name)}
    parents = Growing(set)
    for tree, ui in at_tree.items():
        parents[_mesh(ui)].update(_mesh(up) for up in _above(tree, at_tree) if up != ui)
    for record in records:
        if found := {_mesh(called[heading]) for heading in record.headings if heading in called}:
            parents[_mesh(record.ui)] |= found
    return Ontology(_frozen(parents))


def _above(tree: str, at_tree: Mapping[str, str]) -> list[str]:
    """Return the descriptor at the nearest tree number above one that there is."""
    while "." in tree:
        tree = tree.rpartition(".")[0]
        if tree in at_tree:
            return [at_tree[tree]]
    return []


def _disease(there: str) -> str:
    return f"Disease::{there}"


def _mesh(ui: str) -> str:
    return _disease(f"MESH:{ui}")


def _reached(start: set[str], links: Links, same: Links) -> set[str]:
    """Return all that the links lead to from the start, under all its ids; the start is part of it."""
    seen, waiting = set(start), list(start)
    while waiting:
        for near in links.get(waiting.pop(), ()):
            fresh = {near, *same.get(near, ())} - seen
            seen |= fresh
            waiting += fresh
    return seen


def _aliases(groups: Iterable[list[str]]) -> dict[str, frozenset[str]]:
    return {one: frozenset(group) - {one} for group in groups if len(group) > 1 for one in group}


def _frozen(links: Links) -> dict[str, frozenset[str]]:
    return {one: frozenset(others) for one, others in links.items() if others}


def _united(one: Links, other: Links) -> dict[str, frozenset[str]]:
    return {disease: frozenset(one.get(disease, ())) | frozenset(other.get(disease, ())) for disease in {*one, *other}}
