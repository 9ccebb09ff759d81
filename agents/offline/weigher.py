"""Choosing among drugs for a disease by the weight of the evidence, with no language model.

The fitted model weighs what the graph and the literature say; a therapeutic edge between drug and disease that is not
hidden is no matter of weighing and adds a fixed, large amount. Every share of a score comes with the facts behind it
and where they stand.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.offline.factor_texts import Facts, direct_edges
from kedrec.agents.offline.literature_build import LiteratureSource, build
from kedrec.agents.offline.literature_stats import Derived, open_derived
from kedrec.agents.offline.question_features import Transfer, corpora_of, measures, question_features
from kedrec.agents.offline.ranker import Ranker, chances, load_ranker
from kedrec.agents.offline.roles.family import acting_alike
from kedrec.agents.offline.roles.role import Role
from kedrec.agents.offline.roles.weighed import edge_share
from kedrec.graphdb.link_prediction.kernels import GraphArrays
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.solutions import Solutions
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import CandidateScore, Corpora, Record

__all__ = ["Weigher", "Weighing"]

LEFT_OUT_LIFT = 10.0
"""Times more often than by chance that trials name drug and disease together before their criteria say something."""
LEFT_OUT_EARLY = 0.125
"""Share of those records that may name both early in their text, as trials of a use do."""
LINKS = "link-model"
"""Where in the folder of what is derived the link model keeps what it solved."""
KEPT = 4
"""Sets of hidden pairs whose graph scores are kept in memory."""


class Weighing(Record):
    """What the evidence says of some candidates."""

    candidates: tuple[CandidateScore, ...]
    """In the order asked."""
    notes: tuple[str, ...] = ()
    """What was missing, each as a sentence."""
    roles: tuple[Role, ...] = ()
    """What each candidate is to the disease, in the same order; empty where that was not read."""


class Weigher:
    """Weighs evidence for one graph and one literature; safe to use from several threads.

    Args:
        arrays: The graph, nothing hidden.
        literature: The documents.
        folder: Where what is derived from them is kept.
        ranker: The fitted model; the shipped one by default.
    """

    def __init__(
        self, arrays: GraphArrays, literature: LiteratureSource, folder: Path, ranker: Ranker | None = None
    ) -> None:
        self._arrays, self._literature, self._folder = arrays, literature, folder
        self._ranker = ranker or load_ranker()
        self._lock = threading.RLock()
        self._graph: GraphFacts | None = None
        self._views: OrderedDict[tuple[HiddenPairs, str], _View] = OrderedDict()
        self._derived: tuple[str, Derived | None] | None = None

    @classmethod
    def open(
        cls, arrays: GraphArrays, literature: LiteratureSource, folder: Path, weights: Path | None = None
    ) -> Weigher:
        """Open the weigher of a home; nothing is built.

        Args:
            arrays: The graph, nothing hidden.
            literature: The documents.
            folder: Where what is derived from them is kept.
            weights: Folder of the fitted model; the shipped one by default.
        """
        return cls(arrays, literature, folder, load_ranker(weights) if weights else None)

    def prepare_graph(self) -> None:
        """Solve the link model of the graph and keep it, where that was not done before."""
        self._link(frozenset())

    def prepare(self, progress: Callable[[str, float], None] | None = None) -> Derived:
        """Derive what is needed from the literature; what is there already is kept, a killed build goes on.

        Args:
            progress: Called with what is being done and the share done.
        """
        built = build(self._folder, self._arrays, self._literature, progress)
        self.prepare_graph()
        with self._lock:
            self._derived, self._views = None, OrderedDict()
        return built

    def weigh(
        self, disease_id: str, candidate_ids: Sequence[str], setting: Corpora, hidden: HiddenPairs = frozenset()
    ) -> Weighing:
        """Weigh the evidence for each candidate.

        Args:
            disease_id: Disease id.
            candidate_ids: Compound ids; their order does not matter.
            setting: Which corpora may be used.
            hidden: Pairs whose direct edges count as never loaded.

        Returns:
            The candidates' scores, probabilities and the factors behind them, largest share first.
        """
        view = self._view(hidden)
        used = self._usable(setting, view.derived)
        order = sorted(set(candidate_ids))
        table = view.features(disease_id, order, used)
        shares, groups = self._ranker.shares(table, used)
        shares = shares - shares.mean(axis=0, keepdims=True) if len(order) > 1 else shares
        direct = [direct_edges(view.link.facts, drug, disease_id, hidden) for drug in order]
        scores = shares.sum(axis=1) + np.array([edge_share(edges) for edges in direct])
        facts = Facts(view.link, view.derived, hidden)
        by_id = {
            drug: CandidateScore(
                id=drug,
                score=round(float(scores[i]), 6),
                probability=round(float(chance), 6),
                factors=facts.factors(disease_id, drug, groups=groups, shares=shares[i], direct=direct[i]),
                measures=measures(table[i], used),
            )
            for i, (drug, chance) in enumerate(zip(order, chances(scores), strict=True))
        }
        missing = (*self._notes(setting, view.derived), *facts.unknown(disease_id, candidate_ids, used))
        notes = (*facts.joined((disease_id, *candidate_ids)), *missing)
        return Weighing(candidates=tuple(by_id[drug] for drug in candidate_ids), notes=notes)

    def rank(
        self, disease_id: str, setting: Corpora, top: int = 10, hidden: HiddenPairs = frozenset()
    ) -> list[CandidateScore]:
        """Score all drugs that anything speaks for and return the best, with their factors.

        Args:
            disease_id: Disease id.
            setting: Which corpora may be used.
            top: How many to return.
            hidden: Pairs whose direct edges count as never loaded.

        Returns:
            The best drugs, best first; the probability is that of being preferred to a middling drug of the same list.
        """
        view = self._view(hidden)
        used = self._usable(setting, view.derived)
        drugs = _worth_scoring(view, disease_id, used)
        if not drugs:
            return []
        table = view.features(disease_id, drugs, used)
        direct = [direct_edges(view.link.facts, drug, disease_id, hidden) for drug in drugs]
        scores = self._ranker.scores(table, used) + np.array([edge_share(edges) for edges in direct])
        scores -= np.median(scores)
        best = sorted(range(len(drugs)), key=lambda i: (-scores[i], drugs[i]))[:top]
        shares, groups = self._ranker.shares(table[best], used)
        facts = Facts(view.link, view.derived, hidden)
        return [
            CandidateScore(
                id=drugs[i],
                score=round(float(scores[i]), 6),
                probability=round(float(1 / (1 + np.exp(-scores[i]))), 6),
                factors=facts.factors(disease_id, drugs[i], groups=groups, shares=shares[row], direct=direct[i]),
            )
            for row, i in enumerate(best)
        ]

    def meetings(self, disease_id: str, drug_id: str, setting: Corpora, limit: int) -> list[str]:
        """Return the documents that name a drug and a disease, by id; those with both in the heading first.

        Args:
            disease_id: Disease id.
            drug_id: Compound id.
            setting: Which corpora may be used.
            limit: Most documents of one corpus.
        """
        derived = self._view(frozenset()).derived
        if derived is None or not {disease_id, drug_id} <= derived.index.keys():
            return []
        drug, ill, held = derived.index[drug_id], derived.index[disease_id], derived.corpora
        ready = [held[name] for name in corpora_of(setting) if name in held]
        return [one.id for corpus in ready for one in corpus.meetings(drug, ill)[:limit]]

    def alike(self, disease_id: str, drug_id: str, setting: Corpora) -> list[str]:
        """Return the drugs that act like one and stand in documents with a disease, by id, the most alike first.

        Args:
            disease_id: Disease id.
            drug_id: Compound id.
            setting: Which corpora may be used.
        """
        view = self._view(frozenset())
        return acting_alike(view.link.facts, drug_id, _named_with(view, disease_id, setting))

    def drugs_called(self, fits: Callable[[str], bool]) -> list[str]:
        """Return the drugs whose preferred name fits, by id."""
        facts = self._view(frozenset()).link.facts
        return [one for one, name in zip(facts.drug_ids, facts.drug_names, strict=True) if fits(name)]

    def treated(self) -> dict[str, set[str]]:
        """Return each disease that the graph lists a treatment of, with the drugs, by id."""
        facts = self._view(frozenset()).link.facts
        found: dict[str, set[str]] = {}
        for row, column in zip(*facts.treats.nonzero(), strict=True):
            found.setdefault(facts.disease_ids[column], set()).add(facts.drug_ids[row])
        return found

    def leaves_out(self, disease_id: str, drug_id: str) -> bool:
        """Return whether trials of a drug keep naming a disease, far more than other trials, and never to treat it.

        Args:
            disease_id: Disease id.
            drug_id: Compound id.
        """
        derived = self._view(frozenset()).derived
        if derived is None or "trials" not in derived.corpora or not {disease_id, drug_id} <= derived.index.keys():
            return False
        lift, early = derived.corpora["trials"].lift(derived.index[drug_id], derived.index[disease_id])
        return lift >= LEFT_OUT_LIFT and early < LEFT_OUT_EARLY

    def stated(self, disease_id: str, drug_id: str, hidden: HiddenPairs = frozenset()) -> tuple[str, ...]:
        """Return the visible therapeutic edges between a drug and a disease, by their source ids."""
        return direct_edges(self._view(hidden).link.facts, drug_id, disease_id, hidden)

    def _view(self, hidden: HiddenPairs) -> _View:
        """Return the graph with pairs hidden beside the literature; the last few are kept."""
        with self._lock:
            state = self._literature.content_sha256
            if self._derived is None or self._derived[0] != state or self._derived[1] is None:
                self._derived = (state, open_derived(self._folder, self._arrays, state))
            ready = "+".join(sorted(self._derived[1].corpora)) if self._derived[1] else ""
            key = (hidden, f"{state} {ready}")
            if key not in self._views:
                self._views[key] = _View(self._link(hidden), self._derived[1])
            self._views.move_to_end(key)
            while len(self._views) > KEPT:
                self._views.popitem(last=False)
            return self._views[key]

    def _link(self, hidden: HiddenPairs) -> LinkModel:
        """Return the link model of the graph with pairs hidden; what it solved for the whole graph is kept."""
        self._graph = self._graph or GraphFacts(self._arrays)
        return LinkModel(self._graph, hidden, solutions=Solutions(self._folder / LINKS))

    def _usable(self, setting: Corpora, derived: Derived | None) -> Corpora:
        """Return the setting that can be answered with what has been prepared."""
        ready = [corpus for corpus in corpora_of(setting) if derived and corpus in derived.corpora]
        return "none" if not ready else "both" if len(ready) == 2 else "trials" if ready == ["trials"] else "articles"

    def _notes(self, setting: Corpora, derived: Derived | None) -> list[str]:
        notes = []
        for corpus in corpora_of(setting):
            if derived is None and self._literature.content_sha256:
                notes.append(f"The {corpus} have not been prepared for weighing yet; the score does not count them.")
            elif derived is None or (corpus not in derived.corpora and corpus not in derived.missing):
                notes.append(f"There are no {corpus} in the literature; the score rests on the rest of the evidence.")
            elif corpus not in derived.corpora:
                notes.append(f"The {corpus} are still being prepared for weighing; the score does not count them.")
        card = self._ranker.card
        if card["graph_sha256"] != self._arrays.source_sha256:
            fitted = f"{card['pairs']['items']} pairs of {card['pairs']['diseases']} diseases"
            notes.append(f"The weights were fitted on another graph than this one ({fitted}).")
        return notes


class _View:
    """A graph with some pairs hidden, beside what was derived from the literature."""

    def __init__(self, link: LinkModel, derived: Derived | None) -> None:
        self.link, self.derived = link, derived
        self.names = {number: name for name, number in derived.index.items()} if derived else {}
        held = derived.corpora.items() if derived else ()
        self.transfers = {name: Transfer(corpus, derived.index, self.link) for name, corpus in held} if derived else {}

    def features(self, disease: str, drugs: Sequence[str], setting: Corpora) -> NDArray[np.float32]:
        """Return what is counted of each drug, shape (drugs, fields)."""
        return question_features(self.link, self.derived, self.transfers, disease=disease, drugs=drugs, setting=setting)


def _worth_scoring(view: _View, disease: str, setting: Corpora) -> list[str]:
    """Return the drugs with a known use in the visible graph or a record that names them with the disease, by id."""
    facts = view.link.facts
    if disease not in facts.disease_row:
        return []
    found = {facts.drug_ids[i] for i in view.link.known_drugs.tolist()} | _named_with(view, disease, setting)
    return sorted({facts.groups.of(drug)[0] for drug in found if drug in facts.drug_row})


def _named_with(view: _View, disease: str, setting: Corpora) -> set[str]:
    """Return the drugs that at least one document names with a disease, by id."""
    if view.derived is None or disease not in view.derived.index:
        return set()
    ill, held = view.derived.index[disease], view.derived.corpora
    return {view.names[drug] for corpus in corpora_of(setting) if corpus in held for drug in held[corpus].drugs_of(ill)}
