"""SafeDrug (Yang et al., IJCAI 2021) and 4SDrug (Tan et al., KDD 2022) on visits, as published: sets of drugs.

SafeDrug reads a patient's visits by two recurrent networks, of diagnoses and of procedures, and matches what it read
with molecules. 4SDrug reads the diagnoses of the visit alone, as a set of symptoms. Both lower the share of drugs that
interact, where the graph has interactions: SafeDrug only while it is above a bound, 4SDrug always a little.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kedrec.eval.tables.baselines.drug_matcher import DrugMatcher
from kedrec.eval.tables.baselines.four_s_drug import FourSDrug
from kedrec.eval.tables.baselines.medication_sets import Sets, multi_label_loss
from kedrec.eval.tables.baselines.molecules import Molecules
from kedrec.eval.tables.mimic.visits import Visit, Visits, table_of

__all__ = ["FourSDrugVisits", "SafeDrugVisits", "VisitNetwork", "trained_on_visits"]

WIDTH, AT_ONCE = 64, 32
BOUND, SLOPE = 0.06, 0.05
"""SafeDrug: the rate of interactions that is accepted, and how far above it nothing else counts."""
SMALL_SHARE = 0.1
"""4SDrug: weight of the penalty of interactions."""
SET_APART = 7


class VisitNetwork(nn.Module):
    """A network that gives drugs in visits.

    Args:
        visits: what is learnt from, and the interactions.
    """

    def __init__(self, visits: Visits) -> None:
        super().__init__()
        self.visits = visits
        self.interacting = None if visits.interacting is None else torch.from_numpy(visits.interacting)

    def log_odds(self, histories: Sequence[Sequence[Visit]]) -> Tensor:
        """Log-odds of the known drugs in the last visit of each history, shape (histories, drugs)."""
        raise NotImplementedError

    def loss(self, histories: Sequence[Sequence[Visit]], step: int) -> Tensor:
        """The loss on the last visit of each history."""
        raise NotImplementedError

    def interaction_loss(self, chances: Tensor) -> Tensor:
        """The chance that two drugs of a visit interact, meaned over all pairs."""
        if self.interacting is None:
            return torch.zeros(())
        return ((chances @ self.interacting) * chances).mean() / max(chances.shape[1], 1)


class SafeDrugVisits(VisitNetwork):
    """SafeDrug.

    Args:
        visits: what is learnt from.
        molecules: of the drugs, in their order.
    """

    def __init__(self, visits: Visits, molecules: Molecules) -> None:
        super().__init__(visits)
        self.kinds = (visits.diagnoses, visits.procedures)
        self.codes = nn.ModuleList(nn.Linear(max(len(kind), 1), WIDTH, bias=False) for kind in self.kinds)
        self.readers = nn.ModuleList(nn.GRU(WIDTH, WIDTH, batch_first=True) for _ in self.kinds)
        self.query = nn.Sequential(nn.ReLU(), nn.Linear(2 * WIDTH, WIDTH))
        self.dropout = nn.Dropout(0.3)
        self.matcher = DrugMatcher(molecules, WIDTH)

    def log_odds(self, histories: Sequence[Sequence[Visit]]) -> Tensor:
        """See `VisitNetwork`."""
        read = [self._read(place, histories) for place in range(len(self.kinds))]
        scores: Tensor = self.matcher(self.query(torch.cat(read, dim=1)))
        return scores

    def loss(self, histories: Sequence[Sequence[Visit]], step: int) -> Tensor:
        """The paper's: on the sets alone below the bound, and the more on interactions the further above it."""
        scores = self.log_odds(histories)
        given = torch.from_numpy(self.visits.given([history[-1] for history in histories]))
        own, chances = multi_label_loss(scores, given), torch.sigmoid(scores)
        share = min(1.0, max(0.0, 1 - (self._rate(chances) - BOUND) / SLOPE))
        return share * own + (1 - share) * self.interaction_loss(chances)

    @torch.no_grad()
    def _rate(self, chances: Tensor) -> float:
        """The share of pairs of drugs given together that interact."""
        if self.interacting is None:
            return 0.0
        chosen = (chances >= 0.5).float()
        together = torch.triu(chosen.T @ chosen, 1)
        return float((together * self.interacting).sum() / together.sum().clamp(min=1))

    def _read(self, place: int, histories: Sequence[Sequence[Visit]]) -> Tensor:
        """What a recurrent network makes of one kind of codes, shape (histories, WIDTH)."""
        longest = max(len(history) for history in histories)
        codes = torch.zeros(len(histories), longest, max(len(self.kinds[place]), 1))
        for row, history in enumerate(histories):
            sets = [visit.procedures if place else visit.diagnoses for visit in history]
            codes[row, : len(history), : len(self.kinds[place])] = torch.from_numpy(table_of(sets, self.kinds[place]))
        states, _ = self.readers[place](self.dropout(self.codes[place](codes)))
        last = torch.tensor([len(history) - 1 for history in histories])
        found: Tensor = states[torch.arange(len(histories)), last]
        return found


