"""TransE (Bordes et al. 2013), the model of DRKG's published vectors, trained on the same triples as the network.

The model, its loss and its negatives are PyTorch Geometric's. A disease held out that has no other edge keeps the
vector that it was given at random: a model with nothing but a vector for each entity cannot know better.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from kedrec.graphdb.embeddings.layers import TransE
from kedrec.graphdb.embeddings.ranks import Scorer
from kedrec.graphdb.embeddings.task import LinkTask
from kedrec.graphdb.embeddings.training import OnTrainingStep
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.records import Record

__all__ = ["TransEOptions", "transe"]


class TransEOptions(Record):
    """How it is trained."""

    dimension: int = Field(default=128, ge=2)
    """Of the vectors."""
    epochs: int = Field(default=30, ge=1)
    """Passes over the triples."""
    batch: int = Field(default=2048, ge=1)
    """Triples per step, each against one with head or tail replaced."""
    learning_rate: float = Field(default=0.01, gt=0)
    """Of Adam."""
    margin: float = Field(default=1.0, gt=0)
    """By which a true triple is to be nearer than a false one."""
    seed: int = Field(default=0, ge=0)
    """Of weights, order and negatives."""


def transe(task: LinkTask, options: TransEOptions, on_step: OnTrainingStep) -> Scorer:
    """Train on the triples of a task, and return what each candidate scores: the best of the therapeutic relations.

    Args:
        task: what may be learnt from.
        options: how.
        on_step: called for every step.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        model = TransE(len(task.ids), len(task.relations), options.dimension, options.margin, p_norm=2.0)
        _fit(model, task, options, on_step)
    candidates = torch.from_numpy(task.candidates)
    therapies = [number for number, relation in enumerate(task.relations) if is_therapeutic(relation)]

    @torch.no_grad()
    def score(diseases: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.stack([_best(model, candidates, therapies, place) for place in diseases.tolist()])

    return score


def _fit(model: TransE, task: LinkTask, options: TransEOptions, on_step: OnTrainingStep) -> None:
    triples = torch.from_numpy(np.stack((task.heads, task.rels, task.tails)).astype(np.int64))
    adam = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    starts = range(0, triples.shape[1], options.batch)
    for epoch in range(options.epochs):
        order = torch.randperm(triples.shape[1])
        for step, start in enumerate(starts, 1):
            adam.zero_grad()
            loss: Tensor = model.loss(*triples[:, order[start : start + options.batch]])
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            on_step(epoch * len(starts) + step, options.epochs * len(starts))


def _best(model: TransE, candidates: Tensor, therapies: list[int], disease: int) -> NDArray[np.float32]:
    """Return the best score of each candidate over the therapeutic relations, shape (candidates,)."""
    tails = torch.full_like(candidates, disease)
    scores = [model(candidates, torch.full_like(candidates, relation), tails) for relation in therapies]
    best: NDArray[np.float32] = torch.stack(scores).amax(dim=0).numpy()
    return best
