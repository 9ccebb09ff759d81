"""The relational convolution, on PyTorch Geometric's message passing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor, nn

with warnings.catch_warnings():
    # https://github.com/pyg-team/pytorch_geometric/issues/10697
    warnings.filterwarnings("ignore", message=".*torch.jit.script.* is deprecated")
    from torch_geometric.nn import MessagePassing, TransE

__all__ = ["BasisConvolution", "Heard", "TransE"]


@dataclass(frozen=True)
class Heard:
    """What is said in one hop, as tensors; see `neighbourhoods.Hop`."""

    edges: Tensor
    """Who speaks and who hears, shape (2, messages)."""
    relations: Tensor
    """Shape (messages,)."""
    shares: Tensor
    """What a message counts in the mean of its relation, shape (messages,)."""
    crowds: Tensor
    """n_r(i) of its hearer, shape (messages,)."""
    targets: int
    """How many entities hear: the first ones."""


class BasisConvolution(MessagePassing):  # type: ignore[misc]
    """A relational graph convolution with basis decomposition (Schlichtkrull et al. 2018, equations 2 and 3).

    `h'_i = h_i W_0 + Σ_r n_r(i)^e_r · mean_{j ∈ N_r(i)} h_j W_r`, with `W_r = Σ_b a_rb V_b`, and n_r(i) the number of
    neighbours of i along r. With e = 0 it is PyG's `RGCNConv`; with e = 1 neighbours are added up instead of averaged.
    Messages are mixed per base before they are multiplied, so that memory grows with messages × bases and not with
    messages × dimension², as `FastRGCNConv`'s does, nor time with the number of relations, as `RGCNConv`'s does.

    V_0 and W_0 begin as the identity and the other bases near zero: an untrained layer passes features on as they are.

    Args:
        dimension: of the vectors that come and go.
        relations: number of relations, both directions counted.
        bases: number of bases.
        begin: of each relation, the first a_r0, shape (relations,).
        gather: of each relation, the first e_r, shape (relations,).
    """

    def __init__(self, dimension: int, relations: int, bases: int, begin: Tensor, gather: Tensor) -> None:
        super().__init__(aggr="sum", node_dim=0)
        spread = torch.randn(bases, dimension, dimension) / dimension
        spread[0] = torch.eye(dimension)
        mixed = torch.randn(relations, bases) / bases
        mixed[:, 0] = begin
        self.bases = nn.Parameter(spread)
        self.mixture = nn.Parameter(mixed)
        self.exponents = nn.Parameter(gather.clone())
        self.root = nn.Parameter(torch.eye(dimension))

    def forward(self, x: Tensor, heard: Heard) -> Tensor:
        """Return the vectors of those who hear, shape (targets, dimension).

        Args:
            x: vectors of all who are there, shape (entities, dimension).
            heard: what is said.
        """
        weights = heard.shares * heard.crowds.pow(self.exponents[heard.relations])
        mixture = self.mixture[heard.relations] * weights[:, None]
        listening = x[: heard.targets]
        mixed = self.propagate(heard.edges, size=(len(x), heard.targets), x=(x, listening), mixture=mixture)
        mixed = mixed.view(heard.targets, *self.bases.shape[:2])
        return torch.einsum("nbi,bio->no", mixed, self.bases) + listening @ self.root

    def message(self, x_j: Tensor, mixture: Tensor) -> Tensor:
        """Return the messages, one part for each base, shape (messages, bases × dimension)."""
        return (mixture[:, :, None] * x_j[:, None, :]).flatten(1)
