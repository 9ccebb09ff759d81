"""What SafeDrug makes of molecules: how well each drug answers what a patient, or a disease, is described by."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kedrec.eval.tables.baselines.molecules import Molecules

__all__ = ["DrugMatcher"]

HOPS = 2


class DrugMatcher(nn.Module):
    """Scores all drugs for queries, by their whole molecules and by their substructures.

    A message-passing network over the molecules is matched with the query (global); a masked bipartite network leads
    from the substructures that the query asks for to the drugs that have them (local). A drug without a structure gets
    a learnt vector, and no substructures.

    Args:
        molecules: the drugs.
        width: of a query.
    """

    parts: Tensor

    def __init__(self, molecules: Molecules, width: int) -> None:
        super().__init__()
        drugs, parts = molecules.parts.shape
        self.molecules, self.width = molecules, width
        self.register_buffer("parts", molecules.parts, persistent=False)
        self.atom = nn.Embedding(max(molecules.kinds, 1), width)
        self.hops = nn.ModuleList(nn.Linear(width, width) for _ in range(HOPS))
        self.unread = nn.Embedding(drugs, width)
        self.matching, self.norm = nn.Linear(drugs, drugs), nn.LayerNorm(drugs)
        self.needed = nn.Linear(width, parts)
        self.bipartite = nn.Parameter(torch.empty(drugs, parts).uniform_(-0.1, 0.1))
        self.bare = nn.Parameter(torch.zeros(drugs))

    def forward(self, query: Tensor) -> Tensor:
        """Log-odds of all drugs, shape (queries, drugs)."""
        match = torch.sigmoid(query @ self._drugs().T)
        whole = self.norm(match + self.matching(match))
        part = torch.sigmoid(self.needed(query)) @ (self.bipartite * self.parts).T + self.bare
        found: Tensor = whole * part
        return found

    def _drugs(self) -> Tensor:
        """Vectors of the drugs: the sum over the atoms after messages along the bonds, or a learnt one."""
        atoms = self.atom(self.molecules.atoms)
        source, target = self.molecules.bonds
        for layer in self.hops:
            heard = torch.zeros_like(atoms).index_add(0, target, torch.relu(layer(atoms))[source])
            atoms = nn.functional.normalize(atoms + heard, dim=1)
        summed = torch.zeros(len(self.parts), self.width).index_add(0, self.molecules.owner, atoms)
        return torch.where(self.molecules.known[:, None], summed, self.unread.weight)
