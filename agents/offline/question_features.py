"""A question as numbers: what the graph and the literature say of each candidate.

Every number belongs to a group that can be explained. The setting decides which groups exist: `none` has the
graph alone, `trials` and `articles` add what is derived from that corpus, `both` adds both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kedrec.agents.offline.literature_stats import CorpusStats, Derived
from kedrec.graphdb.link_prediction.links import LINK_FIELDS, LinkModel
from kedrec.records import Corpora
from kedrec.tools.text.pair_record_counts import FIELDS

__all__ = [
    "GROUPS",
    "Transfer",
    "corpora_of",
    "field_groups",
    "field_names",
    "measures",
    "question_features",
]

_CUED = FIELDS[FIELDS.index("near") :]
_RATES = (
    "surprise", "fair_surprise", "drug_rate", "drug_fair_rate", "disease_fair_rate", "disease_rate", "fame",
    "focal_rate", "criteria_rate", "stopped_rate", *(f"{name}_rate" for name in _CUED),
)  # fmt: skip
_VECTORS = ("record_profile", "sentence_profile", "tie", "tie_cosine")
_CARRIED = (
    *(f"{fact}_{how}" for fact in ("targets", "classes", "name", "joint") for how in ("carried", "surprise")),
    "disease_carried", "disease_surprise", "profile_of_treating", "profile_of_treated",
)  # fmt: skip
TEXT_FIELDS = (*FIELDS, *_RATES, *_VECTORS, *(f"carried_{name}" for name in _CARRIED))
"""What is computed for a pair from one corpus."""

GROUPS = (
    "similar drugs", "similar diseases", "drug in the graph", "trials", "articles", "claims in trials",
    "claims in articles", "writing in trials", "writing in articles", "class in trials", "class in articles",
)  # fmt: skip
"""Groups of evidence that a share of the score is given for."""

_MEASURES = {
    "similar drugs": "drug_joint_share",
    "similar diseases": "disease_joint_some",
    "trials": "trials.surprise",
    "articles": "articles.surprise",
    "writing in trials": "trials.record_profile",
    "writing in articles": "articles.record_profile",
    "class in trials": "trials.carried_targets_surprise",
    "class in articles": "articles.carried_targets_surprise",
}
"""Group of evidence -> the one number that tells most of it."""

_DISEASE_SIDE = ("ridge_disease", "disease_", "spectral")
_CLAIMS = ("near", "for_disease", "disease_by", "induced", "with_disease", "cue_")


def corpora_of(setting: Corpora) -> tuple[str, ...]:
    """Return the corpora that a setting uses."""
    return {"none": (), "trials": ("trials",), "articles": ("articles",), "both": ("trials", "articles")}[setting]


def field_names(setting: Corpora) -> tuple[str, ...]:
    """Return the names of a setting's numbers, in order."""
    return (*LINK_FIELDS, *(f"{corpus}.{name}" for corpus in corpora_of(setting) for name in TEXT_FIELDS))


def field_groups(setting: Corpora) -> tuple[str, ...]:
    """Return the group of each of a setting's numbers, in order."""
    return tuple(_group(name) for name in field_names(setting))


def measures(numbers: NDArray[np.float32], setting: Corpora) -> dict[str, float]:
    """Return one number for each group of evidence that has one, the same whatever the weights are.

    Args:
        numbers: A candidate's numbers, columns as in ``field_names``, shape (fields,).
        setting: The setting.

    Returns:
        Group -> number, those that are known: share of a drug's likeness that falls to drugs of the disease; sum of the
        three greatest likenesses to diseases that the drug treats; logarithm of how many times as often as by chance
        drug and disease are named together; cosine of what is written about both; the same logarithm, at least 0, over
        drugs that share targets, weighed by likeness.
    """
    known = dict(zip(field_names(setting), numbers.tolist(), strict=True))
    told = {group: known[field] for group, field in _MEASURES.items() if field in known}
    return {group: round(number, 3) for group, number in told.items() if not np.isnan(number)}


