"""Pairs drawn from the graph: who is relevant, who stands against them, and what the pairs give away."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from graph_stores import BINDS, GENE_OF, PALLIATES, TREATS, embedded, write_graph
from scipy import sparse

from kedrec.cli.app import main
from kedrec.distill.pairs.drawn import PairsWanted
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.pairs.popularity import Drawing, popularity
from kedrec.distill.pairs.report import DrawnFrom, report_on, report_path, write_pairs
from kedrec.distill.pairs.sampling import draw_pairs
from kedrec.errors import UserError
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.graphdb.embeddings.files import GraphEmbeddings, write_embeddings
from kedrec.graphdb.embeddings.nearest import SHORTLIST, Nearest
from kedrec.graphdb.link_prediction.disease_ontology import Ontology
from kedrec.graphdb.link_prediction.relevance import DrugUses, relevance_weight

GNBR = "GNBR::{}::Compound:Disease"
FROM = DrawnFrom(graph_sha256="g", embeddings_sha256="e")


def drug(n):
    return f"Compound::DB{n:05}"


def disease(n):
    return f"Disease::MESH:D{n:06}"


def vectors(ids, rows):
    return GraphEmbeddings(tuple(ids), np.array(rows, np.float32), "e")


def around(ids):
    """Vectors on an arc: the first id's nearest is the second, and so on."""
    angles = np.linspace(0, 1, len(ids))
    return vectors(ids, np.stack((np.cos(angles), np.sin(angles)), axis=1))


GOUT, FEVER, LUPUS = (disease(n) for n in (1, 2, 3))
DRUGS = [drug(n) for n in range(6)]
NAMES = [(GOUT, "gout"), (FEVER, "Fever"), *((d, f"medicine {n}") for n, d in enumerate(DRUGS))]
USED = [(d, TREATS, LUPUS) for d in DRUGS[1:]]
"""Uses for a disease without a name, about which no pair can be drawn."""


def drawn_for_gout(tmp_path, triples, names=NAMES, ontology=None, **wanted):
    """What is drawn for gout, whose only drug is the first."""
    store = embedded(tmp_path, [(DRUGS[0], TREATS, GOUT), *USED, *triples], names)
    drawn = draw_pairs(store, around(DRUGS), PairsWanted(n=1, **wanted), ontology)
    (pair,) = drawn.pairs
    (other,) = {d.id for d in pair.candidates} - {pair.answer}
    return pair, other


@pytest.mark.parametrize(
    ("relation", "weight"),
    [
        (TREATS, 1.0),
        ("Hetionet::CtD::Compound:Disease", 1.0),
        (PALLIATES, 1.0),
        *((GNBR.format(theme), 0.5) for theme in ("T", "Pa", "Pr", "C")),
        *((GNBR.format(theme), -0.5) for theme in ("Sa", "J")),
        (GNBR.format("Mp"), 0.0),
        ("GNBR::J::Gene:Disease", 0.0),
        ("DRUGBANK::target::Compound:Gene", 0.0),
    ],
)
def test_what_each_relation_says_of_a_drugs_relevance(relation, weight):
    assert relevance_weight(relation) == weight


def test_relevance_sums_the_edges_of_a_pair_whichever_way_round(tmp_path):
    rows = [
        (DRUGS[0], TREATS, GOUT),
        (GOUT, GNBR.format("T"), DRUGS[0]),
        (DRUGS[0], GNBR.format("Sa"), GOUT),
        (DRUGS[1], GNBR.format("T"), GOUT),
        (DRUGS[1], GNBR.format("J"), GOUT),
        (DRUGS[2], GNBR.format("Mp"), GOUT),
        (DRUGS[2], BINDS, "Gene::1"),
    ]
    uses = DrugUses(embedded(tmp_path, rows))
    assert uses.relevance[:, 0].toarray().ravel().tolist() == [1.0, 0.0, 0.0]
    assert uses.use_counts.tolist() == [1, 1, 0]
    assert uses.drug_degrees.tolist() == [3, 2, 2]
    assert uses.stated(0, 0) == (TREATS, GNBR.format("Sa"), GNBR.format("T"))
    assert uses.stated(2, 0) == (GNBR.format("Mp"),)


