"""The facts behind a share of a score, in words and with where they stand.

Whatever is cited is checked here: a document is one in which both names were found, an edge is one of the visible
graph.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.offline.literature_stats import Derived, Meeting
from kedrec.agents.offline.question_features import corpora_of
from kedrec.agents.offline.roles.weighed import edge_share
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import Corpora, Factor
from kedrec.tools.text.pair_record_counts import FIELDS
from kedrec.tools.text.zones import TITLE

__all__ = ["CITED", "Facts", "direct_edges"]

CITED = 5
"""Most sources of one factor."""
LEAST_SHARE = 0.02
"""Log-odds below which a group of evidence is not worth a sentence."""


def direct_edges(graph: GraphFacts, drug: str, disease: str, hidden: HiddenPairs) -> tuple[str, ...]:
    """Return the visible therapeutic edges between a drug and a disease, by their source ids.

    Args:
        graph: The graph.
        drug: Compound id.
        disease: Disease id.
        hidden: Pairs whose direct edges count as never loaded.
    """
    pairs = graph.groups.spread(frozenset({frozenset((drug, disease))}))
    return graph.stated(drug, disease) if hidden.isdisjoint(pairs) else ()


_SAID = {
    "cue_benefit": "with words of benefit",
    "cue_use": "with words of treatment",
    "cue_failure": "with words of negation or failure",
    "cue_harm": "with words of harm or association",
}
"""What sentences say, by the field that counts them."""


class Facts:
    """Puts the evidence of each group into words.

    Args:
        link: The graph's treat edges with some pairs hidden.
        derived: What was prepared from the literature.
        hidden: The hidden pairs.
    """

    def __init__(self, link: LinkModel, derived: Derived | None, hidden: HiddenPairs) -> None:
        self._link, self._derived, self._hidden = link, derived, hidden

    def name(self, entity_id: str) -> str:
        """Return the preferred name of an entity, its id where the graph does not have it."""
        return self._link.facts.name(entity_id)

    def of(self, group: str, disease: str, drug: str) -> tuple[str, tuple[str, ...]]:
        """Return what is known in a group of evidence.

        Args:
            group: One of ``kedrec.agents.offline.question_features.GROUPS``.
            disease: Disease id.
            drug: Compound id.

        Returns:
            A sentence fragment, and the sources of what it says.
        """
        if group == "similar drugs":
            return self._similar_drugs(disease, drug)
        if group == "similar diseases":
            return self._similar_diseases(disease, drug)
        if group == "drug in the graph":
            return self._uses(disease, drug)
        kind, _, corpus = group.rpartition(" in ")
        tell = {"": self._meetings, "claims": self._claims, "writing": self._writing, "class": self._class}[kind]
        return tell(corpus, disease, drug)

    def factors(
        self,
        disease: str,
        drug: str,
        *,
        groups: Sequence[str],
        shares: NDArray[np.float64],
        direct: Sequence[str],
    ) -> tuple[Factor, ...]:
        """Return what a score is made of, largest share first."""
        factors = [Factor(group=group, share=round(float(share), 6), text=text, sources=sources)
                   for group, share in zip(groups, shares, strict=True) if abs(share) >= LEAST_SHARE
                   for text, sources in [self.of(group, disease, drug)]]  # fmt: skip
        if direct:
            text = f"the graph itself states that {self.name(drug)} is used for {self.name(disease)}"
            factors.append(Factor(group="direct edge", share=edge_share(direct), text=text, sources=tuple(direct)))
        return tuple(sorted(factors, key=lambda factor: (-abs(factor.share), factor.group)))

    def joined(self, ids: Sequence[str]) -> list[str]:
        """Return a sentence for each of what was asked about that has several ids."""
        said = (self._link.facts.groups.note(one, self.name(one)) for one in ids)
        return [note for note in dict.fromkeys(said) if note]

    def unknown(self, disease: str, candidates: Sequence[str], setting: Corpora) -> list[str]:
        """Return a sentence for each entity that there is no evidence about."""
        facts, notes = self._link.facts, []
        if disease not in facts.disease_row:
            notes.append(f"{disease} is not in the graph; the score rests on nothing it says.")
        notes += [
            f"{drug} is not in the graph; the score rests on nothing it says."
            for drug in candidates
            if drug not in facts.drug_row
        ]
        if disease in facts.disease_row and not self._link.uses(facts.disease_row[disease]).any():
            notes.append("No drug is known to treat the disease in the visible graph.")
        for corpus in corpora_of(setting):
            held = self._derived.corpora[corpus] if self._derived else None
            ill = self._derived.index.get(disease) if self._derived else None
            if held is not None and ill is not None and not held.pairs.alone[ill]:
                notes.append(f"No document of the {corpus} names the disease.")
        return notes

    def _similar_drugs(self, disease: str, drug: str) -> tuple[str, tuple[str, ...]]:
        near = self._link.similar_drugs(disease, drug)
        edges = [edge for other in near for edge in self._edges(other.id, disease)[:1]]
        if not near:
            return f"no drug similar to {self.name(drug)} treats {self.name(disease)} in the graph", ()
        names = ", ".join(self.name(other.id) for other in near)
        return f"drugs similar to {self.name(drug)} treat {self.name(disease)} in the graph: {names}", tuple(edges)

    def _similar_diseases(self, disease: str, drug: str) -> tuple[str, tuple[str, ...]]:
        near = self._link.similar_diseases(disease, drug)
        edges = [edge for other in near for edge in self._edges(drug, other.id)[:1]]
        if not near:
            return f"{self.name(drug)} treats no disease similar to {self.name(disease)} in the graph", ()
        names = ", ".join(self.name(other.id) for other in near)
        return f"{self.name(drug)} treats diseases similar to {self.name(disease)} in the graph: {names}", tuple(edges)

    def _uses(self, disease: str, drug: str) -> tuple[str, tuple[str, ...]]:
        row, facts = self._link.facts.drug_row.get(drug), self._link.facts
        treated = [] if row is None else [facts.disease_ids[i] for i in self._link.treats[row].indices.tolist()]
        others = sorted(other for other in treated if other not in facts.groups.of(disease))
        edges = [edge for other in others[:2] for edge in self._edges(drug, other)[:1]]
        count = f"{len(others)} other disease{'s' if len(others) != 1 else ''}"
        return f"the graph has {self.name(drug)} as a treatment of {count}", tuple(edges)

    def _edges(self, drug: str, disease: str) -> tuple[str, ...]:
        return direct_edges(self._link.facts, drug, disease, self._hidden)

    def _found(self, corpus: str, disease: str, drug: str) -> list[Meeting]:
        held = self._derived.corpora.get(corpus) if self._derived else None
        if (
            self._derived is None
            or held is None
            or disease not in self._derived.index
            or drug not in self._derived.index
        ):
            return []
        return held.meetings(self._derived.index[drug], self._derived.index[disease])

    def _meetings(self, corpus: str, disease: str, drug: str) -> tuple[str, tuple[str, ...]]:
        found = self._found(corpus, disease, drug)
        both = f"{self.name(drug)} and {self.name(disease)}"
        if not found:
            return f"no document of the {corpus} names both {both}", ()
        heading = [meeting for meeting in found if meeting.heading]
        verb = "names" if len(found) == 1 else "name"
        text = f"{_count(len(found), corpus)} {verb} both {both}, {len(heading)} of them in the title or opening"
        if corpus == "trials" and heading:
            # Phase and status of trials in words.
            done = sum(meeting.status.startswith("complet") for meeting in heading)
            ended = sum(meeting.status.startswith(("terminat", "withdrawn", "suspend")) for meeting in heading)
            late = sum(any(digit in meeting.phase for digit in "34") for meeting in heading)
            parts = [
                f"{number} {word}"
                for number, word in ((done, "completed"), (ended, "stopped early"), (late, "of phase 3 or 4"))
                if number
            ]
            text += f" ({', '.join(parts)})" if parts else ""
        return text, tuple(meeting.id for meeting in found[:CITED])

    def _claims(self, corpus: str, disease: str, drug: str) -> tuple[str, tuple[str, ...]]:
        counts = self._counts(corpus, disease, drug)
        both = f"{self.name(drug)} and {self.name(disease)}"
        if not counts.get("sentences"):
            return f"no sentence of the {corpus} names both {both}", ()
        said = ", ".join(f"{counts[name]} {phrase}" for name, phrase in _SAID.items() if counts[name])
        verb = "names" if counts["sentences"] == 1 else "name"
        text = f"{_plural(counts['sentences'], 'sentence')} of the {corpus} {verb} both {both}"
        # Where sentences that name both stand, as far as it is known, and those documents.
        records = counts["records"]
        found = tuple(meeting.id for meeting in self._found(corpus, disease, drug)[:CITED])
        titled = self._titled(corpus, disease, drug)[:CITED]
        if titled and records > 1:
            where, sources = "; cited: documents with both in the title", titled
        elif records == 1:
            where, sources = "; cited: the only such document", found
        else:
            where, sources = "; cited: documents that name both anywhere", found
        return text + (f": {said}" if said else "") + where, sources

    def _titled(self, corpus: str, disease: str, drug: str) -> tuple[str, ...]:
        """Return the documents whose title names both."""
        if not self._derived or not self._found(corpus, disease, drug):
            return ()
        held = self._derived.corpora[corpus]
        rows = [slice(held.begins[i], held.begins[i + 1]) for i in (self._derived.index[e] for e in (drug, disease))]
        one, other = (held.postings[row][held.zones[row] & TITLE > 0] for row in rows)
        return tuple(held.documents[i] for i in np.intersect1d(one, other).tolist())

    def _counts(self, corpus: str, disease: str, drug: str) -> dict[str, int]:
        held = self._derived.corpora.get(corpus) if self._derived else None
        if (
            self._derived is None
            or held is None
            or disease not in self._derived.index
            or drug not in self._derived.index
        ):
            return {}
        key = self._derived.index[drug] * (len(held.begins) - 1) + self._derived.index[disease]
        return dict(
            zip(FIELDS, held.pairs.rows(np.array([key], np.int64))[0].round().astype(int).tolist(), strict=True)
        )

    def _writing(self, corpus: str, disease: str, drug: str) -> tuple[str, tuple[str, ...]]:
        found = self._found(corpus, disease, drug)
        text = f"how far what the {corpus} say about {self.name(drug)} is like what they say about {self.name(disease)}"
        return text, tuple(meeting.id for meeting in found[:2])

    def _class(self, corpus: str, disease: str, drug: str) -> tuple[str, tuple[str, ...]]:
        named: list[tuple[str, list[Meeting]]] = []
        for other in self._link.similar_drugs(disease, drug):
            found = self._found(corpus, disease, other.id)
            named += [(other.id, found)] if found else []
        if not named:
            return f"the {corpus} name no similar drug that treats {self.name(disease)} together with it", ()
        names = ", ".join(self.name(other) for other, _ in named)
        sources = tuple(dict.fromkeys(found[0].id for _, found in named))
        return (
            f"the {corpus} name {self.name(disease)} together with drugs similar to {self.name(drug)}: {names}",
            sources[:CITED],
        )


def _count(number: int, corpus: str) -> str:
    return _plural(number, corpus.removesuffix("s"))


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
