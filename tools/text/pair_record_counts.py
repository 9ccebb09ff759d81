"""How often, where and how articles and trials name a drug and a disease together.

Everything is counted once for all (drug, disease) pairs that meet in at least one record, separately for articles and
trials, so that a question afterwards is a look-up. Counted are records, titles, sentences, the claims of the sentences
by cue words, and for trials phase and status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kedrec.tools.text.pair_sentence_counts import CUES, sentence_pairs
from kedrec.tools.text.tokens import TokenStream
from kedrec.tools.text.zones import CONDITIONS, CRITERIA, EARLY, INTERVENTIONS, TITLE, EntityRows, cross

__all__ = ["FIELDS", "LiteratureRecord", "PairCounts", "count_pairs"]


class LiteratureRecord(Protocol):
    """A record of literature, as ``kedrec.records.Document`` has it."""

    @property
    def id(self) -> str:
        """``PMID:…``, ``PMCID:…`` or ``NCT…``."""
        ...

    @property
    def corpus(self) -> str:
        """``pubmed``, ``pmc`` or ``trials``."""
        ...

    @property
    def title(self) -> str:
        """Title, may be empty."""
        ...

    @property
    def text(self) -> str:
        """Abstract, full text or trial text."""
        ...

    @property
    def mesh(self) -> tuple[str, ...]:
        """MeSH headings."""
        ...

    @property
    def phase(self) -> str | None:
        """Trial phase in any spelling."""
        ...

    @property
    def status(self) -> str | None:
        """Trial status in any spelling."""
        ...


FIELDS = (
    "records", "fair", "titles", "drug_title", "disease_title", "repeats", "focal", "sole", "lists", "early",
    "criteria", "phase1", "phase2", "phase3", "phase4", "completed", "stopped", "mesh",
    "sentences", "near", "for_disease", "disease_by", "induced", "with_disease", *(f"cue_{cue}" for cue in CUES),
)  # fmt: skip
"""What is counted for a pair; sums over records or sentences."""


_PHASE = re.compile(r"[1-4]")


_STOPPED = ("terminat", "withdrawn", "suspend")


@dataclass(frozen=True)
class PairCounts:
    """Counts for all pairs that meet at least once in one corpus."""

    keys: NDArray[np.int64]
    """``drug * entities + disease``, sorted, shape (pairs,)."""
    counts: NDArray[np.float32]
    """Columns as in ``FIELDS``, shape (pairs, fields)."""
    alone: NDArray[np.int32]
    """Records that name each entity, shape (entities,)."""
    size: int
    """Records in the corpus."""

    def rows(self, keys: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the counts of pairs, zeros for pairs that never meet, shape (len(keys), fields)."""
        if not len(self.keys):
            return np.zeros((len(keys), self.counts.shape[1]), np.float32)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where((self.keys[at] == keys)[:, None], self.counts[at], np.float32(0))


@dataclass(frozen=True)
class _Records:
    """One row for each (record, entity): how often and where it is named."""

    text: NDArray[np.int32]
    entity: NDArray[np.int32]
    times: NDArray[np.float32]
    zone: NDArray[np.int32]
    rivals: NDArray[np.float32]
    focal: NDArray[np.bool_]


