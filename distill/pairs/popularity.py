"""How well known the two drugs of a pair are, and how to keep that from giving the answer away.

A drug used for much is more often the relevant one: who picks the better known drug is right far too often, and so is
who remembers how often a drug was the answer. `Balance` draws so that neither helps, `popularity` measures both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.link_prediction.relevance import DrugUses
from kedrec.records import Record

__all__ = ["Balance", "Drawing", "Popularity", "Side", "Spread", "popularity", "spread", "standing"]


NEARNESS = 4.0
"""What the last of the neighbours costs more than the first; known e times better or worse costs 1."""


class Drawing(NamedTuple):
    """A disease and its two drugs, as column and rows of `DrugUses`."""

    disease: int
    relevant: int
    irrelevant: int


class Balance:
    """Chooses among near neighbours one that is known about as well as the relevant drug.

    Whether the chosen one is better known by degree, by uses, and by how often it was the answer so far is tallied, and
    the side that leads pays for leading further: each of the three ends up right about half of the time.

    Args:
        uses: what the graph states; drugs are its rows and diseases its columns.
    """

    def __init__(self, uses: DrugUses) -> None:
        self._uses = uses
        self._leads = np.zeros(3)
        self._answers: Counter[int] = Counter()
        self._drawn: Counter[int] = Counter()

    def choose(self, disease: int, relevant: int, others: Sequence[int]) -> int:
        """Return the place in `others` of the chosen drug; of equals the first.

        Args:
            disease: the disease.
            relevant: the relevant drug.
            others: drugs to choose from, nearest first, at least one.
        """
        own = np.log1p(standing(self._uses, relevant, disease))
        gaps = np.array([np.log1p(standing(self._uses, other, disease)) - own for other in others])
        records = np.array([[self._share(other) - self._share(relevant)] for other in others])
        leads = np.sign(np.hstack((gaps, records)))
        ranks = np.arange(len(others)) / len(others)
        costs = NEARNESS * ranks + np.abs(gaps).sum(axis=1) + leads @ np.sign(self._leads)
        best = int(np.argmin(np.round(costs, 9)))
        self._leads += leads[best]
        self._answers[relevant] += 1
        self._drawn.update((relevant, others[best]))
        return best

    def _share(self, drug: int) -> float:
        return (self._answers[drug] + 1) / (self._drawn[drug] + 2)


class Spread(Record):
    """How some numbers are spread."""

    least: float
    """Smallest."""
    lower: float
    """Lower quartile."""
    median: float
    """Median."""
    upper: float
    """Upper quartile."""
    most: float
    """Largest."""


class Side(Record):
    """The relevant drugs of all pairs, or the irrelevant ones."""

    drugs: int
    """How many different ones."""
    degree: Spread
    """Triples, those with the pair's disease left out."""
    uses: Spread
    """Other diseases with a therapeutic edge."""


class Popularity(Record):
    """What popularity alone says of the answers; 0.5 is nothing, ties count half."""

    relevant: Side
    """The relevant drugs."""
    irrelevant: Side
    """The irrelevant drugs."""
    by_degree: float
    """Share of pairs in which the relevant drug has more triples."""
    by_uses: float
    """Share of pairs in which it is used for more other diseases."""
    by_frequency: float
    """Share of pairs that choosing by how often a drug is the answer in the pairs of all other diseases gets right."""


def standing(uses: DrugUses, drug: int, disease: int) -> tuple[int, int]:
    """Return how well known a drug is: its triples, and the diseases it is used for, both without this disease."""
    stated = uses.stated(drug, disease)
    used = any(map(is_therapeutic, stated))
    return int(uses.drug_degrees[drug]) - len(stated), int(uses.use_counts[drug]) - used


def popularity(drawings: Sequence[Drawing], uses: DrugUses) -> Popularity:
    """Measure what popularity alone says of the answers.

    Args:
        drawings: the pairs, at least one.
        uses: what the graph states.
    """
    relevant = np.array([standing(uses, pair.relevant, pair.disease) for pair in drawings])
    irrelevant = np.array([standing(uses, pair.irrelevant, pair.disease) for pair in drawings])
    by_degree, by_uses = _right(relevant - irrelevant)
    return Popularity(
        relevant=_side([pair.relevant for pair in drawings], relevant),
        irrelevant=_side([pair.irrelevant for pair in drawings], irrelevant),
        by_degree=by_degree,
        by_uses=by_uses,
        by_frequency=_by_frequency(drawings),
    )


def _right(leads: np.ndarray) -> list[float]:
    """Return per column the share of rows above nought, those at nought counted half."""
    shares = ((np.sign(leads) + 1) / 2).mean(axis=0)
    return [round(float(share), 4) for share in np.atleast_1d(shares)]


def _side(drugs: Sequence[int], standings: np.ndarray) -> Side:
    return Side(drugs=len(set(drugs)), degree=spread(standings[:, 0]), uses=spread(standings[:, 1]))


def spread(values: np.ndarray | Sequence[float]) -> Spread:
    """Return how numbers are spread; at least one."""
    quantiles = np.quantile(np.asarray(values, np.float64), (0, 0.25, 0.5, 0.75, 1)).round(4).tolist()
    return Spread(**dict(zip(Spread.model_fields, quantiles, strict=True)))


def _by_frequency(drawings: Sequence[Drawing]) -> float:
    answers, drawn = _frequencies(drawings)
    of_disease: dict[int, list[Drawing]] = {}
    for pair in drawings:
        of_disease.setdefault(pair.disease, []).append(pair)
    leads = []
    for own in of_disease.values():
        own_answers, own_drawn = _frequencies(own)
        for pair in own:
            first, second = (
                (answers[drug] - own_answers[drug] + 1) / (drawn[drug] - own_drawn[drug] + 2)
                for drug in (pair.relevant, pair.irrelevant)
            )
            leads.append(first - second)
    return _right(np.array(leads))[0]


def _frequencies(drawings: Sequence[Drawing]) -> tuple[Counter[int], Counter[int]]:
    """Return how often each drug is the answer, and how often it is drawn."""
    answers = Counter(pair.relevant for pair in drawings)
    return answers, answers + Counter(pair.irrelevant for pair in drawings)
