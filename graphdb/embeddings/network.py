"""The network: features in, vectors out, and what a drug scores for a disease."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from kedrec.graphdb.embeddings.layers import BasisConvolution, Heard
from kedrec.graphdb.embeddings.neighbourhoods import Hop, Messages, Neighbourhood
from kedrec.graphdb.embeddings.task import LinkTask
from kedrec.graphdb.link_prediction.kernels import is_therapeutic

__all__ = ["Network", "Shape"]

FAINT = 0.3
"""What a relation counts before training, where it is none that leads from a disease to a compound."""
OWN = 0.5
"""Length of an own vector before training; that of what a name says is 1."""
MESSAGES_AT_ONCE = 15_000
"""Most messages that are held at a time where nothing is sampled, unless one entity hears more."""


@dataclass(frozen=True)
class Shape:
    """Size of a network."""

    dimension: int = 128
    """Of all vectors."""
    bases: int = 4
    """Matrices that the relations' matrices are mixed from."""
    layers: int = 2
    """How many edges far an entity hears."""
    dropout: float = 0.2
    """Share of the values between layers that is left out in training."""
    forgetting: float = 0.5
    """Share of the entities whose own vector is left out in a training step, so that no drug is merely remembered."""


class Network(nn.Module):
    """A relational graph neural network over the entities of a task.

    An entity begins as its name's features and, unless it is a disease, a vector of its own: a disease held out has
    had nothing to learn one from.

    Args:
        task: entities and relations.
        features: what the names say, shape (entities, dimension).
        shape: sizes.
    """

    features: Tensor
    taught: Tensor

    def __init__(self, task: LinkTask, features: NDArray[np.float32], shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("features", torch.from_numpy(features), persistent=False)
        self.register_buffer("taught", torch.from_numpy(~task.is_kind("Disease")), persistent=False)
        self.own = nn.Embedding(len(task.ids), shape.dimension)
        nn.init.normal_(self.own.weight, std=OWN / shape.dimension**0.5)
        # What each relation counts and how it gathers before training, both directions, shape (2 ×
        # relations,).
        count = len(task.relations)
        used = np.array([is_therapeutic(relation) for relation in task.relations], np.bool_)[task.rels]
        drugs = task.is_kind("Compound")
        gathered = np.concatenate((task.rels[used & drugs[task.tails]], task.rels[used & drugs[task.heads]] + count))
        begin = torch.full((2 * count,), FAINT)
        begin[gathered] = 1.0
        gather = torch.zeros(2 * count)
        gather[gathered] = 1.0
        self.layers = nn.ModuleList(
            BasisConvolution(shape.dimension, len(begin), shape.bases, begin, gather) for _ in range(shape.layers)
        )
        counts = np.bincount(task.train[:, 0], minlength=len(task.ids))
        self.bias = nn.Parameter(torch.from_numpy(np.asarray(np.log(counts + 0.5), np.float32)))
        self.temper = nn.Parameter(torch.tensor(0.0))

    def forward(self, around: Neighbourhood) -> Tensor:
        """Return the vectors of those that a neighbourhood was made around, shape (entities, dimension)."""
        x = self._beginning(torch.from_numpy(around.nodes).to(self.bias.device))
        for layer, hop in zip(self.layers, around.hops, strict=True):
            x = F.dropout(self._step(layer, x, hop), self.shape.dropout, self.training)
        return x

    def scores(self, diseases: Tensor, compounds: Tensor, places: Tensor) -> Tensor:
        """Return what each compound scores for each disease, shape (diseases, compounds).

        Args:
            diseases: vectors, shape (diseases, dimension).
            compounds: vectors, shape (compounds, dimension).
            places: of the compounds in the task, shape (compounds,).
        """
        scores: Tensor = diseases @ compounds.T * self.temper.exp() + self.bias[places]
        return scores

    @torch.no_grad()
    def embed(self, messages: Messages) -> Tensor:
        """Return the vectors of all entities with nothing sampled, one layer after the other, on the CPU."""
        self.eval()
        device, count = self.bias.device, len(messages.starts) - 1
        x = self._beginning(torch.arange(count, device=device)).cpu()
        for layer in self.layers:
            # Split all entities into runs that hear few enough messages together.
            heard = messages.starts[1:] // MESSAGES_AT_ONCE
            cuts = np.flatnonzero(np.diff(heard)) + 1
            parts = [part for part in np.split(np.arange(len(heard)), cuts) if len(part)]
            x = torch.cat([self._whole(layer, x, messages, part) for part in parts])
        return x

    def _whole(self, layer: nn.Module, x: Tensor, messages: Messages, part: NDArray[np.int64]) -> Tensor:
        around = messages.around(part, (None,))
        chosen = x[torch.from_numpy(around.nodes)].to(self.bias.device)
        return self._step(layer, chosen, around.hops[0]).cpu()

    def _beginning(self, places: Tensor) -> Tensor:
        own: Tensor = self.own(places) * self.taught[places, None]
        if self.training:
            own = own * (torch.rand(len(places), 1, device=own.device) >= self.shape.forgetting)
        return self.features[places] + own

    def _step(self, layer: nn.Module, x: Tensor, hop: Hop) -> Tensor:
        device = x.device
        edges = np.stack((hop.sources, hop.places))
        told, relations, shares, crowds = (
            torch.from_numpy(array).to(device) for array in (edges, hop.relations, hop.shares, hop.crowds)
        )
        stepped: Tensor = layer(x, Heard(told, relations, shares, crowds, hop.targets))
        return stepped
