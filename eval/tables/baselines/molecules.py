"""Molecules as SafeDrug reads them: atoms with their surroundings, bonds, and the substructures that BRICS cuts out.

Structures come as InChI in a table `id inchi …`, tab-separated with a header, plain or gzipped; RDKit reads them.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kedrec.distill.pairs.lines import content_of
from kedrec.errors import InputError
from kedrec.eval.tables.baselines.plain import need

__all__ = ["Molecules", "read_inchis", "read_molecules"]


@dataclass(frozen=True)
class Molecules:
    """The molecules of some drugs as one graph, and their substructures."""

    atoms: Tensor
    """Number of what each atom is together with its neighbours, shape (atoms,)."""
    kinds: int
    """How many there are."""
    bonds: Tensor
    """Both directions of every bond, shape (2, 2 * bonds)."""
    owner: Tensor
    """Drug of each atom, shape (atoms,)."""
    parts: Tensor
    """Which substructures each drug has, zeros and ones, shape (drugs, substructures)."""
    known: Tensor
    """Whether each drug has a structure that could be read, shape (drugs,)."""


def read_inchis(path: Path | None) -> dict[str, str]:
    """Compound id -> InChI, of those that have one; nothing where there is no table.

    Raises:
        InputError: it has no columns `id` and `inchi`.
    """
    if path is None:
        return {}
    rows = csv.DictReader(content_of(path).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    if not {"id", "inchi"} <= set(rows.fieldnames or ()):
        raise InputError(path, "expected a tab-separated table with a header that has `id` and `inchi`.", 1)
    return {row["id"]: row["inchi"] for row in rows if row["inchi"]}


def read_molecules(drugs: Sequence[str], inchis: dict[str, str]) -> Molecules:
    """The molecules of drugs, in their order.

    Raises:
        MissingExtra: RDKit is not installed.
    """
    need("Reading molecules", "rdkit")
    from rdkit import RDLogger

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    found = [_read(inchis[drug]) if drug in inchis else None for drug in drugs]
    atoms, bonds, owner = _Numbers(), list[tuple[int, int]](), list[int]()
    for place, molecule in enumerate(found):
        _add(molecule, place, atoms, bonds, owner)
    parts = [_parts(molecule) if molecule else frozenset() for molecule in found]
    return Molecules(
        atoms=torch.tensor(atoms.found, dtype=torch.long),
        kinds=len(atoms.of),
        bonds=torch.tensor(bonds, dtype=torch.long).reshape(-1, 2).T,
        owner=torch.tensor(owner, dtype=torch.long),
        parts=_table(parts),
        known=torch.tensor([molecule is not None for molecule in found]),
    )


class _Numbers:
    """Numbers for things, in the order in which they come."""

    def __init__(self) -> None:
        self.of: dict[Any, int] = {}
        self.found: list[int] = []

    def add(self, thing: Any) -> None:
        self.found.append(self.of.setdefault(thing, len(self.of)))


def _read(inchi: str) -> Any:
    """The molecule of an InChI; None where it cannot be read."""
    from rdkit import Chem

    return Chem.MolFromInchi(inchi)  # type: ignore[no-untyped-call]


def _add(molecule: Any, place: int, atoms: _Numbers, bonds: list[tuple[int, int]], owner: list[int]) -> None:
    """Add a molecule's atoms, each known by itself and its neighbours, and its bonds."""
    if molecule is None:
        return
    start = len(atoms.found)
    for atom in molecule.GetAtoms():
        atoms.add((_kind(atom), tuple(sorted(_kind(other) for other in atom.GetNeighbors()))))
        owner.append(place)
    for bond in molecule.GetBonds():
        one, other = start + bond.GetBeginAtomIdx(), start + bond.GetEndAtomIdx()
        bonds += [(one, other), (other, one)]


def _kind(atom: Any) -> str:
    return f"{atom.GetSymbol()}{'a' if atom.GetIsAromatic() else ''}{atom.GetFormalCharge() or ''}"


def _parts(molecule: Any) -> frozenset[str]:
    """The pieces that remain when all BRICS bonds are cut, as SMILES; where none can be cut, the molecule itself."""
    from rdkit import Chem
    from rdkit.Chem import BRICS

    bonds = {frozenset(ends) for ends, _ in BRICS.FindBRICSBonds(molecule)}  # type: ignore[no-untyped-call]
    cut = [bond.GetIdx() for bond in molecule.GetBonds() if _ends(bond) in bonds]
    whole = Chem.FragmentOnBonds(molecule, cut, addDummies=False) if cut else molecule
    pieces = Chem.GetMolFrags(whole, asMols=True, sanitizeFrags=False)
    return frozenset(Chem.MolToSmiles(piece) for piece in pieces)


def _ends(bond: Any) -> frozenset[int]:
    return frozenset((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))


def _table(parts: Sequence[frozenset[str]]) -> Tensor:
    """Which drug has which substructure; those of a single drug tell nothing of others and are left out."""
    counts: dict[str, int] = {}
    for own in parts:
        for one in own:
            counts[one] = counts.get(one, 0) + 1
    column = {one: place for place, one in enumerate(sorted(name for name, n in counts.items() if n > 1))}
    table = torch.zeros(len(parts), max(len(column), 1))
    for row, own in enumerate(parts):
        table[row, [column[one] for one in own if one in column]] = 1
    return table
