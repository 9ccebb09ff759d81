"""The synthetic graph has DRKG's counts and forms, each triple once, and its seed determines every byte."""

import gzip
import json
from collections import Counter

import numpy as np
import pytest

from kedrec.cli import main
from kedrec.errors import UserError, WorkError
from kedrec.graphdb.drkg.files import KINDS, kind_of, source_of
from kedrec.graphdb.drkg.published_counts import ENTITIES, RELATIONS, ends_of
from kedrec.graphdb.drkg.synthetic import SyntheticGraph, write_synthetic
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Files of a graph of a hundredth of DRKG's size, and what was reported."""
    folder = tmp_path_factory.mktemp("synthetic")
    report = write_synthetic(folder / "small.tsv.gz", folder / "names.tsv.gz", seed=3, scale=0.01)
    return folder / "small.tsv.gz", folder / "names.tsv.gz", report


def test_the_published_counts_add_up():
    assert (len(ENTITIES), sum(ENTITIES.values())) == (13, 97_238)
    assert (len(RELATIONS), sum(RELATIONS.values())) == (107, 5_874_261)
    assert tuple(ENTITIES) == KINDS
    assert all(set(ends_of(relation)) <= set(KINDS) for relation in RELATIONS)
    by_source = Counter(dict.fromkeys(map(source_of, RELATIONS), 0))
    for relation, n in RELATIONS.items():
        by_source[source_of(relation)] += n
    assert by_source["STRING"] == 1_496_708
    assert by_source["bioarx"] == 58_629 + 25_666 + 461


def test_at_full_size_every_count_is_drkgs_and_no_triple_comes_twice():
    graph = SyntheticGraph(seed=5)
    seen = {kind: np.zeros(len(ids), bool) for kind, ids in graph.ids.items()}
    assert {kind: len(set(ids)) for kind, ids in graph.ids.items()} == ENTITIES
    for relation, heads, tails in graph.triples():
        head, tail = ends_of(relation)
        pairs = heads * len(seen[tail]) + tails
        assert len(np.unique(pairs)) == len(pairs) == RELATIONS[relation], relation
        seen[head][heads] = seen[tail][tails] = True
    assert all(kind.all() for kind in seen.values())


def test_a_few_entities_have_very_many_neighbours_and_most_have_few():
    heads, tails = next((h, t) for relation, h, t in SyntheticGraph(seed=1, scale=0.3).triples() if "CcSE" in relation)
    for ends in (heads, tails):
        degrees = np.sort(np.bincount(ends))[::-1]
        assert degrees[0] > 15 * np.median(degrees)
        assert 1.5 < degrees[0] / degrees[100] < 20


def test_what_is_written_loads_with_the_counts_reported_and_no_duplicate(small, tmp_path):
    triples, names, written = small
    report = load_graph([triples], names, tmp_path / "graph")
    assert (report.entities, report.triples, report.duplicates) == (written.entities, written.triples, 0)
    assert set(report.relations) == set(RELATIONS)
    assert set(report.kinds) == set(KINDS)
    assert 0.9 < report.named / report.entities < 0.99
    store = EmbeddedStore.open(tmp_path / "graph")
    for relation, n in report.relations.items():
        heads, tails = (ends[store.rels == store.relations.index(relation)] for ends in (store.heads, store.tails))
        assert len(heads) == n
        assert {kind_of(store.ids[i]) for i in heads} | {kind_of(store.ids[i]) for i in tails} == set(ends_of(relation))
    entity = store.get("Compound::DB00001")
    assert entity and store.search(entity.name).entity == entity


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_graph(small, tmp_path):
    triples, names, _ = small
    write_synthetic(tmp_path / "again.tsv.gz", tmp_path / "again.names.tsv", seed=3, scale=0.01)
    assert (tmp_path / "again.tsv.gz").read_bytes() == triples.read_bytes()
    assert (tmp_path / "again.names.tsv").read_bytes() == gzip.decompress(names.read_bytes())
    write_synthetic(tmp_path / "other.tsv", tmp_path / "other.names.tsv", seed=4, scale=0.01)
    assert (tmp_path / "other.tsv").read_bytes() != gzip.decompress(triples.read_bytes())


def test_nothing_half_written_is_left_under_the_name(tmp_path):
    with pytest.raises(WorkError, match="could not be written"):
        write_synthetic(tmp_path / "nowhere" / "t.tsv", tmp_path / "n.tsv", scale=0.01)
    with pytest.raises(UserError, match="both"):
        write_synthetic(tmp_path / "t.tsv", tmp_path / "t.tsv")
    with pytest.raises(UserError, match="above 0"):
        write_synthetic(tmp_path / "t.tsv", tmp_path / "n.tsv", scale=0)

    def broken(stage, done, total):
        raise OSError(28, "No space left on device")

    with pytest.raises(WorkError, match="No space"):
        write_synthetic(tmp_path / "t.tsv", tmp_path / "n.tsv", scale=0.01, on_progress=broken)
    assert not (tmp_path / "t.tsv").exists()
    assert not list(tmp_path.glob(".*"))


def test_the_command_writes_both_files_and_says_how_to_load_them(tmp_path, capsys):
    with pytest.raises(SystemExit) as done:
        main(["graph", "synthesize", "--out", str(tmp_path / "like.tsv.gz"), "--scale", "0.01", "--json"])
    out, err = capsys.readouterr()
    assert done.value.code == 0
    assert json.loads(out)["names_file"] == str(tmp_path / "like.names.tsv.gz")
    assert f"kedrec graph load {tmp_path / 'like.tsv.gz'} --names {tmp_path / 'like.names.tsv.gz'}" in err
