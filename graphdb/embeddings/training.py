"""Trains the network in small batches of diseases; a checkpoint after every epoch and now and then between."""

from __future__ import annotations

import io
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kedrec.errors import DamagedData, UserError
from kedrec.graphdb.embeddings.name_features import name_features
from kedrec.graphdb.embeddings.neighbourhoods import messages_of
from kedrec.graphdb.embeddings.network import Network, Shape
from kedrec.graphdb.embeddings.options import EmbedOptions
from kedrec.graphdb.embeddings.ranks import Scorer, rank_report
from kedrec.graphdb.embeddings.task import LinkTask

__all__ = ["CHECKPOINT", "OnTrainingStep", "Trained", "train"]

OnTrainingStep = Callable[[int, int], None]
"""Called with how many steps of how many are done."""
CHECKPOINT = "checkpoint.pt"
BETWEEN_CHECKPOINTS = 60.0
"""Seconds of training that a kill may cost, beside the step that was under way."""
FLATNESS = 0.75
"""Power of the popularity by which half of the negatives are drawn; the others are drawn alike."""


@dataclass(frozen=True)
class Trained:
    """A trained network."""

    vectors: NDArray[np.float32]
    """Of all entities of the task, shape (entities, dimension)."""
    scorer: Scorer
    """What each candidate scores."""
    best_epoch: int
    """Whose weights were taken."""
    resumed: bool
    """Whether training resumed from a checkpoint."""


def train(task: LinkTask, options: EmbedOptions, folder: Path, on_step: OnTrainingStep) -> Trained:
    """Train on a task, or resume from the checkpoint in a folder; the epoch best on the validation diseases is taken.

    Args:
        task: what is learnt.
        options: how.
        folder: where the checkpoint is kept; nobody else may be writing there.
        on_step: called for every step.

    Raises:
        UserError: the checkpoint is that of another task or other options.
        DamagedData: the checkpoint cannot be read.
    """
    if len(options.fans) != options.layers:
        raise UserError(f"{options.layers} layers need as many fans, not {len(options.fans)}.")
    with torch.random.fork_rng():
        trainer = _Trainer(task, options, folder)
        resumed = trainer.resume()
        trainer.run(on_step)
        return trainer.finish(resumed)