def _group(name: str) -> str:
    corpus, dot, field = name.partition(".")
    if not dot:
        if name == "degree":
            return "drug in the graph"
        return "similar diseases" if name.startswith(_DISEASE_SIDE) else "similar drugs"
    if field.startswith(_CLAIMS):
        return f"claims in {corpus}"
    if field in _VECTORS or field.startswith("carried_profile"):
        return f"writing in {corpus}"
    return f"class in {corpus}" if field.startswith("carried_") else corpus


class Transfer:
    """A corpus laid beside the graph: what is written about similar drugs and similar diseases.

    Args:
        corpus: The corpus.
        index: Number of each entity in the corpus.
        link: The graph's treat edges, some hidden.
    """

    def __init__(self, corpus: CorpusStats, index: dict[str, int], link: LinkModel) -> None:
        self.corpus, self.link = corpus, link
        facts = link.facts
        self._drugs = np.array([index.get(facts.drug_ids[i], 0) for i in link.known_drugs.tolist()], dtype=np.int64)
        self._diseases = np.array(
            [index.get(facts.disease_ids[i], 0) for i in link.known_diseases.tolist()], dtype=np.int64
        )
        entities = len(corpus.begins) - 1
        drug, disease = corpus.pairs.keys // max(entities, 1), corpus.pairs.keys % max(entities, 1)
        by_drug, by_disease, total = corpus.totals
        fair = corpus.pairs.counts[:, FIELDS.index("fair")].astype(np.float64)
        surprise = np.log(np.maximum(fair * total, 1e-9) / np.maximum(by_drug[drug] * by_disease[disease], 1e-9))
        weighed = (np.maximum(surprise, 0) * np.minimum(1, fair / 0.5)).astype(np.float32)
        shape = (entities, entities)
        self._volume = sparse.csr_matrix((np.log1p(fair).astype(np.float32), (drug, disease)), shape)
        self._surprise = sparse.csr_matrix((weighed, (drug, disease)), shape)
        self._volume_of, self._surprise_of = sparse.csc_matrix(self._volume), sparse.csc_matrix(self._surprise)

    def columns(
        self, disease: str, drugs: Sequence[str], ill: int, indices: NDArray[np.int64]
    ) -> list[NDArray[np.float32]]:
        """Return what is carried over to each drug from its like, columns as in ``_CARRIED``, shape (drugs,) each."""
        facts = self.link.facts
        column = facts.disease_row.get(disease)
        rows = np.array([facts.drug_row.get(drug, -1) for drug in drugs], dtype=np.int64)
        if column is None or (rows < 0).any() or not len(self._drugs):
            return [np.full(len(drugs), np.nan, np.float32)] * len(_CARRIED)
        found = self._from_drugs(ill, rows)
        near = self.link.disease_likeness(np.array([column]))["joint"][0] * (self.link.known_diseases != column)
        weight = near.sum() + np.float32(0.3)
        tables = (self._volume, self._surprise)
        found += [np.asarray(table[indices][:, self._diseases] @ near, np.float32) / weight for table in tables]
        # How alike what is written about the disease and about the diseases a drug treats is.
        vectors = self.corpus.profiles.sentences
        likeness = vectors[self._diseases] @ vectors[ill]
        uses = self.link.treats[rows][:, self.link.known_diseases].toarray() * (self.link.known_diseases != column)
        treated = np.asarray(np.sort(uses * likeness, axis=1)[:, -3:].mean(axis=1), np.float32)
        return [*found, self._treating(column, rows, indices), treated]

    def _from_drugs(self, ill: int, rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        volume = self._volume_of[:, [ill]].toarray().ravel()[self._drugs]
        surprise = self._surprise_of[:, [ill]].toarray().ravel()[self._drugs]
        likeness = self.link.drug_likeness(rows)
        other = self.link.known_drugs[None, :] != rows[:, None]
        found = []
        for fact in ("targets", "classes", "name", "joint"):
            near = likeness[fact] * other
            weight = near.sum(axis=1) + np.float32(0.3)
            found += [near @ volume / weight, near @ surprise / weight]
        return found

    def _treating(self, column: int, rows: NDArray[np.int64], indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return how much what is written about a drug is like what is written about the drugs of the disease."""
        treating = np.flatnonzero(self.link.uses(column))
        if not len(treating):
            return np.zeros(len(rows), np.float32)
        vectors = self.corpus.profiles.sentences
        near = vectors[indices] @ vectors[self._drugs[treating]].T
        near = np.where(self.link.known_drugs[treating][None, :] == rows[:, None], 0, near)
        return np.asarray(np.sort(near, axis=1)[:, -3:].mean(axis=1), np.float32)


def question_features(
    link: LinkModel,
    derived: Derived | None,
    transfers: dict[str, Transfer],
    *,
    disease: str,
    drugs: Sequence[str],
    setting: Corpora,
) -> NDArray[np.float32]:
    """Return a question as numbers.

    Args:
        link: The graph's treat edges, some hidden.
        derived: What was prepared from the literature; may be None with ``none``.
        transfers: Each corpus beside this graph.
        disease: Disease id.
        drugs: Compound ids.
        setting: Which corpora may be used.

    Returns:
        Columns as in ``field_names``, shape (drugs, fields); NaN where nothing can be known.
    """
    blocks = [link.features(disease, drugs)]
    for corpus in corpora_of(setting):
        held = derived.corpora.get(corpus) if derived else None
        if (
            derived is None
            or held is None
            or disease not in derived.index
            or any(drug not in derived.index for drug in drugs)
        ):
            blocks.append(np.full((len(drugs), len(TEXT_FIELDS)), np.nan, np.float32))
            continue
        indices = np.array([derived.index[drug] for drug in drugs], dtype=np.int64)
        ill = derived.index[disease]
        counts = held.pairs.rows(indices * (len(held.begins) - 1) + ill)
        columns = [*np.log1p(counts).T, *_rates(held, counts, ill, indices), *_vectors(held, ill, indices)]
        columns += transfers[corpus].columns(disease, drugs, ill, indices)
        blocks.append(np.stack([np.asarray(column, np.float32) for column in columns], axis=1))
    return np.concatenate(blocks, axis=1)


def _rates(
    corpus: CorpusStats, counts: NDArray[np.float32], ill: int, indices: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """Return counts in relation to how often each is named at all, columns as in ``_RATES``."""
    by = {name: counts[:, i].astype(np.float64) for i, name in enumerate(FIELDS)}
    drug, disease = corpus.pairs.alone[indices].astype(np.float64), float(corpus.pairs.alone[ill])
    by_drug, by_disease, total = corpus.totals
    records, fair = by["records"], by["fair"]
    return [
        np.log((records + 0.3) * corpus.pairs.size / ((drug + 3) * (disease + 3))),
        np.log((fair + 0.1) * max(total, 1.0) / ((by_drug[indices] + 1) * (by_disease[ill] + 1))),
        records / (drug + 2), fair / (by_drug[indices] + 0.5), fair / (by_disease[ill] + 0.5), records / (disease + 2),
        np.log1p(drug), by["focal"] / (records + 1), by["criteria"] / (records + 1), by["stopped"] / (by["early"] + 1),
        *(by[name] / (by["sentences"] + 1) for name in _CUED),
    ]  # fmt: skip


def _vectors(corpus: CorpusStats, ill: int, indices: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """Return how alike what is written about drug and disease is, columns as in ``_VECTORS``."""
    profiles = corpus.profiles
    tie = profiles.drug_ties[indices] @ profiles.disease_ties[ill]
    length = np.linalg.norm(profiles.drug_ties[indices], axis=1) * np.linalg.norm(profiles.disease_ties[ill])
    return [
        profiles.records[indices] @ profiles.records[ill],
        profiles.sentences[indices] @ profiles.sentences[ill],
        tie,
        tie / (length + np.float32(1e-6)),
    ]
