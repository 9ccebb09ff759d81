"""The graph benchmark compares like with like, and its table says what was extrapolated and what differs."""

import json
import random

import pytest

from kedrec.eval.bench_graph import run as bench_graph
from kedrec.eval.bench_graph.contenders import KedrecStore, NetworkxGraph
from kedrec.eval.bench_graph.sqlite import SqliteGraph, load_sqlite
from kedrec.eval.bench_graph.table import QUESTIONS, Loaded, Measured, table
from kedrec.graphdb.drkg.files import kind_of
from kedrec.graphdb.drkg.synthetic import write_synthetic
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    write_synthetic(folder / "t.tsv", folder / "n.tsv", seed=7, scale=0.005)
    return folder


def test_all_contenders_give_the_same_answers(files):
    load_graph([files / "t.tsv"], files / "n.tsv", files / "graph")
    load_sqlite(files / "t.tsv", files / "graph.db")
    store = EmbeddedStore.open(files / "graph")
    pytest.importorskip("networkx")
    ours, *others = (KedrecStore(store), SqliteGraph(files / "graph.db"), NetworkxGraph(files / "t.tsv"))
    chance = random.Random(2)
    pairs = [tuple(chance.sample(store.ids, 2)) for _ in range(30)] + bench_graph._pairs(files / "t.tsv")[:20]
    found = dict.fromkeys(QUESTIONS, 0)
    for name in QUESTIONS:
        for pair in pairs:
            asked = [bench_graph._questions(contender)[name](*pair) for contender in (ours, *others)]
            assert asked[0] == asked[1] == asked[2], (name, pair)
            found[name] += bool(asked[0])
    assert min(found.values()) >= 8
    assert len(others[0].evidence(pairs)) == len(ours.evidence(pairs)) == len(pairs)


def test_half_of_the_pairs_or_all_that_there_are_have_an_edge_between(files):
    pairs = bench_graph._pairs(files / "t.tsv")
    assert {(kind_of(a), kind_of(b)) for a, b in pairs} == {("Compound", "Disease")}
    assert pairs == bench_graph._pairs(files / "t.tsv")
    lines = (line.split("\t") for line in (files / "t.tsv").read_text("utf-8").splitlines())
    linked = {(head, tail) for head, _, tail in lines if (kind_of(head), kind_of(tail)) == ("Compound", "Disease")}
    assert len(pairs) == 10_000 and 100 < len(linked) <= 5_000
    assert linked <= set(pairs)


def test_a_step_in_a_process_of_its_own_tells_what_it_took(files, tmp_path, capsys):
    where = ["--triples", str(files / "t.tsv"), "--names", str(files / "n.tsv"), "--child"]
    bench_graph.main([*where, "load", "sqlite", str(tmp_path)])
    found = json.loads(capsys.readouterr().out)
    assert found["peak_mib"] > 20 and found["part"] is None and (tmp_path / "sqlite" / "graph.db").exists()


def test_the_table_says_what_was_extrapolated_what_differs_and_who_did_not_take_part():
    loads = {"a": Loaded(1.5, 100, 60, None), "b": Loaded(900.0, 70, None, 20_000), "c": "no langchain_neo4j"}
    times = {name: [float(n) for n in range(1, 101)] for name in QUESTIONS}
    answers = {name: [[1], [2]] for name in QUESTIONS}
    measured = {
        "a": Measured(0.05, times, answers, 2.0, 10_000),
        "b": Measured(0.05, times, answers | {"paths": [[1], [3]]}, 300.0, 50),
    }
    shown = table({"a": "A", "b": "B", "c": "C"}, loads, measured)
    assert "| load, whole process, s | 1.5 | ~900 (from 20,000) | no langchain_neo4j |" in shown
    assert "| paths, same answers | - | 1 of 2 | - |" in shown
    assert "| evidence of 10,000 pairs, s | 2.0 | ~300 (from 50) | - |" in shown
    assert "| direct, p50 / p99 ms | 50.5 / 99.0 | 50.5 / 99.0 | - |" in shown
