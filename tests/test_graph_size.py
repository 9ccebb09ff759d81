"""The embedded graph is small on disk, gives back the triples it was built from, and looks no further than it must."""

import gc
import random

import numpy as np
import pytest
from graph_stores import TARGET, embedded, write_tsv

from kedrec.errors import DamagedData, NotReady
from kedrec.graphdb.drkg.published_counts import RELATIONS
from kedrec.graphdb.drkg.synthetic import write_synthetic
from kedrec.graphdb.embedded import path_search
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore

BYTES_PER_TRIPLE = 10.1
"""Two rows of five bytes each; DRKG takes 59 MB so, and its names a few more."""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A graph of a fiftieth of DRKG's size, and its file."""
    folder = tmp_path_factory.mktemp("size")
    write_synthetic(folder / "t.tsv", folder / "n.tsv", seed=1, scale=0.02)
    load_graph([folder / "t.tsv"], folder / "n.tsv", folder / "graph")
    return folder / "t.tsv", folder / "graph"


def triples_of(store):
    columns = (store.heads, store.rels, store.tails)
    names = (store.ids, store.relations, store.ids)
    return [tuple(values[i] for values, i in zip(names, row, strict=True)) for row in np.stack(columns, 1).tolist()]


def test_a_triple_takes_ten_bytes(small):
    version = next(small[1].glob("version-*"))
    store = EmbeddedStore.open(small[1])
    edges = sum((version / name).stat().st_size for name in ("near.npy", "link.npy"))
    assert edges < BYTES_PER_TRIPLE * len(store.heads)
    everything = sum(path.stat().st_size for path in version.iterdir())
    assert everything < BYTES_PER_TRIPLE * len(store.heads) + 150 * len(store.ids)


def test_the_triples_come_back_as_they_were(small):
    triples, graph = small
    given = [tuple(line.split("\t")) for line in triples.read_text("utf-8").splitlines()]
    assert sorted(triples_of(EmbeddedStore.open(graph))) == sorted(given)


def test_loops_both_directions_and_parallel_edges_come_back(tmp_path):
    a, b = "Gene::1", "Gene::2"
    given = [(one, relation, other) for one in (a, b) for other in (a, b) for relation in RELATIONS][:300]
    assert sorted(triples_of(embedded(tmp_path, given))) == sorted(given)


def test_more_relations_than_a_byte_can_tell_apart_are_told_apart(tmp_path):
    given = [(f"Compound::{n % 7}", f"X::r{n}::Compound:Gene", f"Gene::{n % 3}") for n in range(700)]
    given += [(tail, relation, head) for head, relation, tail in given[::5]]
    store = embedded(tmp_path, given)
    assert sorted(triples_of(store)) == sorted(given)
    for head, relation, tail in given[::13]:
        assert any((e.head, e.relation, e.tail) == (head, relation, tail) for e in store.direct(tail, head))
        assert store.neighbours(head, relation=relation)[0].tail in (tail, head)


def test_hidden_triples_are_told_from_visible_ones(small):
    store = EmbeddedStore.open(small[1])
    chance = random.Random(3)
    pairs = chance.sample(sorted({(head, tail) for head, _, tail in triples_of(store)}), 50)
    view = store.hiding(frozenset(frozenset(pair) for pair in pairs if pair[0] != pair[1]))
    gone = {frozenset(pair) for pair in pairs if pair[0] != pair[1]}
    seen = [frozenset((head, tail)) not in gone for head, _, tail in triples_of(store)]
    assert view.visible_triples().tolist() == seen
    assert view.stats().triples == sum(seen)


def test_how_much_is_looked_at_together_changes_no_path(small, monkeypatch):
    store = EmbeddedStore.open(small[1])
    chance = random.Random(5)
    kinds = {kind: [i for i in store.ids if i.startswith(kind)] for kind in ("Compound", "Disease")}
    pairs = [(chance.choice(kinds["Compound"]), chance.choice(kinds["Disease"])) for _ in range(150)]
    answers = {}
    for chunk in (10**9, 1, 300):
        monkeypatch.setattr(path_search, "_CHUNK", chunk)
        answers[chunk] = [store.paths(*pair, limit=limit, hub_limit=10**6) for pair in pairs for limit in (1, 7)]
    assert sum(map(len, answers[1])) > 600
    assert answers[1] == answers[10**9] == answers[300]


def test_what_cannot_be_among_the_best_is_not_looked_at(small, monkeypatch):
    store = EmbeddedStore.open(small[1])
    looked = []
    real = path_search.PathSearch._all_links
    monkeypatch.setattr(path_search, "_CHUNK", 200)
    monkeypatch.setattr(
        path_search.PathSearch, "_all_links", lambda self, a, b: (looked.append(len(a.near)), real(self, a, b))[1]
    )
    best = max((i for i in store.ids if i.startswith("Compound")), key=lambda i: len(store.neighbours(i, limit=10**6)))
    disease = max(
        (i for i in store.ids if i.startswith("Disease")), key=lambda i: len(store.neighbours(i, limit=10**6))
    )
    counts = {}
    for limit in (1, 10**6):
        looked.clear()
        store.paths(best, disease, limit=limit, hub_limit=10**6)
        counts[limit] = sum(looked)
    assert counts[1] < counts[10**6] / 2


def test_a_graph_of_the_former_format_must_be_loaded_again(tmp_path):
    store_folder = tmp_path / "graph"
    load_graph([write_tsv(tmp_path / "t.tsv", [("Compound::1", TARGET, "Gene::1")])], None, store_folder)
    manifest = next(store_folder.glob("version-*/manifest.json"))
    manifest.write_text(manifest.read_text("utf-8").replace('"format": 2', '"format": 1'), "utf-8")
    with pytest.raises(NotReady, match="Load it again"):
        EmbeddedStore.open(store_folder)


def test_arrays_that_do_not_fit_together_are_found_when_opened(tmp_path):
    rows = [("Compound::1", TARGET, f"Gene::{n}") for n in range(5)]
    load_graph([write_tsv(tmp_path / "t.tsv", rows)], None, tmp_path / "graph")
    np.save(next((tmp_path / "graph").glob("version-*")) / "link.npy", np.zeros(9, np.uint8))
    with pytest.raises(DamagedData, match="Load it again"):
        EmbeddedStore.open(tmp_path / "graph")


def test_evidence_is_gathered_without_a_hand_on_the_collector_afterwards(small):
    store = EmbeddedStore.open(small[1])

    class Stopping(str):
        def __hash__(self):
            assert not gc.isenabled()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.batch_evidence([(store.ids[0], Stopping(store.ids[-1]))])
    assert gc.isenabled()
    gc.disable()
    try:
        assert len(store.batch_evidence([(store.ids[0], store.ids[-1])])) == 1
        assert not gc.isenabled()
    finally:
        gc.enable()