@pytest.mark.parametrize("size", [1, 2, 40, SHORTLIST + 60])
def test_neighbours_come_in_the_order_of_their_cosines_to_the_last(size):
    rows = np.random.default_rng(0).normal(size=(size, 7)).astype(np.float32)
    rows[size // 2 :] = rows[: size - size // 2]
    near = Nearest(rows)
    unit = rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    for row in {0, size // 2, size - 1}:
        cosines = (unit @ unit[row]).round(9)
        expected = sorted((other for other in range(size) if other != row), key=lambda other: (-cosines[other], other))
        assert [other for other, _ in near.of(row)] == expected


def test_the_irrelevant_drug_is_the_nearest_without_a_therapeutic_edge(tmp_path):
    pair, other = drawn_for_gout(tmp_path, [(DRUGS[1], GNBR.format("C"), GOUT), (GOUT, GNBR.format("T"), DRUGS[2])])
    assert (pair.answer, other) == (DRUGS[0], DRUGS[3])
    assert pair.similarity == pytest.approx(np.cos(3 / 5), abs=1e-6)
    assert pair.sources == (TREATS,)


@pytest.mark.parametrize("theme", ["Sa", "J", "Mp"])
def test_an_edge_that_speaks_for_no_therapy_leaves_a_drug_irrelevant(tmp_path, theme):
    assert drawn_for_gout(tmp_path, [(DRUGS[1], GNBR.format(theme), GOUT)])[1] == DRUGS[1]


@pytest.mark.parametrize("parents", [{GOUT: frozenset({FEVER})}, {FEVER: frozenset({GOUT})}])
def test_drugs_for_ancestors_and_descendants_are_no_counterexamples(tmp_path, parents):
    triples = [(DRUGS[1], GNBR.format("T"), FEVER)]
    assert drawn_for_gout(tmp_path / "plain", triples)[1] == DRUGS[1]
    assert drawn_for_gout(tmp_path / "ontology", triples, ontology=Ontology(parents))[1] == DRUGS[2]


def test_another_id_of_the_disease_shields_its_drugs(tmp_path):
    names = [*NAMES, (disease(9), "Gout")]
    assert drawn_for_gout(tmp_path, [(DRUGS[1], TREATS, disease(9)), (GOUT, GENE_OF, "Gene::1")], names)[1] == DRUGS[2]


def test_another_id_of_a_drug_in_use_is_no_counterexample(tmp_path):
    names = [row for row in NAMES if row[0] != DRUGS[1]] + [(DRUGS[1], "medicine one", "Medicine-0")]
    assert drawn_for_gout(tmp_path, [], names)[1] == DRUGS[2]


def test_a_compound_used_for_nothing_is_drawn_only_when_asked_for(tmp_path):
    store = embedded(
        tmp_path, [(DRUGS[0], TREATS, GOUT), (DRUGS[1], BINDS, "Gene::1"), (DRUGS[2], TREATS, LUPUS)], NAMES
    )
    for any_compound, expected in ((False, DRUGS[2]), (True, DRUGS[1])):
        (pair,) = draw_pairs(store, around(DRUGS), PairsWanted(n=1, any_compound=any_compound)).pairs
        assert {d.id for d in pair.candidates} == {DRUGS[0], expected}


@pytest.mark.parametrize("name", ["s", "post", "tissue", "viral", "tb", "type 2"])
def test_a_disease_with_an_everyday_name_is_never_asked_about(tmp_path, name):
    rows = [(DRUGS[0], TREATS, GOUT), (DRUGS[1], TREATS, FEVER)]
    drawn = draw_pairs(embedded(tmp_path, rows, [(GOUT, name), *NAMES[1:]]), around(DRUGS), PairsWanted(n=1))
    assert drawn.pairs[0].disease.id == FEVER
    assert drawn.passed_over["relevant"] == {"disease: an everyday word for a name": 1}


def test_an_entity_without_a_name_is_never_drawn(tmp_path):
    names = [row for row in NAMES if row[0] != DRUGS[1]]
    pair, other = drawn_for_gout(tmp_path, [], names)
    assert (pair.disease.id, other) == (GOUT, DRUGS[2])


WORLD_DRUGS, WORLD_DISEASES = 120, 30


def world():
    """A graph in which few drugs are used for much and most for little, and its embeddings."""
    rng = random.Random(0)
    triples = set()
    for n in range(WORLD_DRUGS):
        for m in rng.sample(range(WORLD_DISEASES), 1 + 12 // (1 + n // 4)):
            triples.add((drug(n), rng.choice([TREATS, PALLIATES, GNBR.format("T")]), disease(m)))
        triples |= {(drug(n), BINDS, f"Gene::{rng.randrange(60)}") for _ in range(2 + 40 // (1 + n // 4))}
    kinds = (("medicine", drug, WORLD_DRUGS), ("illness", disease, WORLD_DISEASES))
    names = [(make(n), f"{word} {n}") for word, make, count in kinds for n in range(count)]
    ids = [drug(n) for n in range(WORLD_DRUGS)]
    return sorted(triples), names, vectors(ids, np.random.default_rng(0).normal(size=(WORLD_DRUGS, 8)))


def drawn_from_world(folder, triples=None, **wanted):
    known, names, embeddings = world()
    store = embedded(folder, triples or known, names)
    return draw_pairs(store, embeddings, PairsWanted(**{"n": 80, **wanted}))


def test_the_order_of_the_files_and_of_hashing_changes_no_byte(tmp_path):
    triples, names, embeddings = world()
    write_embeddings(tmp_path / "vectors", embeddings.ids, embeddings.vectors, {})
    written = []
    for number in ("1", "2"):
        random.Random(number).shuffle(triples)
        home = tmp_path / number
        load_graph(*write_graph(home, triples, names), home / "graph")
        out = home / "pairs.jsonl"
        command = [
            sys.executable,
            "-c",
            "from kedrec.cli import main; main()",
            "--home",
            str(home),
            "dataset",
            "pairs",
            "--n",
            "80",
        ]
        command += ["--match-popularity", "--embeddings", str(tmp_path / "vectors"), "--out", str(out)]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": number}, check=True, capture_output=True)
        report = json.loads(report_path(out).read_text("utf-8"))
        written.append((out.read_bytes(), report["popularity"], report["passed_over"]))
    assert written[0] == written[1]


def test_another_seed_draws_other_pairs_and_a_larger_n_begins_alike(tmp_path):
    first = drawn_from_world(tmp_path / "1", match_popularity=True).pairs
    assert drawn_from_world(tmp_path / "2", n=30, match_popularity=True).pairs == first[:30]
    assert {pair.id for pair in drawn_from_world(tmp_path / "3", seed=1).pairs}.isdisjoint(pair.id for pair in first)


def test_every_disease_has_its_turn_before_any_comes_again(tmp_path):
    asked = [pair.disease.id for pair in drawn_from_world(tmp_path).pairs]
    turns = [asked[:place].count(disease_id) for place, disease_id in enumerate(asked)]
    assert turns == sorted(turns)
    assert max(turns) > 1


def test_no_disease_stands_in_two_splits_whatever_is_drawn_of_it(tmp_path):
    few, many = (drawn_from_world(tmp_path / str(n), n=n, dev=0.3, test=0.3).pairs for n in (25, 120))
    splits = {pair.disease.id: pair.split for pair in many}
    assert all(splits[pair.disease.id] == pair.split for pair in (*few, *many))
    assert set(splits.values()) == {"train", "dev", "test"}


def test_the_ids_of_one_disease_share_a_split(tmp_path):
    twins = {disease(n): disease(n ^ 1) for n in range(WORLD_DISEASES)}
    ontology = Ontology({}, {one: frozenset({other}) for one, other in twins.items()})
    triples, names, embeddings = world()
    wanted = PairsWanted(n=80, dev=0.3, test=0.3)
    pairs = draw_pairs(embedded(tmp_path, triples, names), embeddings, wanted, ontology).pairs
    splits = {pair.disease.id: pair.split for pair in pairs}
    assert all(splits[twins[one]] == split for one, split in splits.items() if twins[one] in splits)
    assert len(set(splits.values())) > 1


def test_the_place_among_the_candidates_tells_nothing(tmp_path):
    pairs = drawn_from_world(tmp_path, n=150, least_relevance=0.5).pairs
    assert 0.4 < np.mean([pair.candidates[0].id == pair.answer for pair in pairs]) < 0.6


def test_the_file_is_read_as_pairs_and_its_answers_stand_apart(tmp_path):
    drawn = drawn_from_world(tmp_path)
    out = tmp_path / "new" / "pairs.jsonl"
    write_pairs(out, drawn, report_on(drawn, PairsWanted(n=80), FROM))
    pairs = read_pairs(out).answered()
    assert len(pairs.questions) == 80
    assert {known.negative_kind for known in pairs.scoring.values()} == {"embedding_neighbour"}
    assert sum(len(pairs.of_split(name).questions) for name in ("train", "dev", "test")) == 80
    for question in pairs.questions:
        assert pairs.scoring[question.id].answer in {candidate.id for candidate in question.candidates}


def test_matching_takes_from_popularity_what_it_says(tmp_path):
    plain, matched = (
        drawn_from_world(tmp_path / str(how), n=150, match_popularity=how, least_relevance=0.5) for how in (False, True)
    )
    before, after = (popularity(drawn.drawings, drawn.uses) for drawn in (plain, matched))
    assert min(before.by_degree, before.by_frequency) > 0.6
    for share in (after.by_degree, after.by_uses, after.by_frequency):
        assert share == pytest.approx(0.5, abs=0.08)
    assert np.median([pair.similarity for pair in matched.pairs]) < np.median([pair.similarity for pair in plain.pairs])


def test_popularity_leaves_out_what_is_said_of_the_pair_itself(tmp_path):
    rows = [(DRUGS[0], TREATS, GOUT), (DRUGS[0], PALLIATES, GOUT), (DRUGS[1], TREATS, LUPUS)]
    uses = DrugUses(embedded(tmp_path, rows, NAMES))
    found = popularity([Drawing(disease=0, relevant=0, irrelevant=1)], uses)
    assert (found.relevant.degree.median, found.relevant.uses.median) == (0, 0)
    assert (found.irrelevant.degree.median, found.irrelevant.uses.median) == (1, 1)
    assert (found.by_degree, found.by_uses, found.by_frequency) == (0, 0, 0.5)


def test_frequency_alone_is_measured_on_the_pairs_of_other_diseases(tmp_path):
    uses = DrugUses(embedded(tmp_path, [*USED, (DRUGS[0], TREATS, GOUT), (DRUGS[0], TREATS, FEVER)], NAMES))
    always = [Drawing(disease=0, relevant=0, irrelevant=1), Drawing(disease=1, relevant=0, irrelevant=2)]
    assert popularity(always, uses).by_frequency == 1
    assert popularity([always[0], Drawing(disease=1, relevant=1, irrelevant=0)], uses).by_frequency == 0
    assert popularity([always[0], Drawing(disease=0, relevant=0, irrelevant=2)], uses).by_frequency == 0.5


def test_the_report_counts_each_drug_on_either_side(tmp_path):
    drawn = drawn_from_world(tmp_path)
    report = report_on(drawn, PairsWanted(n=80), FROM)
    assert sum(known.answer for known in report.drugs) == sum(known.negative for known in report.drugs) == 80
    first = report.drugs[0]
    assert first.answer == sum(pair.answer == first.id for pair in drawn.pairs)
    assert sum(size.pairs for size in report.splits.values()) == 80


def test_embeddings_of_another_graph_are_refused_with_what_fits(tmp_path):
    store = embedded(tmp_path, [(DRUGS[0], TREATS, GOUT), *USED], NAMES)
    with pytest.raises(UserError, match="know 1 of the graph's 6 drugs"):
        draw_pairs(store, vectors([DRUGS[0], "Compound::other"], [[1, 0], [0, 1]]), PairsWanted(n=1))


def test_more_pairs_than_there_are_is_an_error_that_says_how_many_there_are(tmp_path):
    with pytest.raises(UserError, match=r"5,000 pairs were wanted, (\d+) can be drawn") as caught:
        drawn_from_world(tmp_path / "many", n=5000)
    possible = int(str(caught.value).split("--n ")[1].split()[0])
    assert len(drawn_from_world(tmp_path / "all", n=possible).pairs) == possible


def test_splits_that_leave_nothing_to_train_on_are_refused(tmp_path):
    with pytest.raises(UserError, match="nothing to train on"):
        drawn_from_world(tmp_path, dev=0.5, test=0.5)


@pytest.fixture
def command(tmp_path, home):
    """Runs `kedrec dataset pairs` on the world in process; gives exit code, stdout and stderr."""
    triples, names, embeddings = world()
    load_graph(*write_graph(tmp_path / "files", triples, names), home / "graph")
    write_embeddings(tmp_path / "vectors", embeddings.ids, embeddings.vectors, {})

    def run(capsys, *more, n="20", out="pairs.jsonl", **changed):
        given = {"--embeddings": str(tmp_path / "vectors"), "--out": str(tmp_path / out), "--n": n, **changed}
        with pytest.raises(SystemExit) as stopped:
            main(["dataset", "pairs", *(word for pair in given.items() for word in pair), *more])
        return stopped.value.code, *capsys.readouterr()

    return run


def test_the_command_writes_pairs_and_their_report_once(tmp_path, command, capsys):
    code, printed, said = command(capsys, "--split-by", "disease")
    assert code == 0
    assert "more triples 0." in printed
    assert "Written to" in said
    before = (tmp_path / "pairs.jsonl").stat()
    assert "stood already" in command(capsys)[2]
    assert (tmp_path / "pairs.jsonl").stat().st_mtime_ns == before.st_mtime_ns
    assert {path.name for path in tmp_path.glob("*pairs*")} == {"pairs.jsonl", "pairs.report.json"}


def test_other_pairs_are_replaced_only_when_told(tmp_path, command, capsys):
    command(capsys)
    kept = (tmp_path / "pairs.jsonl").read_bytes()
    code, _, said = command(capsys, "--seed", "1")
    assert (code, "--force" in said) == (2, True)
    assert (tmp_path / "pairs.jsonl").read_bytes() == kept
    assert command(capsys, "--seed", "1", "--force")[0] == 0
    assert (tmp_path / "pairs.jsonl").read_bytes() != kept


def test_json_is_the_report_and_nothing_else(tmp_path, command, capsys):
    code, printed, _ = command(capsys, "--json", "--match-popularity")
    report = json.loads(printed)
    assert code == 0
    assert report == json.loads((tmp_path / "pairs.report.json").read_text("utf-8"))
    assert report["wanted"]["match_popularity"] is True


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"--split-by": "drug"}, "'disease'"),
        ({"--embeddings": "nowhere.npy"}, "nowhere.npy"),
        ({"--n": "0"}, "--n"),
        ({"--least-relevance": "0"}, "--least-relevance"),
        ({"--least-relevance": "nan"}, "--least-relevance"),
        ({"--ontology": "nowhere.obo"}, "nowhere.obo"),
        ({"--out": "."}, "is a folder"),
        ({"--out": "pairs.jsonl.gz"}, "uncompressed"),
    ],
)
def test_a_users_mistake_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, command, capsys, changed, message):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    code, printed, said = command(capsys, **changed)
    assert (code, printed) == (2, "")
    assert message in said
    assert said.count("\n") == 1
    assert set(tmp_path.iterdir()) == before