class FourSDrugVisits(VisitNetwork):
    """4SDrug.

    Args:
        visits: what is learnt from.
        learnt: visits that it trains on.
    """

    def __init__(self, visits: Visits, learnt: Sequence[Visit]) -> None:
        super().__init__(visits)
        codes = torch.from_numpy(table_of([visit.diagnoses for visit in learnt], visits.diagnoses))
        self.sets = FourSDrug(Sets(codes, codes, torch.from_numpy(visits.given(learnt))), 0)

    def log_odds(self, histories: Sequence[Sequence[Visit]]) -> Tensor:
        """See `VisitNetwork`."""
        codes = table_of([history[-1].diagnoses for history in histories], self.visits.diagnoses)
        return self.sets.log_odds(torch.from_numpy(codes))

    def loss(self, histories: Sequence[Sequence[Visit]], step: int) -> Tensor:
        """The paper's: on sets and on what pairs of them share, and on interactions."""
        return self.sets.own_loss(step) + SMALL_SHARE * self.interaction_loss(torch.sigmoid(self.log_odds(histories)))


def apart(visit: Visit) -> bool:
    """Whether a training patient is set apart to choose the epoch by; patients are numbered by lot."""
    return visit.patient % SET_APART == 0


def trained_on_visits(network: VisitNetwork, epochs: int, rate: float, seed: int) -> NDArray[np.float32]:
    """Train a network and let it give drugs in the visits asked; the epoch with the best Jaccard set apart is taken.

    Args:
        network: fresh.
        epochs: passes over the visits.
        rate: step size.
        seed: of the order.

    Returns:
        Chances, shape (visits asked, drugs).
    """
    visits = network.visits
    histories = visits.histories(visits.train)
    learnt = [history for history in histories if not apart(history[-1])]
    kept = [history for history in histories if apart(history[-1])] or learnt
    adam = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    best, chances, step = -1.0, torch.zeros(0), 0
    for epoch in range(epochs):
        order = torch.randperm(len(learnt), generator=torch.Generator().manual_seed(seed * 1000 + epoch)).tolist()
        network.train()
        for start in range(0, len(order), AT_ONCE):
            adam.zero_grad()
            loss = network.loss([learnt[place] for place in order[start : start + AT_ONCE]], step)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            step += 1
        found = _jaccard(network, kept)
        if found > best:
            best, chances = found, _chances(network, visits.histories(visits.test))
    return chances.numpy()


@torch.no_grad()
def _chances(network: VisitNetwork, histories: Sequence[Sequence[Visit]]) -> Tensor:
    network.eval()
    parts = [histories[start : start + AT_ONCE] for start in range(0, len(histories), AT_ONCE)]
    return torch.cat([torch.sigmoid(network.log_odds(part)) for part in parts])


def _jaccard(network: VisitNetwork, histories: Sequence[Sequence[Visit]]) -> float:
    given = torch.from_numpy(network.visits.given([history[-1] for history in histories]))
    chosen = (_chances(network, histories) >= 0.5).float()
    either = torch.maximum(chosen, given).sum(dim=1).clamp(min=1)
    return float(((chosen * given).sum(dim=1) / either).mean())
