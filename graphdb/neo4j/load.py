"""Loads DRKG into a running Neo4j: in batches, each once, from where an earlier try stopped, counted afterwards."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString

import numpy as np

from kedrec.errors import Busy, DamagedData, NotReady, UserError, WorkError
from kedrec.graphdb.drkg.files import Names, kind_of, read_names, read_triples, source_of
from kedrec.graphdb.embedded.build import LinkedGraph, LoadReport, OnStage, distinct, link, report_of
from kedrec.graphdb.names.find_groups import GivenGroups, read_groups
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.connection import Server
from kedrec.graphdb.neo4j.store import FORMAT
from kedrec.graphdb.store import GraphStats

__all__ = ["Load", "load_into_neo4j", "mark_of", "read_graph", "silent"]

BATCH = 10_000
"""Rows of one transaction."""
PARTS = 2
"""Parts of the edges that are counted side by side."""

Counts = dict[str, int]
RowBatches = Callable[[int, int], Iterator[dict[str, Any]]]
"""Gives the rows from one place to another."""


def load_into_neo4j(
    files: Sequence[Path],
    names: Path | None,
    server: Server,
    on_progress: OnStage | None = None,
    *,
    batch: int = BATCH,
    groups: Path | None = None,
) -> LoadReport:
    """Load one graph from all files into a database, in place of the graph that an earlier load put there.

    Each batch and the mark of how far the load has come are one transaction: stopped at any point, the same load goes
    on from there, and one that is complete only counts again. What else the database holds is left alone.

    Args:
        files: DRKG files, plain or gzipped.
        names: names file, plain or gzipped.
        server: the database.
        on_progress: called with the stage, and with how many of how many rows are done.
        batch: rows of one transaction.
        groups: which ids are one drug or disease; see `read_groups`.

    Raises:
        InputError: a file does not fit; the database stays as it was.
        UserError: the database has entities that no load of ours put there.
        DamagedData: afterwards the database has other counts than the files.
        WorkError: the server failed for longer than trying again helps.
    """
    started, report_stage = time.perf_counter(), on_progress or silent
    graph, report = read_graph(files, names, report_stage, groups)
    Load(server, graph, report, report_stage, batch).run()
    return report.model_copy(update={"seconds": round(time.perf_counter() - started, 3)})


def silent(stage: str, done: int, total: int) -> None:
    """Say nothing."""


def read_graph(
    files: Sequence[Path], names: Path | None, on_progress: OnStage, groups: Path | None = None
) -> tuple[LinkedGraph, LoadReport]:
    """Read the files of a graph; raises as `load_into_neo4j` does."""
    if not files:
        raise UserError("Name at least one file of triples: kedrec graph load FILE --store neo4j")
    started = time.perf_counter()
    on_progress("reading", 0, 1)
    triples = read_triples(distinct(files))
    named = read_names(names) if names else Names({}, {}, frozenset(), "")
    given = read_groups(groups) if groups else GivenGroups()
    graph = link(triples, named, given)
    return graph, report_of(triples, named, started, given, graph)


def mark_of(graph: LinkedGraph, report: LoadReport) -> dict[str, Any]:
    """Return what a database says of itself when all rows of a graph are there, but not yet counted."""
    return {
        "state": "loading",
        "format": FORMAT,
        "source_sha256": report.source_sha256,
        "entities_done": len(graph.ids),
        "triples_done": len(graph.arrays["heads"]),
    }


class Load:
    """One load of one graph.

    Args:
        server: the database.
        graph: what it shall hold.
        report: what the files held.
        on_progress: called with the stage, and with how many of how many rows are done.
        batch: rows of one transaction.
    """

    def __init__(
        self, server: Server, graph: LinkedGraph, report: LoadReport, on_progress: OnStage, batch: int = BATCH
    ) -> None:
        self._server, self._graph, self._report = server, graph, report
        self._on_progress, self._batch = on_progress, batch

    def run(self) -> None:
        """Load what is missing, count, and say that the graph is there."""
        with _kept():
            for constraint in cypher.CONSTRAINTS:
                self._server.change(constraint)
            found = self._marks()
            if not self._begun(found):
                self._make_room(found)
            self._fill("entities", cypher.ADD_ENTITIES, len(self._graph.ids))
            self._fill("triples", cypher.ADD_EDGES, len(self._graph.arrays["heads"]))
            self._verify()
            stats = GraphStats.model_validate(self._report.model_dump(include=set(GraphStats.model_fields)))
            groups = ["\t".join(group) for group in self._graph.groups]
            self._mark(state="ready", stats=json.dumps(stats.model_dump(), ensure_ascii=False), groups=groups)

    def is_filled(self) -> bool:
        """Say whether the database holds all rows of this graph, be they counted or not."""
        mark = mark_of(self._graph, self._report)
        found = self._marks()
        return self._begun(found) and all(found.get(name) == mark[name] for name in ("entities_done", "triples_done"))

    def _marks(self) -> dict[str, Any]:
        found = self._server.ask(cypher.GRAPH)
        return dict(found[0]["graph"]) if found else {}

    def _mark(self, **fields: Any) -> None:
        self._server.change(cypher.MARK, fields=fields)

    def _begun(self, found: dict[str, Any]) -> bool:
        """Say whether the database holds this graph, or the beginning of it."""
        same = (found.get("source_sha256"), found.get("format")) == (self._report.source_sha256, FORMAT)
        return same and found.get("state") in ("loading", "ready")

    def _make_room(self, found: dict[str, Any]) -> None:
        """Remove the graph of an earlier load, and begin this one."""
        if not found and (foreign := self._server.ask(cypher.FOREIGN)):
            raise UserError(
                f"The database {self._server.database!r} at {self._server.uri} has :Entity nodes that KEDRec did not "
                f"load, such as {foreign[0]['id']!r}. Name an empty database with KEDREC_NEO4J_DATABASE."
            )
        begun = mark_of(self._graph, self._report) | {"entities_done": 0, "triples_done": 0}
        self._mark(**begun | {"state": "removing"})
        for query in (cypher.REMOVE_EDGES, cypher.REMOVE_ENTITIES):
            self._on_progress("removing the former graph", 0, 1)
            while self._server.change(query, size=self._batch)[0]["removed"]:
                pass
        self._mark(**begun)

    def _fill(self, what: str, query: LiteralString, total: int) -> None:
        """Add the rows from the mark on; the mark is read anew after each batch, whoever moved it."""
        rows: RowBatches = self._entities if what == "entities" else self._triples
        done = self._done(what)
        while done < total:
            self._on_progress(what, done, total)
            until = min(done + self._batch, total)
            some = list(rows(done, until))
            self._server.change(query, rows=some, done=done, until=until, source=self._report.source_sha256)
            before, done = done, self._done(what)
            if done <= before:
                raise WorkError(f"Neo4j at {self._server.uri} did not take the {what} from {done:,} on. Load again.")
        self._on_progress(what, total, total)

    def _done(self, what: str) -> int:
        """Return how many rows are there.

        Raises:
            Busy: the database is no longer ours.
        """
        found = self._marks()
        if not self._begun(found):
            raise Busy(
                f"Another load has taken over the database {self._server.database!r} at {self._server.uri}. "
                "Wait until it is done, then load again."
            )
        return int(found[f"{what}_done"])

    def _entities(self, start: int, end: int) -> Iterator[dict[str, Any]]:
        graph, loops = self._graph, self._loops
        for place in range(start, end):
            entity_id = graph.ids[place]
            yield {
                "id": entity_id,
                "kind": kind_of(entity_id),
                "name": graph.names[place],
                "synonyms": list(graph.synonyms[place]) or None,
                "degree": int(graph.arrays["degrees"][place]),
                "loop": place in loops,
            }

    @cached_property
    def _loops(self) -> set[int]:
        """Places of the entities that are linked to themselves."""
        heads, tails = self._graph.arrays["heads"], self._graph.arrays["tails"]
        return set(heads[heads == tails].tolist())

    def _triples(self, start: int, end: int) -> Iterator[dict[str, Any]]:
        """Yield the triples from one place to another, one row for all of one head and relation."""
        graph = self._graph
        heads, rels, tails = (graph.arrays[name][start:end] for name in ("heads", "rels", "tails"))
        firsts = np.flatnonzero((np.diff(heads, prepend=-1) != 0) | (np.diff(rels, prepend=-1) != 0))
        ends, ids = [*firsts[1:].tolist(), end - start], [graph.ids[place] for place in tails.tolist()]
        for first, last in zip(firsts.tolist(), ends, strict=True):
            relation = graph.relations[rels[first]]
            yield {
                "head": graph.ids[heads[first]],
                "type": relation,
                "source": source_of(relation),
                "tails": ids[first:last],
            }

    def _verify(self) -> None:
        """Count entities by kind and edges by relation in the database.

        Raises:
            DamagedData: they are not those of the files; the next load begins anew.
        """
        self._on_progress("counting", 0, 1)
        with ThreadPoolExecutor(PARTS) as side_by_side:
            counted = side_by_side.map(self._edges_of_part, range(PARTS))
            rows = self._server.ask(cypher.COUNT_ENTITIES)
            edges = sum(counted, Counter[str]())
        problems = [
            *_differences("entities of kind", Counter(map(kind_of, self._graph.ids)), _counts(rows, "n")),
            *_differences("linked entities of kind", self._report.kinds, _counts(rows, "linked")),
            *_differences("edges of relation", self._report.relations, edges),
        ]
        if problems:
            self._mark(state="damaged")
            raise DamagedData(
                f"The database {self._server.database!r} at {self._server.uri} does not hold what the files do: "
                f"{'; '.join(problems[:5])}. Load again; it begins anew."
            )

    def _edges_of_part(self, part: int) -> Counter[str]:
        return Counter(_counts(self._server.ask(cypher.COUNT_EDGES, part=part, parts=PARTS), "n"))


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Say of a server that fails that nothing is lost."""
    try:
        yield
    except DamagedData:
        raise
    except (NotReady, WorkError) as error:
        raise WorkError(f"{error} What was loaded is kept: the same load resumes from there.") from error


def _counts(rows: Sequence[dict[str, Any]], column: str) -> Counts:
    return {row["name"]: row[column] for row in rows if row[column]}


def _differences(what: str, expected: Counts, found: Counts) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    return [
        f"{found.get(name, 0):,} {what} {name!r} instead of {expected.get(name, 0):,}"
        for name in names
        if found.get(name, 0) != expected.get(name, 0)
    ]
