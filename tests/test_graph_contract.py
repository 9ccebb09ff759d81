"""What every graph store keeps to."""

import gzip
import random
from itertools import combinations, pairwise, permutations
from pathlib import Path

import pytest
from graph_stores import BINDS, GENE_OF, GENES, PALLIATES, TARGET, TREATS, embedded, in_neo4j

from kedrec.errors import UserError
from kedrec.graphdb import ranking
from kedrec.records import Edge

A, B, C = "Compound::DB1", "Compound::DB2", "Compound::DB3"
X, Y = "Disease::X", "Disease::Y"
G1, G2, G3 = "Gene::1", "Gene::2", "Gene::3;4"
TRIPLES = [
    (A, TREATS, X), (A, PALLIATES, X), (B, TREATS, X), (B, TREATS, Y), (A, TARGET, G1), (A, BINDS, G1), (B, TARGET, G1),
    (A, TARGET, G2), (X, GENE_OF, G1), (X, GENE_OF, G2), (Y, GENE_OF, G3), (G1, GENES, G3), (G2, GENES, G3),
    (G1, GENES, G1), (C, "bioarx::DrugHumGen:Compound:Gene", G1),
]  # fmt: skip
NAMES = [(A, "Alphadrug", "Alfa"), (B, "Betadrug"), (X, "x disease"), (Y, "y disease"), (G1, "GEN1"), (G2, "GEN2")]


@pytest.fixture(params=[embedded, in_neo4j], ids=["embedded", "neo4j"])
def make_store(request, tmp_path):
    """Makes a store from triples and names."""
    count = iter(range(1000))
    return lambda triples, names=(): request.param(tmp_path / str(next(count)), triples, names)


@pytest.fixture
def store(make_store):
    return make_store(TRIPLES, NAMES)


def edge(head, relation, tail):
    return Edge(head=head, relation=relation, tail=tail, source=relation.split(":")[0])


def test_an_entity_is_found_by_its_id_with_kind_name_and_synonyms(store):
    found = store.get(A)
    assert (found.id, found.kind, found.name, found.synonyms) == (A, "Compound", "Alphadrug", ("Alfa",))
    assert store.get(G3).name == G3
    assert store.get("Compound::DB9") is None


def test_direct_edges_come_from_either_way_sorted(store):
    expected = [edge(A, TREATS, X), edge(A, PALLIATES, X)]
    assert store.direct(A, X) == store.direct(X, A) == expected
    assert store.direct(A, Y) == store.direct(A, "Disease::none") == []


def test_neighbours_come_least_connected_first(store):
    ends = [found.tail if found.head == A else found.head for found in store.neighbours(A)]
    assert ends == [G2, X, X, G1, G1]
    assert store.neighbours(A, relation=BINDS) == [edge(A, BINDS, G1)]
    assert store.neighbours(X, kind="Gene") == [edge(X, GENE_OF, G2), edge(X, GENE_OF, G1)]
    assert store.neighbours(A, limit=2) == store.neighbours(A)[:2]
    assert (
        store.neighbours(A, relation="no::relation") == store.neighbours(A, kind="Tax") == store.neighbours("no") == []
    )


def test_an_edge_to_itself_is_one_edge_and_no_neighbour(store):
    assert store.direct(G1, G1) == [edge(G1, GENES, G1)]
    assert store.neighbours(G1).count(edge(G1, GENES, G1)) == 1
    assert store.shared(A, X)[1].score == ranking.shared_score(5)


def test_shared_genes_come_least_connected_first_with_their_edges(store):
    found = store.shared(A, X)
    assert [shared.entity.id for shared in found] == [G2, G1]
    assert found[1].first == (edge(A, TARGET, G1), edge(A, BINDS, G1))
    assert found[1].second == (edge(X, GENE_OF, G1),)
    assert store.shared(A, X, kind="Disease") == store.shared(A, A) == []


def test_a_path_takes_the_best_of_parallel_edges_and_says_why(store):
    best = store.paths(A, X)[0]
    assert best.edges == (edge(A, TREATS, X),)
    assert "relation weight 1" in best.why
    over_gene = store.paths(A, X, max_hops=2)[1]
    assert over_gene.edges == (edge(A, TARGET, G2), edge(X, GENE_OF, G2))
    assert "GEN2 (3 neighbours)" in over_gene.why


