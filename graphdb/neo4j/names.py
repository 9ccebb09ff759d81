"""The names of a graph in Neo4j: fetched for the first name that is looked up, and kept on disk for later processes.

What is kept is a copy, found by the hash of the graph's sources. Removing it costs nothing but fetching it again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.errors import Busy, DamagedData, NotReady, WorkError
from kedrec.graphdb.names.index import NameIndex
from kedrec.graphdb.names.resolver import Resolver
from kedrec.graphdb.snapshots import MappedLines, current_version, map_array, new_version, read_manifest, write_manifest

__all__ = ["FetchedNames", "fetched_names"]

FetchedRows = Sequence[Mapping[str, Any]]
"""Id, name, synonyms, degree and loop of each entity."""


class FetchedNames:
    """The names of all entities; every file is opened at once, so that the folder may be gone afterwards.

    Args:
        folder: what `fetched_names` wrote.
    """

    def __init__(self, folder: Path) -> None:
        ids, names, synonyms = (MappedLines(folder / f"{part}.txt").read() for part in ("ids", "names", "synonyms"))
        self.ids, self.names = ids, names
        self._synonyms = synonyms or [""] * len(ids)
        self.neighbours = map_array(folder / "neighbours.npy")
        if not len(ids) == len(names) == len(self._synonyms) == len(self.neighbours):
            raise DamagedData(f"The names in {folder} do not fit together.")
        places = {entity_id: place for place, entity_id in enumerate(ids)}
        self.resolver = Resolver(ids, names, self.synonyms, places.get, NameIndex.open(folder))

    def synonyms(self, place: int) -> tuple[str, ...]:
        """Other names of the entity at a place."""
        joined = self._synonyms[place]
        return tuple(joined.split("|")) if joined else ()


def fetched_names(fetch: Callable[[], FetchedRows], source: str, kept_in: Path | None) -> FetchedNames:
    """Return the names of a graph: those kept from an earlier process, or fetched now and kept.

    Args:
        fetch: asks the server for them.
        source: hash of the graph's sources.
        kept_in: folder for the copy; where it is None or cannot be written, none is kept.
    """
    kept = kept_in and _kept(kept_in, source)
    return kept or _fetched(fetch(), source, kept_in)


def _kept(folder: Path, source: str) -> FetchedNames | None:
    """Return the copy that was kept, if it is one of this graph."""
    try:
        version = current_version(folder)
        return FetchedNames(version) if read_manifest(version)["source_sha256"] == source else None
    except (NotReady, WorkError, OSError, ValueError):
        return None


def _fetched(rows: FetchedRows, source: str, kept_in: Path | None) -> FetchedNames:
    with tempfile.TemporaryDirectory() as aside:
        try:
            with new_version(kept_in or Path(aside)) as building:
                _write(rows, building)
                write_manifest(building, {"source_sha256": source})
                return FetchedNames(building)
        except (Busy, OSError):
            _write(rows, Path(aside))
            return FetchedNames(Path(aside))


def _write(rows: FetchedRows, folder: Path) -> None:
    ordered = sorted(rows, key=lambda row: str(row["id"]))
    ids, names = ([str(row[column]) for row in ordered] for column in ("id", "name"))
    synonyms = [tuple(row["synonyms"]) for row in ordered]
    for part, lines in (("ids", ids), ("names", names), ("synonyms", ["|".join(others) for others in synonyms])):
        (folder / f"{part}.txt").write_bytes("\n".join(lines).encode("utf-8"))
    np.save(folder / "neighbours.npy", np.array([row["degree"] + row["loop"] for row in ordered], np.int32))
    NameIndex.build(ids, names, synonyms.__getitem__).save(folder)
