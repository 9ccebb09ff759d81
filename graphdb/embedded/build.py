"""Builds the embedded graph: compressed rows in memory-mapped arrays, names beside them, all or nothing."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedrec.errors import InputError, UserError, WorkError
from kedrec.graphdb.drkg.files import Names, Triples, kind_of, read_names, read_triples, unequal
from kedrec.graphdb.groups import Group
from kedrec.graphdb.names.find_groups import GivenGroups, find_groups, read_groups
from kedrec.graphdb.names.index import NameIndex
from kedrec.graphdb.ranking import relation_weight
from kedrec.graphdb.snapshots import new_version, write_manifest
from kedrec.graphdb.store import GraphStats
from kedrec.os_error_causes import cause_of

__all__ = ["GROUPS", "LinkedGraph", "LoadReport", "OnStage", "distinct", "link", "load_graph", "report_of"]

OnStage = Callable[[str, int, int], None]
"""Called with the stage, and with how many of how many stages are done."""
STAGES = ("reading triples", "reading names", "linking", "indexing names", "writing")
ARRAYS = ("start", "near", "link", "degrees")
"""What is written of a graph's arrays; the triples themselves can be read from them."""

GROUPS = "groups.txt"
"""Where the groups of ids are written: one a line, ids separated by tabs."""


class LoadReport(GraphStats):
    """Size of a graph just loaded, and what its files held besides."""

    duplicates: int
    """Triples that came more than once; each was kept once."""
    named: int
    """Entities with edges that have a name."""
    unnamed: int
    """Entities with edges that have none."""
    unlinked_names: int
    """Entities of the names file without any edge: found by name, but not counted among the entities."""
    groups: int = 0
    """Drugs and diseases with several ids, which were joined."""
    strange_groups: int = 0
    """Ids of the groups file that the graph does not have."""
    seconds: float
    """Wall-clock."""


@dataclass(frozen=True)
class LinkedGraph:
    """Everything that is written."""

    ids: list[str]
    """Entity ids, sorted; those of the names file that have no edge included."""
    names: list[str]
    """Preferred names in the same order; the id itself if there is none."""
    synonyms: list[tuple[str, ...]]
    """Other names in the same order."""
    relations: list[str]
    """Relation names, sorted."""
    arrays: dict[str, NDArray[np.generic]]
    """The triples as `heads`, `rels` and `tails`, and `ARRAYS`."""
    groups: list[Group]
    """Ids that are one drug or disease."""


def load_graph(
    files: Sequence[Path],
    names: Path | None,
    folder: Path,
    on_progress: OnStage | None = None,
    *,
    groups: Path | None = None,
) -> LoadReport:
    """Build one graph from all files and put it in place of the former one in a single swap.

    Args:
        files: DRKG files, plain or gzipped.
        names: names file, plain or gzipped.
        folder: where the graph lives.
        on_progress: called for each stage.
        groups: which ids are one drug or disease; see `read_groups`. Ids that it leaves out are joined by their names.

    Raises:
        InputError: a file does not fit; the former graph stays as it was.
        Busy: another process is loading into the same folder.
        WorkError: the folder cannot be written.
    """
    if not files:
        raise UserError("Name at least one file of triples: kedrec graph load FILE")
    try:
        with new_version(folder) as building:
            return _load(files, names, groups, building, on_progress or _silent)
    except OSError as error:
        short = f"the disk took only a part ({error}); make room on it"
        reason = (f"{cause} ({error})" if (cause := cause_of(error)) else str(error)) if error.errno else short
        raise WorkError(
            f"The graph could not be written into {folder}: {reason}. The former graph is unchanged."
        ) from error


def _silent(stage: str, done: int, total: int) -> None:
    """Say nothing."""


def _load(
    files: Sequence[Path], names: Path | None, groups: Path | None, building: Path, on_progress: OnStage
) -> LoadReport:
    started = time.perf_counter()
    on_progress(STAGES[0], 0, len(STAGES))
    triples = read_triples(distinct(files))
    on_progress(STAGES[1], 1, len(STAGES))
    named = read_names(names) if names else Names({}, {}, frozenset(), "")
    given = read_groups(groups) if groups else GivenGroups()
    on_progress(STAGES[2], 2, len(STAGES))
    graph = link(triples, named, given)
    on_progress(STAGES[3], 3, len(STAGES))
    index = NameIndex.build(graph.ids, graph.names, graph.synonyms.__getitem__)
    on_progress(STAGES[4], 4, len(STAGES))
    _write(graph, index, building)
    report = report_of(triples, named, started, given, graph)
    hashes = {"triples_sha256": triples.sha256, "names_sha256": named.sha256 or None}
    write_manifest(building, {**report.model_dump(), **hashes})
    on_progress(STAGES[4], 5, len(STAGES))
    return report


def distinct(files: Sequence[Path]) -> list[Path]:
    """Return the files.

    Raises:
        InputError: one is named twice.
    """
    seen: set[Path] = set()
    for path in files:
        if path.resolve() in seen:
            raise InputError(path, "is named twice; name each file once")
        seen.add(path.resolve())
    return list(files)


