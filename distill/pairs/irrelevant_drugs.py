"""The irrelevant drugs (hard negatives) for a relevant one, nearest first: equation (3) of KEDRec-LM.

Nearest is by cosine of the embeddings. Left out is every drug with a therapeutic edge to the disease, to another entity
of the same name or, where an ontology is given, to one of its ancestors, descendants and other ids; and every other id
of such a drug, known by a name that the two share. A drug that harms in the disease (GNBR's `Sa`, `J`) stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from kedrec.distill.pairs.askable_names import namesakes
from kedrec.graphdb.embeddings.nearest import Nearest
from kedrec.graphdb.link_prediction.disease_ontology import Ontology
from kedrec.graphdb.link_prediction.relevance import DrugUses

__all__ = ["IrrelevantDrugs"]


class IrrelevantDrugs:
    """Finds irrelevant drugs; drugs are rows and diseases columns of `uses`.

    Args:
        uses: what the graph states between drugs and diseases.
        pool: drugs that may be drawn.
        nearest: their embeddings, in the same order.
        drug_names: folded names of every drug of the graph.
        disease_names: folded names of every disease of the graph.
        ontology: what is a kind of what among diseases.
    """

    def __init__(
        self,
        uses: DrugUses,
        *,
        pool: list[int],
        nearest: Nearest,
        drug_names: list[Collection[str]],
        disease_names: list[Collection[str]],
        ontology: Ontology | None,
    ) -> None:
        self._uses, self._pool, self._nearest, self._ontology = uses, pool, nearest, ontology
        self._place = {drug: place for place, drug in enumerate(pool)}
        self._column = {entity_id: column for column, entity_id in enumerate(uses.disease_ids)}
        self._users = uses.treats.tocsc()
        self._same_drug, self._same_disease = namesakes(drug_names), namesakes(disease_names)
        self._barred: dict[int, dict[int, str]] = {}
        self.passed_over: Counter[str] = Counter()
        """How many nearer drugs were passed over so far, by reason."""

    def prepare(self, drugs: Iterable[int]) -> None:
        """Compare many relevant drugs with all others at once, which is much faster than one by one."""
        self._nearest.prepare(self._place[drug] for drug in drugs)

    def against(self, drug: int, disease: int) -> Iterator[tuple[int, float]]:
        """Yield the drugs that may stand against a relevant one, nearest first, with their cosines."""
        barred = self.barred(disease)
        for place, cosine in self._nearest.of(self._place[drug]):
            other = self._pool[place]
            if other in barred:
                self.passed_over[barred[other]] += 1
            else:
                yield other, cosine

    def barred(self, disease: int) -> dict[int, str]:
        """Return the drugs that are not irrelevant to a disease, and why."""
        if disease not in self._barred:
            kin = self._ontology.related(self._uses.disease_ids[disease]) if self._ontology else frozenset()
            known = {self._column[entity_id] for entity_id in kin if entity_id in self._column}
            related = [
                drug
                for other in (known | self._same_disease.get(disease, frozenset())) - {disease}
                for drug in self._used_for(other)
            ]
            used = dict.fromkeys(related, "used for a related disease")
            used |= dict.fromkeys(self._used_for(disease), "used for the disease")
            twins = {twin for drug in used for twin in self._same_drug.get(drug, ())}
            self._barred[disease] = dict.fromkeys(twins, "another id of a drug used for it") | used
        return self._barred[disease]

    def _used_for(self, disease: int) -> list[int]:
        first, last = self._users.indptr[disease : disease + 2].tolist()
        used: list[int] = self._users.indices[first:last].tolist()
        return used