class _Trainer:
    """The state of one training."""

    def __init__(self, task: LinkTask, options: EmbedOptions, folder: Path) -> None:
        torch.manual_seed(options.seed)
        self.task, self.options, self.path = task, options, folder / CHECKPOINT
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        shape = Shape(options.dimension, options.bases, options.layers, options.dropout, options.forgetting)
        self.network = Network(task, name_features(task, options.dimension), shape).to(self.device)
        self.adam = torch.optim.AdamW(
            self.network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.messages = messages_of(task)
        self.diseases = np.unique(task.train[:, 1]).astype(np.int64)
        self.first = np.searchsorted(task.train[:, 1], np.arange(len(task.ids) + 1))
        self.chances = _chances(task)
        self.epoch, self.step = 0, 0
        self.best: tuple[float, int, dict[str, Tensor]] = (-1.0, 0, {})

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(len(self.diseases) / self.options.batch)

    def run(self, on_step: OnTrainingStep) -> None:
        """Train to the end, from wherever it stands."""
        total, saved = self.options.epochs * self.steps, time.monotonic()
        on_step(self.epoch * self.steps + self.step, total)
        if not self.best[2]:
            self._judge()
        while self.epoch < self.options.epochs:
            order = np.random.default_rng([self.options.seed, 2, self.epoch]).permutation(self.diseases)
            self._learn(np.sort(order[self.step * self.options.batch :][: self.options.batch]))
            self.step += 1
            on_step(self.epoch * self.steps + self.step, total)
            if self.step == self.steps:
                self.epoch, self.step = self.epoch + 1, 0
                self._judge()
            if self.step == 0 or time.monotonic() - saved > BETWEEN_CHECKPOINTS:
                self._save()
                saved = time.monotonic()

    def _learn(self, diseases: NDArray[np.int64]) -> None:
        """Take one step: each true drug against all compounds that are drawn and not true for the disease."""
        rng = np.random.default_rng([self.options.seed, 3, self.epoch, self.step])
        torch.manual_seed(int(rng.integers(2**62)))
        done = (self.epoch * self.steps + self.step) / (self.options.epochs * self.steps)
        for group in self.adam.param_groups:
            group["lr"] = self.options.learning_rate * (1 - 0.9 * done)
        rows, true = self._links(diseases)
        drawn = rng.choice(len(self.chances), self.options.negatives, p=self.chances)
        compounds = np.union1d(true, np.asarray(self.task.candidates[drawn], np.int64))
        silent = np.zeros(len(self.task.ids), np.bool_)
        silent[self.diseases[rng.random(len(self.diseases)) < self.options.silence]] = True
        silent[diseases] = True
        around = self.messages.around(np.concatenate((diseases, compounds)), self.options.fans, rng, silent)
        self.network.train()
        vectors = self.network(around)
        places = torch.from_numpy(compounds).to(self.device)
        scores = self.network.scores(vectors[: len(diseases)], vectors[len(diseases) :], places)
        columns = np.searchsorted(compounds, true)
        # Sampled softmax subtracts the logarithm of how likely each compound was to be drawn.
        chances = self.chances[np.searchsorted(self.task.candidates, compounds)]
        drawn = np.log(-np.expm1(self.options.negatives * np.log1p(-np.minimum(chances, 1 - 1e-9))))
        loss = _loss(scores, rows, columns, torch.from_numpy(drawn.astype(np.float32)).to(self.device))
        self.adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.adam.step()

    def _links(self, diseases: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the row of the disease and the place of the compound of every link of some diseases."""
        counts = self.first[diseases + 1] - self.first[diseases]
        rows = np.repeat(np.arange(len(diseases)), counts)
        links = [self.task.train[self.first[place] : self.first[place + 1], 0] for place in diseases.tolist()]
        return rows, np.concatenate(links).astype(np.int64)

    def _judge(self) -> None:
        """Keep the weights where they are the best so far."""
        report = rank_report(self.task, self.task.valid, self._scorer(self._vectors()))
        if report.mrr > self.best[0] or not len(self.task.valid):
            weights = {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}
            self.best = (report.mrr, self.epoch, weights)

    def _vectors(self) -> Tensor:
        return self.network.embed(self.messages)

    def _scorer(self, vectors: Tensor) -> Scorer:
        places = torch.from_numpy(self.task.candidates)
        compounds = vectors[places].to(self.device)

        @torch.no_grad()
        def score(diseases: NDArray[np.int64]) -> NDArray[np.float32]:
            asked = vectors[torch.from_numpy(diseases)].to(self.device)
            scores: NDArray[np.float32] = self.network.scores(asked, compounds, places.to(self.device)).cpu().numpy()
            return scores

        return score

    def finish(self, resumed: bool) -> Trained:
        """Return the best epoch."""
        self.network.load_state_dict(self.best[2])
        vectors = self._vectors()
        return Trained(vectors.numpy(), self._scorer(vectors), self.best[1], resumed)

    def _save(self) -> None:
        state = {
            "task": self.task.sha256,
            "options": self.options.model_dump_json(),
            "network": self.network.state_dict(),
            "adam": self.adam.state_dict(),
            "at": (self.epoch, self.step),
            "best": self.best,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        staged = self.path.with_suffix(".writing")
        with staged.open("wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        staged.replace(self.path)

    def resume(self) -> bool:
        """Resume from the checkpoint where there is one.

        Raises:
            UserError: it is that of another task or other options.
            DamagedData: it cannot be read.
        """
        if not self.path.exists():
            return False
        try:
            state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise DamagedData(
                f"The checkpoint {self.path} cannot be read ({error}). Remove it to begin again."
            ) from error
        if (state["task"], state["options"]) != (self.task.sha256, self.options.model_dump_json()):
            raise UserError(
                f"{self.path.parent} holds an unfinished training of another graph, other hidden pairs or other "
                "options. Give the same again to go on, name another folder, or remove this one."
            )
        self.network.load_state_dict(state["network"])
        self.adam.load_state_dict(state["adam"])
        (self.epoch, self.step), self.best = state["at"], state["best"]
        return True


def _chances(task: LinkTask) -> NDArray[np.float64]:
    """Return how likely each candidate is to be drawn as a negative.

    Half are drawn by popularity, so that a popular drug is as often a negative as it is a true one, half alike.
    """
    counts = np.bincount(task.train[:, 0], minlength=len(task.ids))[task.candidates] ** FLATNESS
    chances: NDArray[np.float64] = 0.5 * counts / counts.sum() + 0.5 / len(counts)
    return chances


def _loss(scores: Tensor, rows: NDArray[np.int64], columns: NDArray[np.int64], corrections: Tensor) -> Tensor:
    """Return the mean over the links of −log softmax of the true drug against the false ones drawn.

    Args:
        scores: shape (diseases, compounds).
        rows: disease of each link.
        columns: compound of each link.
        corrections: log of the chance that a compound was drawn, shape (compounds,).
    """
    row, column = (torch.from_numpy(array).to(scores.device) for array in (rows, columns))
    true = torch.zeros(scores.shape, dtype=torch.bool, device=scores.device)
    true[row, column] = True
    false = torch.logsumexp((scores - corrections).masked_fill(true, -math.inf), dim=1)
    found = scores[row, column]
    return (torch.logaddexp(false[row], found) - found).mean()