def _per_record(rows: EntityRows, entities: int) -> _Records:
    """Gather the rows of one kind by record and entity."""
    key = rows.text.astype(np.int64) * entities + rows.entity
    unique, inverse = np.unique(key, return_inverse=True)
    zone = np.zeros(len(unique), np.int32)
    np.bitwise_or.at(zone, inverse, rows.zone)
    times = np.bincount(inverse, minlength=len(unique)).astype(np.float32)
    text = (unique // entities).astype(np.int32)
    top = np.zeros(int(text.max(initial=-1)) + 1, np.float32)
    np.maximum.at(top, text, times)
    rivals = np.bincount(text, minlength=len(top)).astype(np.float32)[text]
    return _Records(text, (unique % entities).astype(np.int32), times, zone, rivals, times >= top[text])


def count_pairs(
    documents: Sequence[LiteratureRecord], stream: TokenStream, rows: EntityRows, names: Sequence[str], entities: int
) -> PairCounts:
    """Count all pairs over the records of one corpus.

    Args:
        documents: The records, in the order of the stream's texts.
        stream: Their tokens.
        rows: Mentions by entity.
        names: Lower-case name of each entity, for MeSH headings.
        entities: Number of entities.

    Returns:
        The counts of every pair that meets at least once.
    """
    drugs, diseases = (_per_record(rows.take(rows.drug == side), entities) for side in (True, False))
    one, other = cross(drugs.text, diseases.text)
    key = drugs.entity[one].astype(np.int64) * entities + diseases.entity[other]
    record_columns = _record_columns(documents, drugs, diseases, one=one, other=other, names=names)
    sentence_key, sentence_columns = sentence_pairs(stream, rows, entities)
    keys = np.unique(key)
    counts = np.zeros((len(keys), len(FIELDS)), np.float32)
    for column, values in enumerate(record_columns):
        counts[:, column] = np.bincount(np.searchsorted(keys, key), values, len(keys))
    offset = FIELDS.index("sentences")
    for column, values in enumerate(sentence_columns):
        counts[:, offset + column] = np.bincount(np.searchsorted(keys, sentence_key), values, len(keys))
    alone = np.bincount(drugs.entity, minlength=entities) + np.bincount(diseases.entity, minlength=entities)
    return PairCounts(keys, counts, alone.astype(np.int32), len(documents))


def _record_columns(
    documents: Sequence[LiteratureRecord],
    drugs: _Records,
    diseases: _Records,
    *,
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    names: Sequence[str],
) -> list[NDArray[np.float32]]:
    """Return for each couple in a record the columns of ``FIELDS`` up to ``mesh``."""
    text = drugs.text[one]
    drug_zone, disease_zone = drugs.zone[one], diseases.zone[other]
    fair = 1 / np.sqrt(drugs.rivals[one] * diseases.rivals[other])
    listed = (drug_zone & INTERVENTIONS > 0) & (disease_zone & CONDITIONS > 0)
    head = TITLE | EARLY | CONDITIONS | INTERVENTIONS
    early = (drug_zone & head > 0) & (disease_zone & head > 0)
    flags = [
        np.ones(len(one)), fair, (drug_zone & disease_zone & TITLE > 0), drug_zone & TITLE > 0,
        disease_zone & TITLE > 0,
        np.log1p(np.minimum(drugs.times[one], diseases.times[other])), drugs.focal[one] & diseases.focal[other],
        (drugs.rivals[one] == 1) & diseases.focal[other], listed, early,
        (drug_zone == CRITERIA) | (disease_zone == CRITERIA),
    ]  # fmt: skip
    trial = _trial_flags(documents)[text] * early[:, None]
    # For each couple whether the drug's own name is among the record's MeSH headings.
    headings = [frozenset(term.split("/")[0].lower() for term in document.mesh) for document in documents]
    named = np.array([names[e] in headings[t] for t, e in zip(drugs.text, drugs.entity, strict=True)], dtype=bool)
    mesh = (named[one] & (diseases.focal[other])).astype(np.float32) if len(one) else np.zeros(0, np.float32)
    return [np.asarray(column, np.float32) for column in (*flags, *trial.T, mesh)]


def _trial_flags(documents: Sequence[LiteratureRecord]) -> NDArray[np.float32]:
    """Return phase 1 to 4, completed and stopped of each record, shape (records, 6)."""
    flags = np.zeros((len(documents), 6), np.float32)
    for number, document in enumerate(documents):
        for digit in _PHASE.findall(document.phase or ""):
            flags[number, int(digit) - 1] = 1
        status = (document.status or "").lower()
        flags[number, 4] = status.startswith("complet")
        flags[number, 5] = status.startswith(_STOPPED)
    return flags