def test_paths_refuse_other_lengths(store):
    for hops in (0, 4):
        with pytest.raises(UserError, match="1 to 3"):
            store.paths(A, X, max_hops=hops)


def test_stats_count_entities_triples_kinds_and_relations(store):
    stats = store.stats()
    assert (stats.entities, stats.triples) == (8, 15)
    assert stats.kinds == {"Compound": 3, "Disease": 2, "Gene": 3}
    assert stats.relations[TREATS] == 3
    assert sum(stats.relations.values()) == stats.triples


def test_evidence_comes_in_the_order_asked(store):
    found = store.batch_evidence([(B, X), (A, Y), ("Compound::none", X)])
    assert [(pair.compound, pair.disease) for pair in found] == [(B, X), (A, Y), ("Compound::none", X)]
    assert found[0].direct == (edge(B, TREATS, X),)
    assert all(len(path.edges) > 1 for pair in found for path in pair.paths)
    assert not found[2].direct and not found[2].paths


def random_graph(seed, size=14, edges=60):
    """Random triples, with parallel edges, either way, and edges to itself."""
    chance = random.Random(seed)
    kinds = ["Compound", "Disease", "Gene", "Pathway"]
    ids = [f"{kinds[n % 4]}::{n}" for n in range(size)]
    relations = [TREATS, PALLIATES, TARGET, GENE_OF, GENES, "GNBR::T::Compound:Disease", "bioarx::odd:name"]
    rows = {(chance.choice(ids), chance.choice(relations), chance.choice(ids)) for _ in range(edges)}
    names = [(entity_id, f"name {n % 9}", f"other {n % 5}") for n, entity_id in enumerate(ids) if n % 3]
    return sorted(rows), names, chance


def plain_paths(triples, a, b, max_hops, hub_limit):
    """All simple paths by brute force: score and nodes, best first."""
    near: dict[str, set[str]] = {}
    for head, _, tail in triples:
        if head != tail:
            near.setdefault(head, set()).add(tail)
            near.setdefault(tail, set()).add(head)
    found = []
    for between in range(max_hops):
        for middle in permutations(sorted(set(near) - {a, b}), between):
            nodes = (a, *middle, b)
            steps = list(pairwise(nodes))
            if all(two in near.get(one, ()) for one, two in steps) and all(len(near[m]) <= hub_limit for m in middle):
                weights = [
                    max(ranking.relation_weight(r) for h, r, t in triples if {h, t} == set(step)) for step in steps
                ]
                found.append((-ranking.path_score(weights, [len(near[m]) for m in middle]), len(steps), nodes))
    return sorted(found)


@pytest.mark.parametrize("seed", range(12))
def test_paths_are_all_simple_paths_in_the_right_order(make_store, seed):
    triples, names, chance = random_graph(seed, size=9, edges=24)
    store = make_store(triples, names)
    ids = sorted({end for head, _, tail in triples for end in (head, tail)})
    for a, b in chance.sample(list(permutations(ids, 2)), min(8, len(ids))):
        for limit, hub_limit in ((1000, 500), (3, 500), (1000, 3)):
            expected = plain_paths(triples, a, b, 3, hub_limit)[:limit]
            found = store.paths(a, b, limit=limit, hub_limit=hub_limit)
            assert [(-path.score, len(path.edges), walked(a, path)) for path in found] == expected


def walked(start, path):
    nodes = [start]
    for step in path.edges:
        nodes.append(step.tail if step.head == nodes[-1] else step.head)
    return tuple(nodes)


