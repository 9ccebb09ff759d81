"""What was derived from a user's literature for weighing (`literature_build` makes it): mentions, counts, profiles.

The folder of a state is named by a hash of the names in the graph and of the literature, so that a stale one is never
read.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kedrec.errors import DamagedData, WorkError
from kedrec.graphdb.link_prediction.kernels import GraphArrays
from kedrec.os_error_causes import cause_of
from kedrec.tools.library.writer import CorpusGroup
from kedrec.tools.text.pair_record_counts import FIELDS, PairCounts
from kedrec.tools.text.profiles import Profiles
from kedrec.tools.text.zones import BODY, CRITERIA

__all__ = [
    "CORPORA",
    "FORMAT",
    "CorpusStats",
    "Derived",
    "Meeting",
    "is_of_another_version",
    "named_entities",
    "open_derived",
    "read_corpus",
    "state_key",
]

CORPORA: tuple[CorpusGroup, ...] = ("articles", "trials")
"""The corpora that settings name."""
FORMAT = 3
"""Raised whenever what is stored changes."""


@dataclass(frozen=True)
class Meeting:
    """A document that names both a drug and a disease."""

    id: str
    """Document id."""
    heading: bool
    """Both stand in its title, its lists or its first words."""
    phase: str
    """Trial phase as the source has it, empty for articles."""
    status: str
    """Trial status in lower case, empty for articles."""


@dataclass(frozen=True)
class CorpusStats:
    """Everything derived from one corpus."""

    pairs: PairCounts
    """Counts of all pairs that meet."""
    profiles: Profiles
    """Vectors of all entities."""
    documents: list[str]
    """Document ids."""
    phases: list[str]
    """Phase of each document."""
    statuses: list[str]
    """Status of each document."""
    begins: NDArray[np.int64]
    """Where each entity's postings begin, shape (entities + 1,)."""
    postings: NDArray[np.int32]
    """Documents that name each entity, shape (postings,)."""
    zones: NDArray[np.int32]
    """Where in the document, as bits, shape (postings,)."""

    @cached_property
    def by_disease(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the order of pairs by disease and where each disease's pairs begin."""
        entities = len(self.begins) - 1
        disease = self.pairs.keys % entities
        order = np.argsort(disease, kind="stable")
        return order, np.searchsorted(disease[order], np.arange(entities + 1))

    @cached_property
    def totals(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Return the fair co-mentions by drug, by disease and in all."""
        entities = len(self.begins) - 1
        fair = self.pairs.counts[:, FIELDS.index("fair")].astype(np.float64)
        drug = np.bincount(self.pairs.keys // entities, fair, entities)
        disease = np.bincount(self.pairs.keys % entities, fair, entities)
        return drug.astype(np.float64), disease.astype(np.float64), float(fair.sum())

    def drugs_of(self, disease: int) -> list[int]:
        """Return the drugs that at least one document names with a disease."""
        order, begins = self.by_disease
        drugs = self.pairs.keys[order[begins[disease] : begins[disease + 1]]] // (len(self.begins) - 1)
        return [int(drug) for drug in drugs]

    def lift(self, drug: int, disease: int) -> tuple[float, float]:
        """Return by how many times records name both more often than by chance, and what share does so early."""
        counts = self.pairs.rows(np.array([drug * (len(self.begins) - 1) + disease]))[0]
        records, early = (float(counts[FIELDS.index(name)]) for name in ("records", "early"))
        chance = float((self.pairs.alone[drug] + 1) * (self.pairs.alone[disease] + 1)) / self.pairs.size
        return records / chance, early / max(records, 1.0)

    def meetings(self, drug: int, disease: int, limit: int = 400) -> list[Meeting]:
        """Return the documents that name both, those with both in the heading first.

        Args:
            drug: Index of the drug.
            disease: Index of the disease.
            limit: Most documents looked at in detail.
        """
        one, other = (slice(self.begins[e], self.begins[e + 1]) for e in (drug, disease))
        shared, left, right = np.intersect1d(self.postings[one], self.postings[other], True, return_indices=True)
        body = BODY | CRITERIA
        heading = (self.zones[one][left] & ~body > 0) & (self.zones[other][right] & ~body > 0)
        order = np.argsort(~heading, kind="stable")[:limit]
        rows = [(int(shared[i]), bool(heading[i])) for i in order]
        return [Meeting(self.documents[i], first, self.phases[i], self.statuses[i]) for i, first in rows]


@dataclass(frozen=True)
class Derived:
    """All corpora that have been prepared, and the entities that their numbers mean."""

    index: dict[str, int]
    """Number of each drug and disease id."""
    corpora: dict[str, CorpusStats]
    """``articles`` and ``trials``, where there are any."""
    missing: tuple[str, ...]
    """Corpora that have documents but are not prepared."""


def state_key(arrays: GraphArrays, literature_sha256: str) -> str:
    """Return the name of the state: a hash of the graph's names, the literature and the format."""
    digest = hashlib.sha256(f"{FORMAT} {literature_sha256}\n".encode())
    for entity, name, synonyms in named_entities(arrays):
        digest.update(f"{entity}\t{name}\t{'|'.join(synonyms)}\n".encode())
    return digest.hexdigest()[:24]


def named_entities(arrays: GraphArrays) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return id, name and synonyms of the graph's drugs and diseases, by id."""
    chosen = [i for i, name in enumerate(arrays.ids) if name.startswith(("Compound::", "Disease::"))]
    return sorted((arrays.ids[i], arrays.names[i], tuple(arrays.synonyms(i))) for i in chosen)


def open_derived(folder: Path, arrays: GraphArrays, literature_sha256: str) -> Derived | None:
    """Open what has been prepared for a graph and a literature.

    Args:
        folder: Folder that ``literature_build.build`` wrote to.
        arrays: The graph.
        literature_sha256: Hash of the literature.

    Returns:
        What there is; None where nothing has been prepared for this state.

    Raises:
        DamagedData: what is there cannot be read.
        WorkError: the system would not read it.
    """
    place = folder / state_key(arrays, literature_sha256)
    if not literature_sha256 or not place.is_dir():
        return None
    done = {group: place / group for group in CORPORA if (place / group / "manifest.json").exists()}
    corpora: dict[str, CorpusStats] = {
        group: read for group, path in done.items() if (read := read_corpus(path)) is not None
    }
    missing = tuple(group for group in CORPORA if group not in done)
    return Derived({entity: i for i, (entity, _, _) in enumerate(named_entities(arrays))}, corpora, missing)


def is_of_another_version(folder: Path) -> bool:
    """Return whether something was derived for weighing, and all of it in a format that this version does not read.

    Args:
        folder: Folder that ``literature_build.build`` wrote to.
    """
    manifests = (path for group in CORPORA for path in folder.glob(f"*/{group}/manifest.json"))
    formats = {_format_of(path) for path in manifests}
    return bool(formats) and FORMAT not in formats


def _format_of(manifest: Path) -> object:
    """The format that a manifest names; this version's where it cannot be read, which is reported when it is opened."""
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError):
        return FORMAT


def read_corpus(place: Path) -> CorpusStats | None:
    """Read one corpus; None where it has no documents.

    Raises:
        DamagedData: a file is empty, cut off or not there.
        WorkError: the system would not read it.
    """
    try:
        return _read(place)
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        if cause := cause_of(error):
            raise WorkError(f"{place} cannot be read: {cause} ({error}).") from error
        told = f"{place}, what the literature weighs with, is damaged ({type(error).__name__}: {error})"
        raise DamagedData(f"{told}. Derive it anew: kedrec model derive") from error


def _read(place: Path) -> CorpusStats | None:
    if json.loads((place / "manifest.json").read_text(encoding="utf-8"))["documents"] == 0:
        return None
    with (place / "arrays.npz").open("rb") as file, np.load(file) as stored:
        held = {name: stored[name] for name in stored.files}
    table = json.loads((place / "documents.json").read_text(encoding="utf-8"))
    profiles = Profiles(**{name: held[f"profile_{name}"].astype(np.float32) for name in Profiles.__dataclass_fields__})
    pairs = PairCounts(held["keys"], held["counts"], held["alone"], len(table["ids"]))
    return CorpusStats(
        pairs,
        profiles,
        table["ids"],
        table["phases"],
        table["statuses"],
        held["begins"],
        held["postings"],
        held["zones"],
    )