def test_without_a_graph_the_command_says_how_to_load_one(tmp_path, command, capsys):
    code, _, said = command(capsys, "--home", str(tmp_path / "empty"))
    assert (code, "kedrec graph load" in said) == (2, True)


@pytest.mark.real
def test_pairs_of_the_real_graph_are_named_irrelevant_by_the_graph_and_balanced(tmp_path, real_data):
    load_graph([real_data / "kg/drkg_slice.tsv.gz"], real_data / "kg/entity_names.tsv.gz", tmp_path / "graph")
    store = EmbeddedStore.open(tmp_path / "graph")
    embeddings = projected(store)
    plain, drawn = (draw_pairs(store, embeddings, PairsWanted(n=2000, match_popularity=how)) for how in (False, True))
    for pair in drawn.pairs:
        (other,) = {candidate.id for candidate in pair.candidates} - {pair.answer}
        assert store.direct(pair.answer, pair.disease.id)
        assert not store.direct(other, pair.disease.id)
        assert not {pair.disease.id, pair.answer, other} & {pair.disease.name, *(c.name for c in pair.candidates)}
    found = popularity(drawn.drawings, drawn.uses)
    for share in (found.by_degree, found.by_uses, found.by_frequency):
        assert share == pytest.approx(0.5, abs=0.06)
    assert popularity(plain.drawings, plain.uses).by_frequency > 0.6


def projected(store):
    """Vectors of neighbourhoods: the graph's adjacency, squared, times a random matrix."""
    size = len(store.ids)
    heads, tails = np.asarray(store.heads), np.asarray(store.tails)
    ends = np.concatenate((heads, tails)), np.concatenate((tails, heads))
    matrix = sparse.csr_matrix((np.ones(2 * len(heads)), ends), (size, size))
    scale = sparse.diags(1 / np.sqrt(np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1)))
    near = scale @ matrix @ scale
    return vectors(store.ids, near @ (near @ np.random.default_rng(0).normal(size=(size, 64))))
