"""The graph in SQLite, for the benchmark: indexed, every question one statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.eval.bench_graph.contenders import HUB_LIMIT, KIND, NEIGHBOURS, PATHS, SHARED, Nodes, OnePairAtATime
from kedrec.graphdb.drkg.files import kind_of, read_triples
from kedrec.graphdb.ranking import relation_weight
from kedrec.records import Triple

if TYPE_CHECKING:
    from kedrec.graphdb.drkg.files import Triples

__all__ = ["SqliteGraph", "load_sqlite"]

SCHEMA = """
CREATE TABLE entity(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, gene INTEGER, degree INTEGER, spread REAL);
CREATE TABLE relation(n INTEGER PRIMARY KEY, name TEXT NOT NULL, weight REAL);
CREATE TABLE edge(one INTEGER, other INTEGER, relation INTEGER, head INTEGER,
  PRIMARY KEY(one, other, relation, head)) WITHOUT ROWID;
"""
"""Each triple stands in the table twice, once for either end, so that one index answers from both."""

DEGREES = """
UPDATE entity SET degree = found.degree, spread = 1 / sqrt(max(found.degree, 1)) FROM (
  SELECT one, count(DISTINCT other) AS degree FROM edge WHERE one <> other GROUP BY one) AS found WHERE n = found.one
"""

NAMED = """
SELECT h.id, r.name, t.id FROM ({edges}) AS e
JOIN relation r ON r.n = e.relation JOIN entity h ON h.n = e.head
JOIN entity t ON t.n = CASE WHEN e.head = e.one THEN e.other ELSE e.one END
"""
DIRECT = NAMED.format(edges="SELECT * FROM edge WHERE one = :a AND other = :b") + "ORDER BY r.name, h.id"
NEIGHBOURS_OF = (
    NAMED.format(
        edges="""
SELECT edge.*, o.degree AS degree FROM edge JOIN entity o ON o.n = other WHERE one = :a
ORDER BY o.degree, other, relation, head LIMIT :limit"""
    )
    + "ORDER BY e.degree, e.other, e.relation, e.head"
)
SHARED_BY = """
SELECT x.id FROM (SELECT DISTINCT one.other AS n FROM edge one WHERE one.one = :few
  AND EXISTS (SELECT 1 FROM edge two WHERE two.one = :many AND two.other = one.other)) AS found
JOIN entity x ON x.n = found.n WHERE x.gene AND x.n NOT IN (:few, :many) ORDER BY x.degree, x.n LIMIT :limit
"""
PATHS_OF = """
WITH ours AS MATERIALIZED ({steps_a}), theirs AS MATERIALIZED ({steps_b}), links AS (
  SELECT o.n AS one, t.n AS two, max(r.weight) * o.weight * t.weight * o.spread * t.spread AS score
  FROM ours o CROSS JOIN edge e ON e.one = o.n JOIN theirs t ON t.n = e.other JOIN relation r ON r.n = e.relation
  WHERE o.n <> t.n GROUP BY o.n, t.n)
SELECT one, two FROM (
  SELECT max(r.weight) AS score, 1 AS hops, NULL AS one, NULL AS two FROM edge e JOIN relation r ON r.n = e.relation
    WHERE e.one = :a AND e.other = :b HAVING count(*)
  UNION ALL SELECT o.weight * t.weight * o.spread, 2, o.n, NULL FROM ours o JOIN theirs t ON t.n = o.n
  UNION ALL SELECT score, 3, one, two FROM links)
ORDER BY round(score, 9) DESC, hops, one, two LIMIT :limit
"""
STEPS = """SELECT x.n, x.spread, max(r.weight) AS weight FROM edge e JOIN entity x ON x.n = e.other
  JOIN relation r ON r.n = e.relation WHERE e.one = :{end} AND x.degree <= :hub AND x.n NOT IN (:a, :b) GROUP BY x.n"""


def load_sqlite(triples: Path, database: Path) -> None:
    """Build the database, with no safety that would cost time."""
    found = read_triples([triples])
    with sqlite3.connect(database) as connection:
        connection.executescript("PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -1000000;")
        connection.executescript(SCHEMA)
        entities = ((n, entity_id, kind_of(entity_id) == KIND) for n, entity_id in enumerate(found.ids))
        connection.executemany("INSERT INTO entity(n, id, gene) VALUES (?, ?, ?)", entities)
        relations = ((n, name, relation_weight(name)) for n, name in enumerate(found.relations))
        connection.executemany("INSERT INTO relation VALUES (?, ?, ?)", relations)
        connection.executemany("INSERT INTO edge VALUES (?, ?, ?, ?)", _both_ends(found))
        connection.execute(DEGREES)
        connection.execute("ANALYZE")
    connection.close()


def _both_ends(found: Triples) -> Iterator[tuple[int, int, int, int]]:
    """Yield the rows in the order of the key, which is how SQLite takes them fastest."""
    import numpy as np

    heads, rels, tails = found.heads, found.rels, found.tails
    apart = heads != tails
    ones, others = np.append(heads, tails[apart]), np.append(tails, heads[apart])
    columns = [ones, others, np.append(rels, rels[apart]), np.append(heads, heads[apart])]
    order = np.lexsort(columns[::-1])
    for part in np.array_split(order, 1 + len(order) // 100_000):
        yield from zip(*(column[part].tolist() for column in columns), strict=True)


class SqliteGraph(OnePairAtATime):
    """The graph in SQLite, every question one statement.

    Args:
        database: as `load_sqlite` wrote it.
    """

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self._connection.executescript("PRAGMA mmap_size = 4000000000; PRAGMA cache_size = -200000;")
        steps = {f"steps_{end}": STEPS.format(end=end) for end in "ab"}
        self._paths = PATHS_OF.format(**steps)

    def _ask(self, query: str, **values: object) -> list[tuple[str, ...]]:
        return self._connection.execute(query, values).fetchall()

    def _place(self, entity_id: str) -> tuple[int, int]:
        rows = self._connection.execute("SELECT n, degree FROM entity WHERE id = ?", (entity_id,)).fetchall()
        return int(rows[0][0]), int(rows[0][1])

    def direct(self, a: str, b: str) -> list[Triple]:
        """Triples between two entities."""
        return [(h, r, t) for h, r, t in self._ask(DIRECT, a=self._place(a)[0], b=self._place(b)[0])]

    def neighbours(self, a: str) -> list[Triple]:
        """The first triples at an entity."""
        return [(h, r, t) for h, r, t in self._ask(NEIGHBOURS_OF, a=self._place(a)[0], limit=NEIGHBOURS)]

    def shared(self, a: str, b: str, limit: int = SHARED) -> list[str]:
        """Genes next to both."""
        few, many = sorted((self._place(a), self._place(b)), key=lambda place: place[1])
        return [row[0] for row in self._ask(SHARED_BY, few=few[0], many=many[0], limit=limit)]

    def paths(self, a: str, b: str, limit: int = PATHS) -> list[Nodes]:
        """Entities along the best paths."""
        rows = self._ask(self._paths, a=self._place(a)[0], b=self._place(b)[0], hub=HUB_LIMIT, limit=limit)
        return [(a, *(self._id(place) for place in row if place is not None), b) for row in rows]

    def _id(self, place: object) -> str:
        return str(self._connection.execute("SELECT id FROM entity WHERE n = ?", (place,)).fetchone()[0])
