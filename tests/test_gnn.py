"""Embeddings by a graph neural network learn what is there, and nothing of what is hidden or held out."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from graph_stores import GENE_OF, TARGET, TREATS, embedded

from kedrec.errors import DamagedData, UserError
from kedrec.graphdb.embeddings import training
from kedrec.graphdb.embeddings.files import read_embeddings
from kedrec.graphdb.embeddings.layers import BasisConvolution, Heard
from kedrec.graphdb.embeddings.name_features import name_features
from kedrec.graphdb.embeddings.neighbourhoods import messages_of
from kedrec.graphdb.embeddings.network import Network, Shape
from kedrec.graphdb.embeddings.options import EmbedOptions
from kedrec.graphdb.embeddings.ranks import popularity, rank_report, ranks_of
from kedrec.graphdb.embeddings.task import link_task
from kedrec.graphdb.embeddings.train import embed_graph
from kedrec.graphdb.embeddings.training import CHECKPOINT, train
from kedrec.graphdb.embeddings.transe import TransEOptions, transe
from kedrec.graphdb.link_prediction.kernels import is_therapeutic

SIDE_EFFECT = "GNBR::Sa::Compound:Disease"
OPTIONS = EmbedOptions(
    dimension=16, epochs=6, batch=8, negatives=16, fans=(8, 8), learning_rate=0.01, test_share=0.25, silence=0.0
)
CLASSES, DISEASES, DRUGS, GENES = 6, 8, 4, 5


def planted(seed=0):
    """Triples of classes: a drug treats diseases whose genes it targets; two drugs besides treat half of everything."""
    rng = np.random.default_rng(seed)
    triples = []
    for kind in range(CLASSES):
        genes = [f"Gene::{kind}{gene}" for gene in range(GENES)]
        diseases = [f"Disease::MESH:D{kind}{number}" for number in range(DISEASES)]
        drugs = [f"Compound::DB{kind}{number}" for number in range(DRUGS)]
        triples += [(disease, GENE_OF, gene) for disease in diseases for gene in rng.choice(genes, 3, replace=False)]
        triples += [(drug, TARGET, gene) for drug in drugs for gene in rng.choice(genes, 3, replace=False)]
        triples += [(drug, TREATS, disease) for drug in drugs for disease in rng.choice(diseases, 5, replace=False)]
        triples += [(f"Compound::DB9{n}", TREATS, disease) for n in range(2) for disease in diseases[n::2]]
        triples += [(drugs[0], SIDE_EFFECT, diseases[-1])]
    return sorted(set(triples))


NAMES = [(f"Disease::MESH:D{kind}{n}", f"fever class{chr(97 + kind)}") for kind in range(CLASSES) for n in range(3)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return embedded(tmp_path_factory.mktemp("planted"), planted(), NAMES)


@pytest.fixture(scope="module")
def task(store):
    return link_task(store, test_share=0.25)


def files(folder):
    return [(folder / name).read_bytes() for name in ("entities.npy", "entities.tsv")]


def make(store, folder, **changes):
    embed_graph(store, folder, OPTIONS.model_copy(update=changes), say=str)
    return files(folder)


def test_a_planted_structure_is_learnt_better_than_by_popularity_and_by_transe(store, tmp_path):
    task = link_task(store, test_share=0.25, named=False)
    report = embed_graph(store, tmp_path, OPTIONS.model_copy(update={"epochs": 40, "names": False}), say=str)
    scorer = transe(task, TransEOptions(dimension=16, epochs=20, batch=64), lambda *_: None)
    rival = rank_report(task, task.test, scorer)
    assert report.test_popularity == rank_report(task, task.test, popularity(task))
    assert report.test.mrr > report.test_popularity.mrr + 0.2
    assert report.test.mrr > rival.mrr
    assert report.best_epoch > 0


def test_every_visible_entity_has_a_vector(store, tmp_path):
    make(store, tmp_path, epochs=1)
    found = read_embeddings(tmp_path)
    assert set(found.ids) == {entity for head, _, tail in planted() for entity in (head, tail)}
    assert found.vectors.shape == (len(found.ids), 16)


def test_hidden_edges_change_no_byte(tmp_path):
    hidden = frozenset({frozenset({"Compound::DB00", "Disease::MESH:D00"}), frozenset({"Compound::X", "Disease::Y"})})
    rest = [row for row in planted() if frozenset({row[0], row[2]}) not in hidden]
    others = [
        ("Disease::Y", "NEW::x::Disease:Compound", "Compound::X"),
        ("Compound::DB00", TREATS, "Disease::MESH:D00"),
    ]
    graphs = [rest, [*rest, *others], [*rest, ("Compound::DB00", SIDE_EFFECT, "Disease::MESH:D00")]]
    made = [
        make(embedded(tmp_path / f"{n}", triples, NAMES).hiding(hidden), tmp_path / f"out{n}", epochs=2)
        for n, triples in enumerate(graphs)
    ]
    assert made[0] == made[1] == made[2]


def test_a_visible_edge_does_change_the_vectors(store, tmp_path):
    hidden = frozenset({frozenset({"Compound::DB00", "Gene::00"}), frozenset({"Compound::DB01", "Gene::01"})})
    assert make(store, tmp_path / "a", epochs=0) != make(store.hiding(hidden), tmp_path / "b", epochs=0)


def exchanged(drug):
    """The drug of the same number in the next class."""
    return drug if drug[-2] == "9" else f"Compound::DB{(int(drug[-2]) + 1) % CLASSES}{drug[-1]}"


def test_the_drugs_of_a_disease_held_out_change_no_byte(store, task, tmp_path):
    tested = {task.ids[place] for place in task.test[:, 1]}
    swapped = [(exchanged(row[0]) if row[2] in tested else row[0], *row[1:]) for row in planted()]
    other = embedded(tmp_path / "other", sorted(set(swapped)), NAMES)
    assert np.array_equal(link_task(other, test_share=0.25).valid, task.valid)
    assert not np.array_equal(link_task(other, test_share=0.25).test, task.test)
    assert make(store, tmp_path / "a", epochs=2) == make(other, tmp_path / "b", epochs=2)


@pytest.mark.parametrize("seed", range(5))
def test_diseases_held_out_have_no_edge_to_any_compound(store, seed):
    task = link_task(store, seed, test_share=0.25)
    parts = [set(part[:, 1].tolist()) for part in (task.train, task.valid, task.test)]
    drugs = task.is_kind("Compound")
    linked = {*task.tails[drugs[task.heads]].tolist(), *task.heads[drugs[task.tails]].tolist()}
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert not linked & (parts[1] | parts[2])
    assert linked >= parts[0]


def test_only_therapies_are_links(task):
    pairs = {(task.ids[c], task.ids[d]) for part in (task.train, task.valid, task.test) for c, d in part.tolist()}
    assert pairs == {(head, tail) for head, relation, tail in planted() if is_therapeutic(relation)}


def test_same_seed_gives_the_same_bytes_and_another_seed_others(store, tmp_path):
    first, again, other = (
        make(store, tmp_path / name, epochs=2, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first == again
    assert first[0] != other[0]
    assert first[1] == other[1]


@pytest.mark.parametrize("stopped_at", [2, 7])
def test_a_training_killed_and_run_again_gives_what_an_undisturbed_one_gives(store, tmp_path, monkeypatch, stopped_at):
    monkeypatch.setattr(training, "BETWEEN_CHECKPOINTS", 0.0)
    undisturbed = make(store, tmp_path / "whole", epochs=3)

    def kill(done, total):
        if done == stopped_at:
            raise KeyboardInterrupt

    options = OPTIONS.model_copy(update={"epochs": 3})
    with pytest.raises(KeyboardInterrupt):
        embed_graph(store, tmp_path / "killed", options, say=str, on_step=kill)
    assert not (tmp_path / "killed" / "entities.npy").exists()
    steps = []
    report = embed_graph(store, tmp_path / "killed", options, say=str, on_step=lambda done, _: steps.append(done))
    assert report.resumed
    assert steps[0] == stopped_at - 1
    assert files(tmp_path / "killed") == undisturbed
    assert not (tmp_path / "killed" / CHECKPOINT).exists()


def test_what_is_done_is_not_done_again(store, tmp_path):
    first = embed_graph(store, tmp_path, OPTIONS.model_copy(update={"epochs": 1}), say=str)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    said = []
    assert embed_graph(store, tmp_path, OPTIONS.model_copy(update={"epochs": 1}), say=said.append) == first
    assert said == [f"{tmp_path} holds these embeddings already"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_folder_of_another_training_is_left_alone(store, tmp_path):
    before = make(store, tmp_path, epochs=0)
    hidden = store.hiding(frozenset({frozenset({"Compound::DB00", "Gene::00"})}))
    for graph, changes in ((store, {"epochs": 1}), (hidden, {"epochs": 0})):
        with pytest.raises(UserError, match="Name another folder"):
            make(graph, tmp_path, **changes)
    assert files(tmp_path) == before


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_told(task, tmp_path):
    train(task, OPTIONS.model_copy(update={"epochs": 1}), tmp_path, lambda *_: None)
    with pytest.raises(UserError, match="unfinished training"):
        train(task, OPTIONS, tmp_path, lambda *_: None)
    (tmp_path / CHECKPOINT).write_bytes(b"PK cut off")
    with pytest.raises(DamagedData, match="cannot be read"):
        train(task, OPTIONS, tmp_path, lambda *_: None)


def test_a_graph_without_enough_therapies_is_told(tmp_path):
    few = embedded(tmp_path, [("Compound::A", TREATS, "Disease::B"), ("Compound::A", TARGET, "Gene::C")])
    with pytest.raises(UserError, match="1 diseases have a visible therapeutic edge"):
        embed_graph(few, tmp_path / "out", OPTIONS, say=str)
    assert not (tmp_path / "out").exists()


def test_options_that_do_not_fit_each_other_are_told(store, tmp_path):
    with pytest.raises(UserError, match="2 layers need as many fans, not 1"):
        make(store, tmp_path, fans=(8,))


def test_the_convolution_is_that_of_pyg_where_neighbours_are_averaged(task):
    from torch_geometric.nn import RGCNConv

    hop = messages_of(task).around(np.arange(30), (None,)).hops[0]
    count = 2 * len(task.relations)
    ours = BasisConvolution(5, count, 3, torch.randn(count), torch.zeros(count))
    theirs = RGCNConv(5, 5, count, num_bases=3, aggr="mean", bias=False)
    theirs.weight, theirs.comp, theirs.root = ours.bases, ours.mixture, ours.root
    edges, relations = torch.from_numpy(np.stack((hop.sources, hop.places))), torch.from_numpy(hop.relations)
    x = torch.randn(int(hop.sources.max()) + 1, 5)
    heard = Heard(edges, relations, torch.from_numpy(hop.shares), torch.from_numpy(hop.crowds), 30)
    torch.testing.assert_close(ours(x, heard), theirs((x, x[:30]), edges, relations))


def test_vectors_of_a_whole_neighbourhood_are_those_of_the_whole_graph(task):
    messages, seeds = messages_of(task), np.array([3, 50, 7])
    network = Network(task, name_features(task, 16), Shape(16)).eval()
    whole = network.embed(messages)
    torch.testing.assert_close(network(messages.around(seeds, (None, None))), whole[torch.from_numpy(seeds)])


@pytest.mark.parametrize("fan", [1, 4, 7])
def test_a_sample_takes_each_message_once_and_tells_how_many_it_stands_for(task, fan):
    messages = messages_of(task)
    seeds = np.arange(len(task.ids))
    rng = np.random.default_rng(0)
    crowds = []
    for _ in range(300):
        around = messages.around(seeds, (fan,), rng)
        hop = around.hops[0]
        told = np.stack((hop.places, around.nodes[hop.sources], hop.relations))
        assert len(np.unique(told, axis=1).T) == told.shape[1]
        assert np.array_equal(np.bincount(hop.places, minlength=len(seeds)), np.minimum(np.diff(messages.starts), fan))
        crowds.append(np.bincount(hop.relations, hop.crowds * hop.shares, minlength=2 * messages.count))
    whole = messages.around(seeds, (None,)).hops[0]
    true = np.bincount(whole.relations, whole.crowds * whole.shares, minlength=2 * messages.count)
    np.testing.assert_allclose(np.mean(crowds, axis=0), true, rtol=0.1)


def test_compounds_do_not_hear_from_silent_diseases_and_diseases_never_from_compounds(task):
    messages, silent = messages_of(task), np.zeros(len(task.ids), np.bool_)
    silent[np.unique(task.train[:, 1])[:20]] = True
    around = messages.around(np.arange(len(task.ids)), (None,), silent=silent)
    hop = around.hops[0]
    speakers, hearers = around.nodes[hop.sources], around.nodes[hop.places]
    drugs, diseases = task.is_kind("Compound"), task.is_kind("Disease")
    assert not (drugs[speakers] & diseases[hearers]).any()
    assert set(speakers[drugs[hearers] & diseases[speakers]]) == set(np.unique(task.train[:, 1])[20:])


def test_equal_scores_share_the_mean_of_their_ranks_and_other_true_drugs_are_left_out(task):
    few = dataclasses.replace(task, candidates=np.flatnonzero(task.is_kind("Compound"))[:6])
    disease = int(task.test[0, 1])
    links = np.array([[place, disease] for place in few.candidates[[1, 4]]], np.int32)

    def ranks(*scores):
        return ranks_of(few, links, lambda diseases: np.array([scores] * len(diseases), np.float32)).tolist()

    assert ranks(0, 5, 1, 2, 4, 3) == [1, 1]
    assert ranks(9, 5, 5, 2, 5, 3) == [2.5, 2.5]
    assert ranks(1, 1, 1, 1, 1, 1) == [3, 3]
    assert ranks(4, 0, 4, 4, 3, 4) == [5, 5]


def test_names_bring_diseases_that_share_words_together(task):
    features = name_features(task, 8)
    named = {entity_id: place for place, entity_id in enumerate(task.ids)}
    one, alike, other = (features[named[f"Disease::MESH:D{number}"]] for number in ("00", "01", "10"))
    assert one @ alike > 0.99 > one @ other
    assert not features[named["Gene::00"]].any()
    assert not features[named["Disease::MESH:D07"]].any()


def test_the_command_hides_the_pairs_of_its_files(tmp_path, home, capsys):
    from graph_stores import write_graph

    from kedrec.cli.app import app
    from kedrec.graphdb.embedded.build import load_graph

    load_graph(*write_graph(tmp_path, planted(), NAMES), home / "graph")
    pair = {"id": "a", "disease": {"id": "Disease::MESH:D00"}, "candidates": [{"id": "Compound::DB00"}]}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(pair), "utf-8")
    given = ["--hide", str(tmp_path / "pairs.jsonl"), "--dimension", "8", "--epochs", "1", "--json"]
    app(["graph", "embed", "--out", str(tmp_path / "out"), *given], standalone_mode=False)
    report = json.loads(capsys.readouterr().out)
    assert report["hidden_pairs"] == 1
    assert report["sha256"] == read_embeddings(tmp_path / "out").sha256
    assert report["test"]["links"] > 0
