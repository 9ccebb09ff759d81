"""SafeDrug (Yang et al., IJCAI 2021), adapted from a patient's visit to a disease.

Kept from the paper: a message-passing network over the molecules and a layer of normed matching against them (global),
a masked bipartite network from substructures to drugs (local), and the product of the two. A disease's codes take the
place of diagnoses and procedures; it has one visit, so that there is nothing for the recurrent layers to read.
The loss on medication sets is the paper's; its term of drug interactions needs a graph that has such edges, and has no
say in a choice between two drugs. A drug without a structure gets a learnt vector, and no substructures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from kedrec.eval.tables.baselines.drug_matcher import DrugMatcher
from kedrec.eval.tables.baselines.medication_sets import Sets, multi_label_loss, sets_of
from kedrec.eval.tables.baselines.molecules import Molecules, read_inchis, read_molecules
from kedrec.eval.tables.baselines.pair_network import PairNetwork, questions_of, trained
from kedrec.eval.tables.baselines.plain import need

if TYPE_CHECKING:
    from kedrec.eval.tables.steps import Kept
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.records import Corpora

__all__ = ["SafeDrug", "safedrug"]

WIDTH, AT_ONCE, EPOCHS = 48, 48, 25


class SafeDrug(PairNetwork):
    """The network.

    Args:
        sets: diseases and medication sets.
        molecules: the drugs.
        text: number of directions of the texts.
    """

    codes: Tensor

    def __init__(self, sets: Sets, molecules: Molecules, text: int) -> None:
        super().__init__()
        self.sets = sets
        self.register_buffer("codes", sets.codes, persistent=False)
        self.code = nn.Linear(sets.codes.shape[1], WIDTH)
        self.ill = nn.Sequential(nn.ReLU(), nn.Dropout(0.3), nn.Linear(WIDTH, WIDTH))
        self.matcher = DrugMatcher(molecules, WIDTH)
        self.read = nn.Linear(text, 1, bias=False) if text else None

    def score(self, disease: Tensor, drug: Tensor, text: Tensor) -> Tensor:
        """Score candidates; see `PairNetwork`."""
        scores = self._all(self.codes[disease]).gather(1, drug)
        return scores if self.read is None else scores + self.read(text).squeeze(-1)

    def own_loss(self, step: int) -> Tensor:
        """The loss on the medication sets of some diseases."""
        if not len(self.sets.taught):
            return torch.zeros(())
        rows = torch.randint(len(self.sets.taught), (AT_ONCE,), generator=torch.Generator().manual_seed(step))
        return multi_label_loss(self._all(self.sets.taught[rows]), self.sets.drugs[rows])

    def _all(self, codes: Tensor) -> Tensor:
        """Log-odds of all drugs for diseases of these codes, shape (diseases, drugs)."""
        scores: Tensor = self.matcher(self.ill(self.code(codes) / codes.sum(dim=1, keepdim=True).clamp(min=1).sqrt()))
        return scores


def safedrug(world: World, task: Task, setting: Corpora) -> Kept:
    """The row of SafeDrug.

    Raises:
        MissingExtra: torch or RDKit is not installed.
    """
    need("The row of SafeDrug", "torch", "rdkit")
    questions = questions_of(world, task, setting)
    molecules = read_molecules(questions.drugs, read_inchis(world.options.file("kg/compound_structures.tsv.gz")))
    torch.manual_seed(world.options.seed)
    network = SafeDrug(sets_of(world, task, questions), molecules, questions.text.shape[-1])
    known = int(molecules.known.sum())
    note = (
        f"a disease's codes in the place of a visit, one visit, no drug interactions in the graph; molecules of {known}"
        f" of {len(questions.drugs)} drugs, the other {len(questions.drugs) - known} have a learnt vector"
    )
    return trained(network, questions, task, epochs=EPOCHS, rate=2e-3, seed=world.options.seed, note=note)
