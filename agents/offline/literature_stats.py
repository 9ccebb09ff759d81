"""What is derived from a user's literature for weighing: mentions, counts, profiles; built once, kept in a folder.

The folder of a state is named by a hash of the names in the graph and of the literature, so that a stale one is never
read. A
corpus is written under a temporary name and renamed when whole: a build that was killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kedrec.causes import cause_of
from kedrec.errors import DamagedData, WorkError
from kedrec.graphdb.link_prediction.kernels import GraphArrays
from kedrec.records import Document
from kedrec.tools.library.writer import CorpusGroup
from kedrec.tools.text.comentions import FIELDS, PairCounts, count_pairs
from kedrec.tools.text.mention_finder import MentionFinder
from kedrec.tools.text.profiles import Profiles, build_profiles
from kedrec.tools.text.tokens import tokenise
from kedrec.tools.text.zones import BODY, CRITERIA, EntityRows, entity_rows

__all__ = [
    "CORPORA",
    "CorpusStats",
    "Derived",
    "LiteratureSource",
    "Meeting",
    "MemoryLiterature",
    "build",
    "open_derived",
]

CORPORA: tuple[CorpusGroup, ...] = ("articles", "trials")
"""The corpora that settings name."""
FORMAT = 3
"""Raised whenever what is stored changes."""


class LiteratureSource(Protocol):
    """Where documents come from; ``kedrec.tools.literature.Literature`` is one."""

    @property
    def content_sha256(self) -> str:
        """Hash of all documents; empty where there are none."""
        ...

    def documents(self, corpus: CorpusGroup) -> Iterable[Document]:
        """Return the documents of a corpus."""
        ...


class MemoryLiterature:
    """Documents in memory as a source, for fitting and tests.

    Args:
        documents: Any documents.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = list(documents)
        digest = hashlib.sha256()
        for document in self._documents:
            digest.update(f"{document.id}\x00{document.title}\x00{document.text}\x01".encode())
        self.content_sha256 = digest.hexdigest() if self._documents else ""

    def documents(self, corpus: CorpusGroup) -> Iterable[Document]:
        """Return the documents of a corpus, in the order given."""
        return [document for document in self._documents if (document.corpus == "trials") == (corpus == "trials")]


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
    for entity, name, synonyms in _named(arrays):
        digest.update(f"{entity}\t{name}\t{'|'.join(synonyms)}\n".encode())
    return digest.hexdigest()[:24]


def _named(arrays: GraphArrays) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return id, name and synonyms of the graph's drugs and diseases, by id."""
    chosen = [i for i, name in enumerate(arrays.ids) if name.startswith(("Compound::", "Disease::"))]
    return sorted((arrays.ids[i], arrays.names[i], tuple(arrays.synonyms(i))) for i in chosen)


def open_derived(folder: Path, arrays: GraphArrays, literature_sha256: str) -> Derived | None:
    """Open what has been prepared for a graph and a literature.

    Args:
        folder: Folder that ``build`` wrote to.
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
        group: read for group, path in done.items() if (read := _whole(path)) is not None
    }
    missing = tuple(group for group in CORPORA if group not in done)
    return Derived({entity: i for i, (entity, _, _) in enumerate(_named(arrays))}, corpora, missing)


def build(
    folder: Path,
    arrays: GraphArrays,
    literature: LiteratureSource,
    progress: Callable[[str, float], None] | None = None,
) -> Derived:
    """Prepare the literature for weighing; corpora that are prepared already and can be read are left as they are.

    Args:
        folder: Where to keep it.
        arrays: The graph, for the names.
        literature: The documents.
        progress: Called with what is being done and the share done.

    Returns:
        What was prepared.
    """
    place = folder / state_key(arrays, literature.content_sha256)
    place.mkdir(parents=True, exist_ok=True)
    for number, group in enumerate(CORPORA):
        if progress:
            progress(f"reading {group}", number / len(CORPORA))
        if not _is_whole(place / group):
            _write(place / group, arrays, literature.documents(group))
    for other in folder.iterdir():
        if other.is_dir() and other != place and len(other.name) == len(place.name):
            shutil.rmtree(other, ignore_errors=True)
    if progress:
        progress("done", 1.0)
    return open_derived(folder, arrays, literature.content_sha256) or Derived({}, {}, CORPORA)


def _write(place: Path, arrays: GraphArrays, source: Iterable[Document]) -> None:
    """Derive one corpus and put it in its place in one step; retracted articles weigh nothing."""
    documents = [document for document in source if not document.retracted]
    temporary = place.with_name(f"{place.name}.part-{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    manifest = {"format": FORMAT, "documents": len(documents)}
    if documents:
        _derive(temporary, _named(arrays), documents)
    (temporary / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    _sync(temporary)
    shutil.rmtree(place, ignore_errors=True)
    temporary.rename(place)


def _sync(folder: Path) -> None:
    """Make sure that what was written is on the disk before it is renamed."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _derive(place: Path, named: Sequence[tuple[str, str, tuple[str, ...]]], documents: Sequence[Document]) -> None:
    """Find mentions, count pairs, build profiles and write them."""
    finder = MentionFinder(named)
    stream = tokenise(f"{document.title}\n{document.text}" for document in documents)
    rows = entity_rows(stream, finder.scan(stream), finder)
    entities = len(finder.ids)
    pairs = count_pairs(documents, stream, rows, [name.lower() for _, name, _ in named], entities)
    profiles = build_profiles(stream, rows, pairs, entities)
    begins, postings, zones = _postings(rows, entities)
    arrays = {
        "keys": pairs.keys,
        "counts": pairs.counts,
        "alone": pairs.alone,
        "begins": begins,
        "postings": postings,
        "zones": zones,
    }
    vectors = {f"profile_{name}": getattr(profiles, name).astype(np.float16) for name in Profiles.__dataclass_fields__}
    np.savez(place / "arrays.npz", **arrays, **vectors)  # type: ignore[arg-type]
    table = {"ids": [d.id for d in documents], "phases": [d.phase or "" for d in documents]}
    table["statuses"] = [(d.status or "").lower() for d in documents]
    (place / "documents.json").write_text(json.dumps(table), encoding="utf-8")


def _postings(rows: EntityRows, entities: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Return the documents that name each entity, by entity, with the places where they do."""
    texts = int(rows.text.max(initial=0)) + 1
    unique, inverse = np.unique(rows.entity.astype(np.int64) * texts + rows.text, return_inverse=True)
    zones = np.zeros(len(unique), np.int32)
    np.bitwise_or.at(zones, inverse, rows.zone)
    begins = np.searchsorted(unique // texts, np.arange(entities + 1))
    return begins, (unique % texts).astype(np.int32), zones


def _is_whole(place: Path) -> bool:
    """Whether a corpus is there and can be read."""
    if not (place / "manifest.json").exists():
        return False
    try:
        _whole(place)
    except DamagedData:
        return False
    return True


def _whole(place: Path) -> CorpusStats | None:
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