def link(triples: Triples, named: Names, given: GivenGroups | None = None) -> LinkedGraph:
    """Put the names' own entities among those of the triples, and every edge at both its ends."""
    ids = sorted(named.ids.union(triples.ids))
    place_of = {entity_id: place for place, entity_id in enumerate(ids)}
    places = np.array([place_of[entity_id] for entity_id in triples.ids], np.int32)
    heads, tails = places[triples.heads], places[triples.tails]
    arrays: dict[str, NDArray[np.generic]] = {"heads": heads, "rels": triples.rels, "tails": tails}
    arrays |= _adjacency(heads, triples.rels, tails, triples.relations, len(ids))
    names = [named.names.get(entity_id, entity_id) for entity_id in ids]
    synonyms = [named.synonyms.get(entity_id, ()) for entity_id in ids]
    return LinkedGraph(ids, names, synonyms, triples.relations, arrays, find_groups(ids, names, given))


def _adjacency(
    heads: NDArray[np.int32], rels: NDArray[np.int32], tails: NDArray[np.int32], relations: list[str], size: int
) -> dict[str, NDArray[np.generic]]:
    """Return, in compressed rows, the edges at each entity: one row per entity, each edge in the rows of both its ends.

    `near` is the other end; `link` is twice the place of the relation, and one more where the edge leads from the end
    with the higher place to the lower. A row is sorted by the other end; parallel edges by the weight of their
    relation, its place and that last bit, so that the best one comes first. `start` says where rows begin. An entity
    that is linked to itself is its own neighbour here, but not in its degree.
    """
    best_first = np.argsort(np.array([-relation_weight(relation) for relation in relations]), kind="stable")
    of_link = np.uint8 if 2 * len(relations) <= 256 else np.uint16
    for_end, for_link = size.bit_length(), 8 * np.dtype(of_link).itemsize
    ranked = (best_first.argsort()[rels] << 1 | (heads > tails)).astype(of_link)
    apart = heads != tails
    keys = np.concatenate([heads, tails[apart]], dtype=np.int64)
    keys <<= for_end
    keys |= np.concatenate([tails, heads[apart]])
    keys <<= for_link
    keys |= np.concatenate([ranked, ranked[apart]])
    keys.sort()
    link = _unranked(best_first, of_link).take(keys.astype(of_link))
    keys >>= for_link
    near = keys.astype(np.int32) & np.int32((1 << for_end) - 1)
    counted = unequal(keys)
    keys >>= for_end
    counted &= keys != near
    return {
        "start": np.append(0, np.cumsum(np.bincount(keys, minlength=size))),
        "near": near,
        "link": link,
        "degrees": np.bincount(keys[counted], minlength=size).astype(np.int32),
    }


def _unranked(best_first: NDArray[np.int64], of_link: type[np.uint8 | np.uint16]) -> NDArray[np.unsignedinteger[Any]]:
    """Return, for each link by the rank of its relation, the link by the place of its relation."""
    links: NDArray[np.unsignedinteger[Any]] = np.repeat(best_first << 1, 2).astype(of_link)
    links[1::2] |= 1
    return links


def _write(graph: LinkedGraph, index: NameIndex, building: Path) -> None:
    for name in ARRAYS:
        np.save(building / f"{name}.npy", graph.arrays[name])
    synonyms = ["|".join(others) for others in graph.synonyms]
    for name, lines in (
        ("ids", graph.ids),
        ("names", graph.names),
        ("synonyms", synonyms),
        ("relations", graph.relations),
        ("groups", ["\t".join(group) for group in graph.groups]),
    ):
        (building / f"{name}.txt").write_bytes("\n".join(lines).encode("utf-8"))
    index.save(building)


def report_of(triples: Triples, named: Names, started: float, given: GivenGroups, graph: LinkedGraph) -> LoadReport:
    """Return what was read, and the seconds since `started` by `time.perf_counter`."""
    linked = len(triples.ids)
    with_name = sum(entity_id in named.names for entity_id in triples.ids)
    relations = np.bincount(triples.rels, minlength=len(triples.relations)).tolist()
    # One hash for all files, whatever the order of the triples' files: that of the file where there is one.
    if len(triples.sha256) == 1 and not named.sha256 and not given.sha256:
        source_sha256 = triples.sha256[0]
    else:
        others = [named.sha256, *([given.sha256] if given.sha256 else [])]
        source_sha256 = hashlib.sha256("\n".join([*sorted(triples.sha256), *others]).encode()).hexdigest()
    return LoadReport(
        entities=linked,
        triples=len(triples.heads),
        kinds=dict(sorted(Counter(kind_of(entity_id) for entity_id in triples.ids).items())),
        relations=dict(zip(triples.relations, relations, strict=True)),
        source_sha256=source_sha256,
        duplicates=triples.duplicates,
        named=with_name,
        unnamed=linked - with_name,
        unlinked_names=len(named.ids.difference(triples.ids)),
        groups=len(graph.groups),
        strange_groups=len({one for line in given.groups for one in line}.difference(graph.ids)),
        seconds=round(time.perf_counter() - started, 3),
    )
