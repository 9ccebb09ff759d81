"""Weighs which of some drugs is more likely to have a side effect.

Counted are the articles with a sentence that names drug and effect and speaks of harm; an edge that states the effect
adds a fixed amount. The weight is set by hand: what `python -m kedrec.eval.harm_weights` fits is at chance. How many
side effects the graph lists of a drug at all tells held-out edges as well as all else together, and is not counted: it
says how closely a drug was watched, and would have aripiprazole bring about more weight than olanzapine. What drugs of
the same class are listed with is shown and not counted: it told nothing beyond that when it was tried.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kedrec.agents.offline.ranker import chances
from kedrec.agents.offline.weigher import Weighing
from kedrec.graphdb.store import GraphStore, HiddenPairs
from kedrec.records import CandidateScore, Corpora, Entity, Factor, edge_source
from kedrec.tools.harm_toolbox import SAYS_LITTLE, harm_sentences, naming_both

if TYPE_CHECKING:
    from kedrec.tools.literature import Literature

__all__ = ["FIELDS", "NOTE", "HarmWeigher", "Known", "harm_weights"]

FIELDS = ("articles",)
"""What is counted of a drug, in the order of the weights; each as ln(1 + count)."""
STATED = 1.0
"""Log-odds of an edge that states the effect, beside a drug without one. Argued, not fitted: the labels are such edges,
and where a graph holds few of all side effects, most drugs lack edges that they should have."""
CITED = 2
"""Sources of one count that are shown."""
NOTE = "A side effect that is not listed is not ruled out, and articles speak most of what is most watched."


class Known(NamedTuple):
    """What is counted of a drug and a side effect."""

    stated: tuple[str, ...]
    """Edges that state the effect, as sources."""
    articles: tuple[str, ...]
    """Articles with a sentence that names both and speaks of harm, and not of little of it."""

    @property
    def counts(self) -> tuple[float, ...]:
        """The numbers behind `FIELDS`."""
        return (math.log1p(len(self.articles)),)


@cache
def harm_weights() -> tuple[float, ...]:
    """Return the weights of `FIELDS`."""
    told = json.loads((Path(__file__).parent.parent / "model" / "harms.json").read_text("utf-8"))
    return tuple(float(told["weights"][name]) for name in FIELDS)


class HarmWeigher:
    """Weighs drugs for one side effect.

    Args:
        store: the graph, nothing hidden.
        literature: the documents; None where there are none.
    """

    def __init__(self, store: GraphStore, literature: Literature | None) -> None:
        self._store, self._literature = store, literature

    def weigh(self, disease: Entity, candidates: Sequence[Entity], setting: Corpora, hidden: HiddenPairs) -> Weighing:
        """Weigh candidates.

        Args:
            disease: the side effect, which stands in the place of a disease.
            candidates: the drugs.
            setting: which corpora may be used.
            hidden: pairs whose direct edges count as never loaded.

        Returns:
            Scores in log-odds above the mean of the candidates, with what was counted.
        """
        known = [self.known(disease, drug, setting, hidden) for drug in candidates]
        shares = np.array([(STATED * bool(one.stated), *np.multiply(harm_weights(), one.counts)) for one in known])
        shares -= shares.mean(axis=0, keepdims=True)
        scores = shares.sum(axis=1)
        weighed = tuple(
            CandidateScore(
                id=drug.id,
                score=round(float(score), 6),
                probability=round(float(chance), 6),
                factors=tuple(sorted(_factors(disease, drug, one, own), key=lambda factor: -factor.share)),
            )
            for drug, one, own, score, chance in zip(
                candidates, known, shares.tolist(), scores, chances(scores), strict=True
            )
        )
        return Weighing(candidates=weighed, notes=(NOTE,))

    def known(self, effect: Entity, drug: Entity, setting: Corpora, hidden: HiddenPairs) -> Known:
        """Return what is counted of a drug and a side effect."""
        store = self._store.hiding(hidden) if hidden else self._store
        stated = tuple(edge_source(e.head, e.relation, e.tail) for e in store.direct(drug.id, effect.id))
        reads = self._literature is not None and setting in {"articles", "both"}
        found = naming_both(self._literature, "articles", drug, effect) if self._literature and reads else []
        plain = [
            hit for hit in found if not all(SAYS_LITTLE.search(one) for one in harm_sentences(hit.text, drug, effect))
        ]
        return Known(stated, tuple(dict.fromkeys(hit.document_id for hit in plain)))


def _factors(effect: Entity, drug: Entity, known: Known, shares: Sequence[float]) -> Iterator[Factor]:
    """What speaks of a drug, with what it adds; what was not found is no factor."""
    if known.stated:
        text = f"the graph lists {effect.name} as a side effect of {drug.name}"
        yield Factor(group="side effect stated", share=round(shares[0], 6), text=text, sources=known.stated)
    if known.articles:
        count = len(known.articles)
        text = (
            f"{count} article{'s name' if count > 1 else ' names'} {drug.name} and {effect.name} in a sentence of harm"
        )
        yield Factor(group="articles", share=round(shares[1], 6), text=text, sources=known.articles[:CITED])
