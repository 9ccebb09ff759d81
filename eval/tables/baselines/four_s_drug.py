"""4SDrug (Tan et al., KDD 2022), adapted from a patient's symptoms to a disease.

Kept from the paper: the set of symptoms becomes one vector by attention (importance-based set aggregation), drugs are
vectors, and a drug is scored by the product; besides the loss on medication sets there is one on pairs of diseases that
share codes: what both have in common must lead to the drugs that both have (intersection-based set augmentation).
A disease's codes in the graph take the place of symptoms. The penalty of large and interacting sets has no say in a
choice between two drugs, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from kedrec.eval.tables.baselines.medication_sets import Sets, multi_label_loss, sets_of
from kedrec.eval.tables.baselines.pair_network import PairNetwork, questions_of, trained
from kedrec.eval.tables.baselines.plain import need

if TYPE_CHECKING:
    from kedrec.eval.tables.steps import Kept
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["FourSDrug", "four_s_drug"]

WIDTH, AT_ONCE, EPOCHS = 48, 64, 40


class FourSDrug(PairNetwork):
    """The network.

    Args:
        sets: diseases and medication sets.
        text: number of directions of the texts.
    """

    codes: Tensor

    def __init__(self, sets: Sets, text: int) -> None:
        super().__init__()
        self.sets = sets
        self.register_buffer("codes", sets.codes, persistent=False)
        self.symptom = nn.Parameter(torch.randn(sets.codes.shape[1], WIDTH) / WIDTH**0.5)
        self.importance = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1, bias=False))
        self.drug = nn.Parameter(torch.randn(sets.drugs.shape[1], WIDTH) / WIDTH**0.5)
        self.bias = nn.Parameter(torch.zeros(sets.drugs.shape[1]))
        self.scale = nn.Parameter(torch.tensor(4.0))
        self.dropout = nn.Dropout(0.3)
        self.read = nn.Linear(text, 1, bias=False) if text else None

    def score(self, disease: Tensor, drug: Tensor, text: Tensor) -> Tensor:
        """Score candidates; see `PairNetwork`."""
        scores = self.log_odds(self.codes[disease]).gather(1, drug)
        return scores if self.read is None else scores + self.read(text).squeeze(-1)

    def own_loss(self, step: int) -> Tensor:
        """The loss on the medication sets of some diseases, and on what pairs of them have in common."""
        if not len(self.sets.taught):
            return torch.zeros(())
        drawn = torch.randint(len(self.sets.taught), (2, AT_ONCE), generator=torch.Generator().manual_seed(step))
        one, other = ((self.sets.taught[rows], self.sets.drugs[rows]) for rows in drawn)
        loss = multi_label_loss(self.log_odds(one[0]), one[1])
        codes, drugs = one[0] * other[0], one[1] * other[1]
        shared = (codes.sum(dim=1) > 0) & (drugs.sum(dim=1) > 0)
        if not shared.any():
            return loss
        return loss + 0.5 * multi_label_loss(self.log_odds(codes[shared]), drugs[shared])

    def log_odds(self, codes: Tensor) -> Tensor:
        """Log-odds of all drugs for sets of codes, shape (sets, drugs)."""
        ill = self.dropout(self._aggregated(codes))
        scores: Tensor = self.scale * ill @ self.drug.T + self.bias
        return scores

    def _aggregated(self, codes: Tensor) -> Tensor:
        """The vector of each set: its symptoms weighed by their importance within it, shape (sets, WIDTH)."""
        weights = self.importance(self.symptom).squeeze(-1).clamp(-10, 10).exp() * codes
        aggregated: Tensor = weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-6) @ self.symptom
        return aggregated


def four_s_drug(world: World, task: Task, setting: Corpora) -> Kept:
    """The row of 4SDrug.

    Raises:
        MissingExtra: torch is not installed.
    """
    need("The row of 4SDrug", "torch")
    questions = questions_of(world, task, setting)
    torch.manual_seed(world.options.seed)
    network = FourSDrug(sets_of(world, task, questions), questions.text.shape[-1])
    note = "a disease's codes in the place of symptoms, no penalty of large or interacting sets"
    return trained(network, questions, task, epochs=EPOCHS, rate=2e-3, seed=world.options.seed, note=note)
