"""Derives from a user's literature what weighing needs, once, and keeps it in a folder.

A corpus is written under a temporary name and renamed when whole: a build that was killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kedrec.agents.offline.literature_stats import (
    CORPORA,
    FORMAT,
    Derived,
    named_entities,
    open_derived,
    read_corpus,
    state_key,
)
from kedrec.errors import DamagedData
from kedrec.graphdb.link_prediction.kernels import GraphArrays
from kedrec.records import Document
from kedrec.tools.library.writer import CorpusGroup
from kedrec.tools.text.mention_finder import MentionFinder
from kedrec.tools.text.pair_record_counts import count_pairs
from kedrec.tools.text.profiles import Profiles, build_profiles
from kedrec.tools.text.tokens import tokenise
from kedrec.tools.text.zones import EntityRows, entity_rows

__all__ = ["LiteratureSource", "MemoryLiterature", "build"]


class LiteratureSource(Protocol):
    """Where documents come from; ``kedrec.tools.literature.Literature`` is one."""

    @property
    def content_sha256(self) -> str:
        """Hash of all documents; empty without any."""
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
        _derive(temporary, named_entities(arrays), documents)
    (temporary / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    # What was written is on the disk before it is renamed.
    for path in temporary.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    shutil.rmtree(place, ignore_errors=True)
    temporary.rename(place)


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
        read_corpus(place)
    except DamagedData:
        return False
    return True
