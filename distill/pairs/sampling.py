"""Pairs drawn from the graph: a drug that it relates to a disease, and the drug most like it that it does not.

This is the first stage of KEDRec-LM. The relevant drug comes by equation (2), relevance from the edges between drug and
disease (`graphdb/link_prediction/relevance.py`), the irrelevant one by equation (3), cosine of embeddings
(`distill/pairs/irrelevant_drugs.py`).
Chance comes from hashes of the seed and the ids: the same graph gives the same pairs whatever the order of its files,
and a larger `n` begins with the pairs of a smaller one.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from kedrec.distill.pairs.askable_names import disease_faults, drug_faults
from kedrec.distill.pairs.drawn import MATCHED, NEAREST, Drawn, DrawnPair, PairsWanted, PassedOver, Split
from kedrec.distill.pairs.irrelevant_drugs import IrrelevantDrugs
from kedrec.distill.pairs.pairs_file import Named, OnPair
from kedrec.distill.pairs.popularity import Balance, Drawing
from kedrec.errors import UserError
from kedrec.graphdb.embeddings.files import GraphEmbeddings
from kedrec.graphdb.embeddings.nearest import Nearest
from kedrec.graphdb.link_prediction.disease_ontology import Ontology
from kedrec.graphdb.link_prediction.kernels import GraphArrays
from kedrec.graphdb.link_prediction.relevance import DrugUses
from kedrec.graphdb.names.normalize import fold, fold_loosely

__all__ = ["draw_pairs"]

AT_ONCE = 1024
LEAST_COVERAGE = 0.5
"""Embeddings that know a smaller share of the graph's drugs were made from another graph."""


@dataclass(frozen=True)
class Chance:
    """Draws by hashes, so that each draw stands alone: what else is drawn, and when, changes nothing."""

    seed: int
    """Another seed, other draws."""

    def of(self, *key: str) -> float:
        """Return the number above 0 and at most 1 that belongs to a key."""
        return (int(self.name(*key, letters=16), 16) + 1) / 2**64

    def name(self, *key: str, letters: int = 12) -> str:
        """Return hexadecimal digits that belong to a key and tell nothing of it."""
        return hashlib.sha256("\t".join((str(self.seed), *key)).encode()).hexdigest()[:letters]


def draw_pairs(
    arrays: GraphArrays,
    embeddings: GraphEmbeddings,
    wanted: PairsWanted,
    ontology: Ontology | None = None,
    on_progress: OnPair | None = None,
) -> Drawn:
    """Draw pairs from a graph.

    Args:
        arrays: the graph; the embedded store is one.
        embeddings: vectors of its drugs.
        wanted: which pairs.
        ontology: what is a kind of what among its diseases.
        on_progress: called with how many are drawn and how many are wanted.

    Raises:
        UserError: the embeddings belong to another graph, the graph has no such pairs or fewer than wanted, or the
            shares of the splits leave nothing to train on.
    """
    if wanted.dev + wanted.test >= 1:
        raise UserError(f"dev {wanted.dev:g} and test {wanted.test:g} of the diseases leave nothing to train on.")
    sampler = _Sampler(arrays, embeddings, wanted, ontology)
    relevant = sampler.relevant()
    found: list[tuple[Drawing, float]] = []
    for drawn in islice(sampler.draw(relevant), wanted.n):
        found.append(drawn)
        if on_progress:
            on_progress(len(found), wanted.n)
    if len(found) < wanted.n:
        raise UserError(_too_few(len(found), wanted))
    return Drawn(
        pairs=tuple(sampler.pair(*drawn) for drawn in found),
        drawings=tuple(drawing for drawing, _ in found),
        uses=sampler.uses,
        relevant=len(relevant),
        with_vector=sampler.with_vector,
        passed_over=sampler.passed_over(),
    )


def _too_few(possible: int, wanted: PairsWanted) -> str:
    ask = f"Ask for --n {possible} or fewer" if possible else "Load a graph that has some"
    return (
        f"{wanted.n:,} pairs were wanted, {possible:,} can be drawn from this graph. {ask}, or take more drugs as"
        f" relevant with --least-relevance below {wanted.least_relevance:g}."
    )