def answers(store, ids, texts, pairs=None):
    """Everything a store can be asked of some entities, and of some pairs of them, or all."""
    found = {"stats": store.stats().model_dump(exclude={"source_sha256"}), "unnamed": store.unnamed()}
    for entity_id in ids:
        found[entity_id] = (store.get(entity_id), store.neighbours(entity_id), store.neighbours(entity_id, kind="Gene"))
    for a, b in combinations(ids, 2) if pairs is None else pairs:
        found[a, b] = (
            store.direct(a, b),
            store.shared(a, b),
            store.shared(a, b, kind="Compound"),
            store.paths(a, b, limit=7),
            store.paths(a, b, limit=50, hub_limit=4),
            store.batch_evidence([(a, b)]),
        )
    return found | {text: store.search(text) for text in (*texts, *ids)}


@pytest.mark.parametrize("seed", range(10))
def test_hiding_pairs_is_the_same_as_never_having_loaded_their_edges(make_store, seed):
    triples, names, chance = random_graph(seed)
    ids = sorted({end for head, _, tail in triples for end in (head, tail)})
    pairs = [frozenset({head, tail}) for head, _, tail in triples if head != tail]
    hidden = frozenset(chance.sample(pairs, min(len(pairs), chance.choice([1, 5, 25])))) | {frozenset({"no", "such"})}
    left = [row for row in triples if frozenset({row[0], row[2]}) not in hidden]
    texts = ["name 1", "Name-2", "other 3", "naem 4"]
    asked = chance.sample(list(combinations(ids, 2)), 20)
    seen = answers(make_store(triples, names).hiding(hidden), ids, texts, asked)
    assert seen == answers(make_store(left, names), ids, texts, asked)


def test_hiding_adds_to_what_is_hidden_and_leaves_the_store_as_it_was(store):
    before = store.stats()
    once = store.hiding(frozenset({frozenset({A, X})}))
    twice = once.hiding(frozenset({frozenset({B, X})}))
    assert once.direct(A, X) == twice.direct(A, X) == twice.direct(X, B) == []
    assert once.direct(B, X) and store.direct(A, X)
    assert (store.stats().triples, once.stats().triples, twice.stats().triples) == (15, 13, 12)
    assert store.stats() == before


def test_an_entity_without_a_name_is_gone_with_its_last_edge(make_store):
    store = make_store([(A, TREATS, X), (B, TREATS, X)], [(X, "x disease")])
    hidden = store.hiding(frozenset({frozenset({A, X})}))
    assert store.get(A) and hidden.get(A) is None
    assert hidden.stats().entities == 2
    assert hidden.search(A).match == "none"


def test_a_named_entity_without_edges_is_known_but_not_counted(make_store):
    store = make_store([(A, TREATS, X)], [(X, "x disease"), (B, "Betadrug")])
    assert store.search("betadrug").entity.id == B
    assert store.neighbours(B) == store.paths(B, X) == []
    assert store.stats().entities == 2


ODD_IDS = ["Gene::", "Compound::MESH:C1|MESH:C2", "Compound::a|b|c", "Disease::SARS-CoV2 E", "Gene::1;2", "Gene::3 ; 4"]


def test_ids_that_are_odd_but_published_load_and_are_found(make_store):
    ring = [(one, GENES, other) for one, other in pairwise([*ODD_IDS, ODD_IDS[0]])]
    store = make_store(ring, [("Gene::", "a gene without a number")])
    assert store.stats().entities == len(ODD_IDS)
    assert [store.get(one).id for one in ODD_IDS] == [store.search(one).entity.id for one in ODD_IDS] == ODD_IDS
    assert [store.direct(*row[::2]) for row in ring] == [[edge(*row)] for row in ring]
    assert store.search("").match == store.search("gene").match == "none"


@pytest.mark.real
def test_every_id_of_the_published_drkg_loads_and_is_found(make_store, real_data):
    with gzip.open(Path(real_data) / "kg" / "drkg_entities.txt.gz", "rt") as lines:
        ids = lines.read().splitlines()
    store = make_store([(one, GENES, other) for one, other in pairwise([*ids, ids[0]])])
    assert store.stats().entities == store.stats().triples == len(ids) == 97_238
    assert [one for one in ids if (found := store.search(one).entity) is None or found.id != one] == []
    odd = [one for one in ids if "|" in one or one == "Gene::" or " " in one.partition("::")[2]]
    assert len(odd) == 45 and all(len(store.neighbours(one)) == 2 for one in odd)
