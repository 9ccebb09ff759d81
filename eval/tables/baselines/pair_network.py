"""What the neural rows share: questions as tensors, and training on which of two candidates is right.

All are trained alike: the logistic loss of the difference of the two scores, plus whatever loss of its own a network
brings, by AdamW; the epoch with the best accuracy on a seventh of the training diseases, set apart by a hash, is taken.
"""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from kedrec.eval.tables.baselines.chosen import outcomes_of
from kedrec.eval.tables.baselines.text_vectors import text_vectors
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.task import Asked, Task

if TYPE_CHECKING:
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["PairNetwork", "Questions", "questions_of", "trained"]

TEXT_DIRECTIONS = 24
"""Directions that the vectors of the texts are brought down to; there are about a thousand questions."""
SET_APART = 7


@dataclass(frozen=True)
class Questions:
    """All questions of a task as tensors, training questions first."""

    diseases: tuple[str, ...]
    """Disease ids; places below refer to them."""
    drugs: tuple[str, ...]
    """Compound ids."""
    disease: Tensor
    """Place of each question's disease, shape (questions,)."""
    drug: Tensor
    """Places of its candidates, shape (questions, 2)."""
    text: Tensor
    """What is written on each candidate, shape (questions, 2, directions)."""
    right: Tensor
    """Which candidate is right, shape (questions,)."""
    learnt: int
    """How many are learnt from: the first."""
    apart: NDArray[np.bool_]
    """Which of these are set apart to choose the epoch by, shape (learnt,)."""


class PairNetwork(nn.Module):
    """A network that scores candidates."""

    def score(self, disease: Tensor, drug: Tensor, text: Tensor) -> Tensor:
        """Score the candidates of questions; all as in `Questions`, shape (questions, 2)."""
        raise NotImplementedError

    def own_loss(self, step: int) -> Tensor:
        """A loss besides that of the pairs; none unless a network has one."""
        return torch.zeros(())


def questions_of(world: World, task: Task, setting: Corpora) -> Questions:
    """The questions of a task as tensors."""
    all_ = task.both()
    learnt = len(task.train.questions)
    diseases = tuple(sorted({one.disease for one in all_}))
    drugs = tuple(sorted({drug for one in all_ for drug in one.drugs}))
    ill, compound = ({name: place for place, name in enumerate(names)} for names in (diseases, drugs))
    text = _directions(text_vectors(world, task, setting), learnt)
    return Questions(
        diseases=diseases,
        drugs=drugs,
        disease=torch.tensor([ill[one.disease] for one in all_]),
        drug=torch.tensor([[compound[drug] for drug in one.drugs] for one in all_]),
        text=torch.from_numpy(text),
        right=torch.tensor([one.right for one in all_]),
        learnt=learnt,
        apart=_apart(all_[:learnt]),
    )


def trained(
    network: PairNetwork, questions: Questions, task: Task, *, epochs: int, rate: float, seed: int, note: str
) -> Kept:
    """Train a network and let it choose.

    Args:
        network: fresh, its weights drawn from `seed`.
        questions: what is learnt from and asked.
        task: the same, for the outcomes.
        epochs: passes over the pairs; the best is taken.
        rate: step size.
        seed: of the order.
        note: what had to be adapted.
    """
    started = time.monotonic()
    _train(network, questions, epochs, rate, seed)
    asked = torch.arange(questions.learnt, len(questions.right))
    ahead = _ahead(network, questions, asked).numpy().astype(np.float64)
    size = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    seconds = round(time.monotonic() - started, 1)
    return Kept(outcomes=outcomes_of(task, ahead), parameters=size, seconds=seconds, note=note)


def _train(network: PairNetwork, questions: Questions, epochs: int, rate: float, seed: int) -> None:
    adam = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    learnt = torch.from_numpy(np.flatnonzero(~questions.apart))
    apart = torch.from_numpy(np.flatnonzero(questions.apart))
    best, weights, step = -1.0, copy.deepcopy(network.state_dict()), 0
    for epoch in range(epochs):
        order = learnt[torch.randperm(len(learnt), generator=torch.Generator().manual_seed(seed * 1000 + epoch))]
        for rows in torch.split(order, 128):
            _learn(network, questions, rows, adam, step)
            step += 1
        found = _accuracy(network, questions, apart if len(apart) else learnt)
        if found > best:
            best, weights = found, copy.deepcopy(network.state_dict())
    network.load_state_dict(weights)


def _learn(network: PairNetwork, questions: Questions, rows: Tensor, adam: torch.optim.Optimizer, step: int) -> None:
    network.train()
    scores = network.score(questions.disease[rows], questions.drug[rows], questions.text[rows])
    loss = F.cross_entropy(scores, questions.right[rows]) + network.own_loss(step)
    adam.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    adam.step()


@torch.no_grad()
def _ahead(network: PairNetwork, questions: Questions, rows: Tensor) -> Tensor:
    network.eval()
    scores = network.score(questions.disease[rows], questions.drug[rows], questions.text[rows])
    return scores[:, 0] - scores[:, 1]


def _accuracy(network: PairNetwork, questions: Questions, rows: Tensor) -> float:
    first = _ahead(network, questions, rows) > 0
    return float((first == (questions.right[rows] == 0)).float().mean())


def _apart(learnt: Sequence[Asked]) -> NDArray[np.bool_]:
    digests = [hashlib.sha256(f"apart {one.disease}".encode()).digest()[0] for one in learnt]
    return np.array([digest % SET_APART == 0 for digest in digests], np.bool_)


def _directions(text: NDArray[np.float32], learnt: int) -> NDArray[np.float32]:
    """Bring vectors down to the directions in which those of the training questions vary most, each of unit spread."""
    if not text.any():
        return np.zeros((*text.shape[:2], 0), np.float32)
    flat = text.reshape(-1, text.shape[-1])
    known = text[:learnt].reshape(-1, text.shape[-1])
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-6
    _, _, axes = np.linalg.svd((known - centre) / spread, full_matrices=False)
    found = ((flat - centre) / spread) @ axes[:TEXT_DIRECTIONS].T
    found /= found[: 2 * learnt].std(axis=0) + 1e-6
    return np.asarray(found.reshape(*text.shape[:2], -1), np.float32)
