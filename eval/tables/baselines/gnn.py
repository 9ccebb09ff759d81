"""GNN: a relational graph convolution over the graph, and a small head that chooses between two drugs.

The vectors come from `graph embed`'s network (Schlichtkrull et al. 2018 on PyTorch Geometric), trained on the graph
with the pairs hidden to find the drugs of diseases. The head sees the two vectors multiplied, the network's own score,
and in the settings with literature the mean MiniLM vector of the retrieved spans.
"""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kedrec.eval.tables.baselines.pair_network import PairNetwork, Questions, questions_of, trained
from kedrec.eval.tables.baselines.plain import need
from kedrec.graphdb.embeddings.options import EmbedOptions
from kedrec.graphdb.embeddings.task import link_task

if TYPE_CHECKING:
    from kedrec.eval.tables.steps import Kept
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["gnn"]

DIMENSION, EPOCHS = 64, 4
HEAD = 16


class Head(PairNetwork):
    """A small network over what the graph's vectors and the texts say.

    Args:
        graph: of each question and candidate, shape (diseases, drugs, features).
        text: number of directions of the texts.
    """

    graph: Tensor

    def __init__(self, graph: Tensor, text: int) -> None:
        super().__init__()
        self.register_buffer("graph", graph, persistent=False)
        width = graph.shape[-1] + text
        self.layers = nn.Sequential(nn.Dropout(0.3), nn.Linear(width, HEAD), nn.ReLU(), nn.Linear(HEAD, 1))
        self.straight = nn.Linear(width, 1, bias=False)

    def score(self, disease: Tensor, drug: Tensor, text: Tensor) -> Tensor:
        """Score candidates; see `PairNetwork`."""
        seen = torch.cat((self.graph[disease[:, None], drug], text), dim=-1)
        scores: Tensor = (self.layers(seen) + self.straight(seen)).squeeze(-1)
        return scores


def gnn(world: World, task: Task, setting: Corpora) -> Kept:
    """The row of the graph neural network.

    Raises:
        MissingExtra: torch or PyTorch Geometric is not installed.
    """
    need("The row of the GNN", "torch", "torch_geometric")
    told = world.key("gnn", DIMENSION, EPOCHS, sorted(map(sorted, task.hidden)))[:16]
    vectors = world.saved(f"gnn-{told}.npy", partial(_vectors, world, task, f"gnn-{told}"))
    questions = questions_of(world, task, setting)
    torch.manual_seed(world.options.seed)
    network = Head(_seen(world, questions, vectors), questions.text.shape[-1])
    note = f"vectors of {vectors.shape[1] - 1} dimensions by {EPOCHS} epochs of `graph embed`, then a head on the pairs"
    return trained(network, questions, task, epochs=60, rate=3e-3, seed=world.options.seed, note=note)


def _vectors(world: World, task: Task, name: str) -> NDArray[np.float32]:
    """Vectors of all entities, the popularity last; zeros for those without a visible edge, and in one row more."""
    from kedrec.graphdb.embeddings.training import train

    options = EmbedOptions(dimension=DIMENSION, epochs=EPOCHS, test_share=0.0, seed=world.options.seed)
    links = link_task(world.store.hiding(task.hidden), options.seed, test_share=0.0)
    folder = world.out / "work" / name
    folder.mkdir(parents=True, exist_ok=True)
    found = train(links, options, folder, lambda done, total: None)
    shutil.rmtree(folder)
    place = {name: row for row, name in enumerate(world.store.ids)}
    rows = [place[name] for name in links.ids]
    vectors = np.zeros((len(world.store.ids) + 1, DIMENSION + 1), np.float32)
    vectors[rows, :-1] = found.vectors
    vectors[rows, -1] = np.log1p(np.bincount(links.train[:, 0], minlength=len(links.ids)))
    return vectors


def _seen(world: World, questions: Questions, vectors: NDArray[np.float32]) -> Tensor:
    """What the head sees of the graph, shape (diseases, drugs, features)."""
    place = {name: row for row, name in enumerate(world.store.ids)}
    ill, drugs = (vectors[[place.get(name, -1) for name in names]] for names in (questions.diseases, questions.drugs))
    product = ill[:, None, :-1] * drugs[None, :, :-1]
    score = product.sum(axis=-1, keepdims=True)
    popular = np.broadcast_to(drugs[None, :, -1:], score.shape)
    seen = np.concatenate((product, score, popular), axis=-1).reshape(-1, product.shape[-1] + 2)
    scaled = (seen / (seen.std(axis=0) + 1e-6)).astype(np.float32)
    return torch.from_numpy(scaled.reshape(*score.shape[:2], -1))