class _Sampler:
    """Draws pairs; drugs are rows and diseases columns of `uses`."""

    def __init__(
        self, arrays: GraphArrays, embeddings: GraphEmbeddings, wanted: PairsWanted, ontology: Ontology | None
    ) -> None:
        self.wanted, self.ontology, self.chance = wanted, ontology, Chance(wanted.seed)
        self.uses = DrugUses(arrays)
        self.drug_names, self.disease_names = (
            [arrays.names[place] for place in places.tolist()] for places in (self.uses.drugs, self.uses.diseases)
        )
        vectors = _vectors(embeddings, self.uses.drug_ids)
        self.with_vector = int((vectors >= 0).sum())
        self.drug_faults = self._drug_faults(vectors)
        self.disease_faults = disease_faults(
            self.uses.disease_ids, self.disease_names, self.uses.disease_degrees.tolist()
        )
        self.unasked: Counter[str] = Counter()
        pool = [drug for drug, fault in enumerate(self.drug_faults) if fault is None]
        self.irrelevant = IrrelevantDrugs(
            self.uses,
            pool=pool,
            nearest=Nearest(embeddings.vectors[vectors[pool]]),
            drug_names=[
                {fold(name) for name in (arrays.names[i], *arrays.synonyms(i))} for i in self.uses.drugs.tolist()
            ],
            disease_names=[{fold_loosely(name)} for name in self.disease_names],
            ontology=ontology,
        )

    def _drug_faults(self, vectors: np.ndarray) -> list[str | None]:
        """Return why each drug cannot be drawn; None where it can."""
        named = drug_faults(self.uses.drug_ids, self.drug_names, self.uses.drug_degrees.tolist())
        useless = ~self.wanted.any_compound & (self.uses.use_counts == 0)
        return [
            "used for no disease" if no_use else fault or ("no embedding" if vector < 0 else None)
            for no_use, fault, vector in zip(useless.tolist(), named, vectors.tolist(), strict=True)
        ]

    def relevant(self) -> list[tuple[int, int]]:
        """Return each relevant (drug, disease), equation (2), in the order of drawing.

        Every disease's first drug comes before any disease's second; which drug is first is drawn with probabilities
        proportional to relevance (Efraimidis and Spirakis 2006).
        """
        queues: dict[int, list[tuple[float, int]]] = defaultdict(list)
        table = self.uses.relevance.tocoo()
        for drug, disease, weight in zip(table.row.tolist(), table.col.tolist(), table.data.tolist(), strict=True):
            if weight < self.wanted.least_relevance:
                fault: str | None = "too little relevance"
            elif self.disease_faults[disease]:
                fault = f"disease: {self.disease_faults[disease]}"
            else:
                fault = f"drug: {self.drug_faults[drug]}" if self.drug_faults[drug] else None
            if fault:
                self.unasked[fault] += 1
            else:
                chance = self.chance.of("drug", self.uses.disease_ids[disease], self.uses.drug_ids[drug])
                queues[disease].append((-math.log(chance) / weight, drug))
        rounds = [
            (turn, self.chance.of("disease", self.uses.disease_ids[disease]), disease, drug)
            for disease, queue in queues.items()
            for turn, (_, drug) in enumerate(sorted(queue))
        ]
        return [(drug, disease) for _, _, disease, drug in sorted(rounds)]

    def draw(self, relevant: list[tuple[int, int]]) -> Iterator[tuple[Drawing, float]]:
        """Yield each pair with its similarity, equation (3)."""
        balance = Balance(self.uses) if self.wanted.match_popularity else None
        for number, (drug, disease) in enumerate(relevant):
            if number % AT_ONCE == 0:
                self.irrelevant.prepare(near for near, _ in relevant[number : number + AT_ONCE])
            near = list(islice(self.irrelevant.against(drug, disease), self.wanted.among if balance else 1))
            if not near:
                self.unasked["no irrelevant drug is left"] += 1
                continue
            best = balance.choose(disease, drug, [other for other, _ in near]) if balance else 0
            yield Drawing(disease, drug, near[best][0]), near[best][1]

    def pair(self, drawing: Drawing, similarity: float) -> DrawnPair:
        """Return the line of the pairs file."""
        disease_id = self.uses.disease_ids[drawing.disease]
        sides = sorted((self._drug(drawing.relevant), self._drug(drawing.irrelevant)), key=lambda drug: drug.id)
        key = (disease_id, sides[0].id, sides[1].id)
        if self.chance.of("order", *key) <= 0.5:
            sides.reverse()
        # The split of a disease, the same for all its ids; nothing else but the seed decides it.
        same = self.ontology.same.get(disease_id, frozenset()) if self.ontology else frozenset()
        chance = self.chance.of("split", min(disease_id, *same) if same else disease_id)
        if chance <= self.wanted.test:
            split: Split = "test"
        else:
            split = "dev" if chance <= self.wanted.test + self.wanted.dev else "train"
        return DrawnPair(
            id=f"p{self.chance.name('id', *key)}",
            split=split,
            disease=Named(id=disease_id, name=self.disease_names[drawing.disease]),
            candidates=(sides[0], sides[1]),
            answer=self.uses.drug_ids[drawing.relevant],
            negative_kind=MATCHED if self.wanted.match_popularity else NEAREST,
            sources=self.uses.stated(drawing.relevant, drawing.disease),
            relevance=float(self.uses.relevance[drawing.relevant, drawing.disease]),
            similarity=round(similarity, 6),
        )

    def _drug(self, drug: int) -> Named:
        return Named(id=self.uses.drug_ids[drug], name=self.drug_names[drug])

    def passed_over(self) -> PassedOver:
        """Return what was passed over so far; see `Drawn`."""
        drugs = Counter(fault for fault in self.drug_faults if fault)
        counted = {"drugs": drugs, "relevant": self.unasked, "irrelevant": self.irrelevant.passed_over}
        return {what: dict(sorted(reasons.items())) for what, reasons in counted.items()}


def _vectors(embeddings: GraphEmbeddings, drug_ids: list[str]) -> np.ndarray:
    """Return the row of each drug's vector, -1 if there is none or it is nought.

    Raises:
        UserError: too few drugs have one.
    """
    rows = embeddings.rows(drug_ids)
    known = int((rows >= 0).sum())
    if not drug_ids:
        raise UserError("The graph has no drugs. Load one that has: kedrec graph load FILE")
    if known < LEAST_COVERAGE * len(drug_ids):
        raise UserError(
            f"The embeddings know {known:,} of the graph's {len(drug_ids):,} drugs: they were made from another graph."
            " Take those made from this one, or load the graph that they belong to."
        )
    return np.where(embeddings.vectors[rows].any(axis=1), rows, -1)
