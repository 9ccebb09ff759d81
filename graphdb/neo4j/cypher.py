"""Every query that is sent to Neo4j: templates valid in Cypher 5 and Cypher 25.

Kinds, relations, ids and numbers are parameters; nothing is ever pasted into a template. Nodes are
`(:Entity:Compound {id, kind, name, synonyms, degree, loop})`, without `synonyms` if there are none; edges are
`-[:REL {type, source}]->`. One node `(:KedrecGraph)` says what is loaded and how far a load has come.

Hidden pairs are parameters too: `$hidden` maps an id to its hidden neighbours, `$degrees` maps an id to the number of
its visible neighbours.
"""

from __future__ import annotations

from typing import Final, LiteralString

__all__ = [
    "ADD_EDGES", "ADD_ENTITIES", "BETWEEN", "CONSTRAINTS", "COUNT_EDGES", "COUNT_ENTITIES", "DEGREES", "ENTITIES",
    "ENTITY", "FOLDERS", "FOREIGN", "GRAPH", "LEFT_BEHIND", "LINKS", "LINKS_BY_ID", "MARK", "NEIGHBOURS",
    "REMOVE_EDGES", "REMOVE_ENTITIES", "SHARED", "STATUS", "STEPS", "STRANGERS", "UNNAMED",
]  # fmt: skip

CONSTRAINTS: Final[tuple[LiteralString, ...]] = (
    "CREATE CONSTRAINT kedrec_entity_id IF NOT EXISTS FOR (e:Entity) REQUIRE e.id IS UNIQUE",
    "CREATE CONSTRAINT kedrec_graph_id IF NOT EXISTS FOR (g:KedrecGraph) REQUIRE g.id IS UNIQUE",
)
"""Each id once; they come before any entity, and make its look-up quick."""

GRAPH: Final[LiteralString] = "MATCH (g:KedrecGraph {id: 'graph'}) RETURN properties(g) AS graph"
"""What is loaded."""

MARK: Final[LiteralString] = "MERGE (g:KedrecGraph {id: 'graph'}) SET g += $fields"
"""Say what is loaded."""

FOREIGN: Final[LiteralString] = "MATCH (e:Entity) RETURN e.id AS id LIMIT 1"
"""Any entity at all."""

STRANGERS: Final[LiteralString] = """
OPTIONAL MATCH (g:KedrecGraph {id: 'graph'})
MATCH (n) WHERE NOT n:KedrecGraph AND (g IS NULL OR NOT n:Entity)
RETURN labels(n) AS labels LIMIT 1
"""
"""A node that no load of ours put there."""

STATUS: Final[LiteralString] = """
SHOW DATABASE $name YIELD currentStatus, statusMessage RETURN currentStatus AS status, statusMessage AS message
"""
"""How a database is, and why it is not online; to be asked of the database `system`."""

FOLDERS: Final[LiteralString] = """
SHOW SETTINGS 'server.directories.neo4j_home', 'server.directories.data' YIELD name, value RETURN name, value
"""
"""Where the server keeps itself and its data."""

ADD_ENTITIES: Final[LiteralString] = """
MATCH (g:KedrecGraph {id: 'graph'})
SET g.touched = timestamp()
WITH g WHERE g.state = 'loading' AND g.source_sha256 = $source AND g.entities_done = $done
SET g.entities_done = $until
WITH g UNWIND $rows AS row
MERGE (e:Entity {id: row.id})
SET e += row, e:$(row.kind)
"""
"""Add a batch of entities and move the mark on, in one transaction; nothing, where the mark stands elsewhere.

The first SET takes the node's lock, so that of two loaders, or of a try and its repetition, only one adds the batch.
"""

ADD_EDGES: Final[LiteralString] = """
MATCH (g:KedrecGraph {id: 'graph'})
SET g.touched = timestamp()
WITH g WHERE g.state = 'loading' AND g.source_sha256 = $source AND g.triples_done = $done
SET g.triples_done = $until
WITH g UNWIND $rows AS row
MATCH (head:Entity {id: row.head})
UNWIND row.tails AS id
MATCH (tail:Entity {id: id})
CREATE (head)-[:REL {type: row.type, source: row.source}]->(tail)
"""
"""Add a batch of edges and move the mark on, in one transaction; nothing, where the mark stands elsewhere.

A row holds all edges of one head by one relation, which takes less of both sides than a row for each edge.
"""

COUNT_ENTITIES: Final[LiteralString] = """
MATCH (e:Entity) WHERE e.kind IN labels(e)
RETURN e.kind AS name, count(*) AS n, sum(CASE WHEN e.degree > 0 OR e.loop THEN 1 ELSE 0 END) AS linked
"""
"""Entities by kind, and how many of them have an edge."""

COUNT_EDGES: Final[LiteralString] = """
MATCH (e:Entity) WHERE coalesce(e.degree, 0) % $parts = $part
MATCH (e)-[r:REL]->() WHERE r.type IS NOT NULL
RETURN r.type AS name, count(*) AS n
"""
"""Edges by relation, in one of several parts, which a server counts side by side."""

REMOVE_EDGES: Final[LiteralString] = """
MATCH (:Entity)-[r:REL]->(:Entity) WITH r LIMIT $size DELETE r RETURN count(*) AS removed
"""
"""Remove some edges."""

