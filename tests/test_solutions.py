"""What the link model solves is kept for the next start: the same numbers, and never those of another graph."""

import json
import logging
import shutil

import numpy as np
import pytest
from test_kernels import TRIPLES, Graph, drug, ill

from kedrec.graphdb.link_prediction.kernels import GraphArrays
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.smoothing import Smoother
from kedrec.graphdb.link_prediction.solutions import MANIFEST, Solutions
from kedrec.graphdb.link_prediction.treatments import GraphFacts

DRUGS = [drug(name) for name in ("atenolol", "bisoprolol", "baricitinib", "aspirin")]
PAIR = frozenset((drug("bisoprolol"), ill("hypertension")))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "home" / "link-model"
    LinkModel(GraphFacts(Graph(TRIPLES)), solutions=Solutions(made))
    return made


@pytest.fixture
def solved(monkeypatch):
    """How often a regression was solved."""
    times, solve = [], Smoother.over.__func__

    def counted(kind, kernel, strength):
        times.append(strength)
        return solve(kind, kernel, strength)

    monkeypatch.setattr(Smoother, "over", classmethod(counted))
    return times


def scores(graph: GraphArrays, folder=None, hidden=()):
    model = LinkModel(GraphFacts(graph), hidden, solutions=Solutions(folder) if folder else None)
    return np.stack([model.features(ill(name), DRUGS) for name in ("hypertension", "arthritis", "fever")])


def the_one(folder):
    (place,) = folder.iterdir()
    return place


def test_what_was_kept_is_used_and_gives_the_same_numbers(folder, solved):
    kept = scores(Graph(TRIPLES), folder)
    assert not solved
    assert np.array_equal(kept, scores(Graph(TRIPLES)), equal_nan=True)
    assert solved


def test_hidden_pairs_are_solved_each_time_and_leave_what_was_kept(folder, solved):
    before = the_one(folder)
    hidden = scores(Graph(TRIPLES), folder, {PAIR})
    assert len(solved) == 4
    assert np.array_equal(hidden, scores(Graph(TRIPLES), hidden={PAIR}), equal_nan=True)
    assert the_one(folder) == before


def renamed():
    graph = Graph(TRIPLES)
    graph.names = ["atenolol" if name == "aspirin" else name for name in graph.names]
    return graph


@pytest.mark.parametrize(
    "other", [Graph(TRIPLES[1:]), Graph([*TRIPLES, (drug("aspirin"), "DRUGBANK::target::Compound:Gene", "Gene::P")]),
              Graph([*TRIPLES, (drug("aspirin"), "DRUGBANK::treats::Compound:Disease", ill("angina"))]), renamed()],
    ids=["an edge less", "a target more", "a use more", "another name"],
)  # fmt: skip
def test_a_graph_that_differs_is_solved_anew_whatever_it_calls_itself(folder, solved, other):
    assert other.source_sha256 == Graph(TRIPLES).source_sha256
    found = scores(other, folder)
    assert solved
    assert np.array_equal(found, scores(other), equal_nan=True)
    the_one(folder)


def flip(place):
    """One bit of the numbers, the size as it was."""
    path = place / "drugs-0.npy"
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)


def of_another_shape(place):
    np.save(place / "diseases-1.npy", np.load(place / "diseases-1.npy").reshape(-1))


def fewer_arrays(place):
    manifest = json.loads((place / MANIFEST).read_text())
    sums = {name: known for name, known in manifest["sums"].items() if "-1" not in name}
    (place / MANIFEST).write_text(json.dumps({**manifest, "sums": sums}))


DAMAGES = {
    "a flipped bit": flip,
    "an array of another shape": of_another_shape,
    "a file cut off": lambda place: (place / "drugs-1.npy").write_bytes((place / "drugs-1.npy").read_bytes()[:-9]),
    "an empty file": lambda place: (place / "basis.npy").write_bytes(b""),
    "a file too few": lambda place: (place / "diseases-0.npy").unlink(),
    "no manifest": lambda place: (place / MANIFEST).unlink(),
    "a manifest cut off": lambda place: (place / MANIFEST).write_text((place / MANIFEST).read_text()[:-5]),
    "a manifest that says nothing": lambda place: (place / MANIFEST).write_text("[]"),
    "a manifest that names fewer arrays": fewer_arrays,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_computed_again_and_said(folder, caplog, solved, damage):
    DAMAGES[damage](the_one(folder))
    with caplog.at_level(logging.WARNING):
        found = scores(Graph(TRIPLES), folder)
    assert "computed again" in caplog.text
    assert np.array_equal(found, scores(Graph(TRIPLES)), equal_nan=True)
    solved.clear()
    assert np.array_equal(found, scores(Graph(TRIPLES), folder), equal_nan=True)
    assert not solved


def test_a_place_that_cannot_be_written_costs_the_time_alone(tmp_path, solved):
    (tmp_path / "file").write_text("no folder")
    found = scores(Graph(TRIPLES), tmp_path / "file" / "link-model")
    assert np.array_equal(found, scores(Graph(TRIPLES)), equal_nan=True)


def test_what_a_killed_process_left_is_removed(folder):
    shutil.copytree(the_one(folder), folder / ".part-0123456789abcdef-999999999")
    scores(Graph(TRIPLES[1:]), folder)
    assert not the_one(folder).name.startswith(".")


def test_a_model_that_is_open_outlives_the_next_one(folder):
    facts = GraphFacts(Graph(TRIPLES))
    model = LinkModel(facts, solutions=Solutions(folder))
    scores(Graph(TRIPLES[1:]), folder)
    assert np.array_equal(model.features(ill("fever"), DRUGS), LinkModel(facts).features(ill("fever"), DRUGS))


def test_edges_between_a_drug_and_a_disease_are_told_either_way_round_once_and_in_order():
    forth, back = "DRUGBANK::treats::Compound:Disease", "Hetionet::CtD::Compound:Disease"
    triples = [(ill("fever"), back, drug("a")), (drug("a"), forth, ill("fever")), (drug("b"), forth, ill("gout"))]
    facts = GraphFacts(Graph([*triples, (drug("a"), "GNBR::Sa::Compound:Disease", ill("fever"))]))
    told = (f"{drug('a')}|{forth}|{ill('fever')}", f"{ill('fever')}|{back}|{drug('a')}")
    assert facts.stated(drug("a"), ill("fever")) == told
    assert facts.stated(drug("a"), ill("gout")) == facts.stated(drug("z"), ill("gout")) == ()