REMOVE_ENTITIES: Final[LiteralString] = """
MATCH (e:Entity) WITH e LIMIT $size DETACH DELETE e RETURN count(*) AS removed
"""
"""Remove some entities."""

ENTITY: Final[LiteralString] = """
MATCH (e:Entity {id: $id})
RETURN e.name AS name, coalesce(e.synonyms, []) AS synonyms, e.degree AS degree, e.loop AS loop
"""
"""One entity."""

UNNAMED: Final[LiteralString] = """
MATCH (e:Entity) WHERE e.name = e.id AND (e.degree > 0 OR e.loop)
RETURN e.id AS id
"""
"""Entities with an edge and without a name."""

DEGREES: Final[LiteralString] = """
UNWIND $ids AS id
MATCH (e:Entity {id: id})
RETURN id, e.degree AS degree, e.loop AS loop
"""
"""How many neighbours some entities have, and whether they are their own."""

ENTITIES: Final[LiteralString] = """
MATCH (e:Entity)
RETURN e.id AS id, e.name AS name, coalesce(e.synonyms, []) AS synonyms, e.degree AS degree, e.loop AS loop
"""
"""All entities, with what the index of names is made of."""

BETWEEN: Final[LiteralString] = """
UNWIND $pairs AS pair
MATCH (a:Entity {id: pair[0]})-[r:REL]-(b:Entity {id: pair[1]})
RETURN DISTINCT pair[0] AS a, pair[1] AS b, startNode(r).id AS head, r.type AS relation, endNode(r).id AS tail
"""
"""Edges between the two of each pair, either way."""

NEIGHBOURS: Final[LiteralString] = """
MATCH (e:Entity {id: $id})-[r:REL]-(other:Entity)
WHERE ($relation IS NULL OR r.type = $relation)
  AND ($kind IS NULL OR other.kind = $kind)
  AND NOT other.id IN $gone
WITH DISTINCT r, other
ORDER BY coalesce($degrees[other.id], other.degree), other.id, r.type, startNode(r).id
LIMIT $limit
RETURN startNode(r).id AS head, r.type AS relation, endNode(r).id AS tail,
  coalesce($degrees[other.id], other.degree) AS degree
"""
"""Edges at an entity, the least connected other ends first."""

SHARED: Final[LiteralString] = """
MATCH (a:Entity {id: $a})
MATCH (b:Entity {id: $b})
WITH CASE WHEN a.degree <= b.degree THEN a ELSE b END AS few, CASE WHEN a.degree <= b.degree THEN b ELSE a END AS many
MATCH (few)-[:REL]-(between:Entity)
WHERE between.kind = $kind AND NOT between.id IN $gone
WITH DISTINCT many, between
WHERE EXISTS { (between)-[:REL]-(many) }
WITH between, coalesce($degrees[between.id], between.degree) AS degree
ORDER BY degree, between.id
LIMIT $limit
RETURN between.id AS id, between.name AS name, coalesce(between.synonyms, []) AS synonyms, degree
"""
"""Entities of a kind next to both, the least connected first."""

STEPS: Final[LiteralString] = """
UNWIND $ends AS end
MATCH (e:Entity {id: end})-[r:REL]-(near:Entity)
WHERE NOT near.id IN $ends AND NOT near.id IN coalesce($hidden[end], [])
WITH end, near, coalesce($degrees[near.id], near.degree) AS degree, max(coalesce($weights[r.type], $other)) AS weight
WHERE degree <= $hub_limit
RETURN end, near.id AS id, near.name AS name, degree, weight
"""
"""First steps from each end over entities that are no hubs, with the weight of the best edge."""

LINKS: Final[LiteralString] = """
UNWIND keys($here) AS id
MATCH (one:Entity {id: id})-[r:REL]-(two:Entity)
WHERE one <> two AND $there[two.id] IS NOT NULL AND NOT two.id IN coalesce($hidden[id], [])
WITH id, two.id AS beyond, max(coalesce($weights[r.type], $other)) AS weight
WITH [id, beyond] AS nodes, $here[id] * weight * $there[beyond] AS score
ORDER BY score DESC
WITH collect({nodes: nodes, score: score}) AS rows
WITH rows, rows[CASE WHEN size(rows) > $limit THEN $limit - 1 ELSE -1 END].score AS least
UNWIND rows AS row
WITH row, least WHERE row.score >= least * (1 - $slack) - $margin
RETURN row.nodes AS nodes, row.score AS score
"""
"""The best links from one side's steps to the other's, and those that may tie with the last of them.

`$here` and `$there` map the id of a step to its worth: the weight of its edge by the root of its degree.
"""

LINKS_BY_ID: Final[LiteralString] = """
UNWIND $ids AS id
MATCH (head:Entity)-[r:REL]->(tail:Entity) WHERE elementId(r) = id
RETURN id, head.id AS head, r.type AS relation, tail.id AS tail
"""
"""Edges by the database's own ids of them."""

LEFT_BEHIND: Final[LiteralString] = """
SHOW TRANSACTIONS YIELD metaData, elapsedTime
WHERE metaData.kedrec = $mark AND elapsedTime.milliseconds > 1000 * (metaData.seconds + $slow)
RETURN elapsedTime.seconds AS seconds
"""
"""Transactions of a mark that run on after their time limit."""
