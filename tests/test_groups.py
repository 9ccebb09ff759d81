"""Ids of one drug or disease: which are joined, and what a store then says of them."""

import json
import random
from itertools import product
from types import SimpleNamespace

import pytest
from graph_stores import GENE_OF, GENES, PALLIATES, TARGET, TREATS, embedded, in_neo4j, write_graph, write_tsv

from kedrec.agents.offline.weigher import Weigher
from kedrec.cli import main
from kedrec.errors import InputError
from kedrec.graphdb.groups import Groups
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.graphdb.names.find_groups import find_groups, read_groups, table_of
from kedrec.tools.graph_tools import GraphTools

MESH, DOID, RARE = "Disease::MESH:D012148", "Disease::DOID:9002", "Disease::MESH:C512345"
OTHER = "Disease::MESH:D099999"
DRUG, OLD, RIVAL = "Compound::DB00111", "Compound::MESH:C000111", "Compound::DB00222"
G1, G2 = "Gene::1", "Gene::2"
NAMES = [(MESH, "Restless legs"), (DOID, "restless-legs"), (DRUG, "Ropinor"), (OLD, "ropinor"), (RIVAL, "Pramipex")]
TRIPLES = [
    (DRUG, TREATS, MESH), (OLD, PALLIATES, DOID), (RIVAL, TREATS, DOID), (DRUG, TARGET, G1), (OLD, TARGET, G1),
    (OLD, TARGET, G2), (MESH, GENE_OF, G1), (DOID, GENE_OF, G2), (RIVAL, TARGET, G2), (G1, GENES, G2),
]  # fmt: skip


def groups_of(names, given=None, same=()):
    rows = sorted(names)
    return find_groups([one for one, _ in rows], [name for _, name in rows], given, same)


def table(tmp_path, text):
    path = tmp_path / "own.tsv"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(params=[embedded, in_neo4j], ids=["embedded", "neo4j"])
def make_store(request, tmp_path):
    """Makes a store from triples, names and a table of groups."""
    count = iter(range(1000))
    return lambda triples, names=(), groups=None: request.param(tmp_path / str(next(count)), triples, names, groups)


def test_ids_of_one_kind_and_preferred_name_are_one_with_the_vocabularys_own_first():
    assert groups_of([(RARE, "restless  legs"), *NAMES]) == [(DRUG, OLD), (MESH, DOID, RARE)]


def test_two_ids_that_one_vocabulary_gives_are_two_things_however_they_are_called():
    drugs = [("Compound::DB00444", "Sartano"), ("Compound::DB14999", "sartano"), ("Compound::MESH:C444", "Sartano")]
    ills = [("Disease::MESH:D000001", "hepatitis"), ("Disease::MESH:D000002", "Hepatitis")]
    doids = [("Disease::DOID:1", "croup"), ("Disease::DOID:2", "Croup")]
    assert groups_of([*drugs, *ills, *doids]) == []


def test_other_kinds_and_ids_without_a_name_are_never_joined():
    assert groups_of([("Side Effect::C1", "Gout"), (MESH, "Gout"), ("Gene::1", "x"), ("Gene::2", "x")]) == []
    assert groups_of([("Disease::MESH:C1", "Disease::MESH:C1"), ("Disease::MESH:C2", "!"), (RARE, "?")]) == []


def test_isomers_and_salts_are_not_joined():
    names = ["citalopram", "escitalopram", "citalopram hydrobromide", "(+)-citalopram", "(-)-citalopram"]
    assert groups_of([(f"Compound::MESH:C{n}", name) for n, name in enumerate(names)]) == []


def test_what_a_vocabulary_calls_one_is_joined_under_other_names_too():
    former = "Compound::DB99111"
    assert groups_of([(DRUG, "Ropinor"), (former, "Ropinol")], same=[(DRUG, former, "Compound::DB0none")]) == [
        (DRUG, former)
    ]
    assert groups_of([(DOID, "fidgets"), (MESH, "Restless legs")], same=[(DOID, MESH)]) == [(MESH, DOID)]


def test_a_name_does_not_bring_together_what_a_vocabulary_keeps_apart():
    named = [(DOID, "restless legs"), (MESH, "Ekbom"), (OTHER, "Restless legs")]
    assert groups_of(named, same=[(DOID, MESH)]) == [(MESH, DOID)]


def test_a_table_rules_the_ids_in_it_and_leaves_the_others_to_their_names(tmp_path):
    split = read_groups(table(tmp_path, f"# mine\n\n{DOID}\t# not this one\n{MESH}\n"))
    assert groups_of(NAMES, split) == [(DRUG, OLD)]
    joined = read_groups(table(tmp_path, f"{RIVAL}\t{OLD}\tCompound::DB0none\t# the same, I know\n"))
    assert groups_of(NAMES, joined) == [(RIVAL, OLD), (MESH, DOID)]


def test_the_table_that_is_written_can_be_read(tmp_path):
    groups = [(MESH, DOID), (DRUG, OLD)]
    assert read_groups(table(tmp_path, table_of(groups, {MESH: "Legs # 1\tx"}))).groups == tuple(groups)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (f"{MESH}\tDOID:9002\n", 1, "no id"),
        (f"# x\n{MESH}\t{DRUG}\n", 2, "one kind"),
        (f"{MESH}\t{DOID}\n{DOID}\n", 2, "line 1"),
        ("Illness::1\tIllness::2\n", 1, "Illness"),
    ],
)
def test_a_faulty_table_is_refused_with_its_line(tmp_path, text, line, what):
    with pytest.raises(InputError, match=what) as refused:
        read_groups(table(tmp_path, text))
    assert refused.value.line == line


def test_edges_of_all_ids_answer_for_each(make_store):
    store = make_store(TRIPLES, NAMES)
    assert store.groups.all == ((DRUG, OLD), (MESH, DOID))
    for a, b in product((DRUG, OLD), (MESH, DOID)):
        assert {(edge.head, edge.tail) for edge in store.direct(b, a)} == {(DRUG, MESH), (OLD, DOID)}
        assert store.direct(a, b) == store.direct(DRUG, MESH)
        assert store.neighbours(a) == store.neighbours(DRUG) and len(store.neighbours(a)) == 5
        assert [shared.entity.id for shared in store.shared(a, b)] == [G1, G2]
        assert len(store.shared(a, b)[0].first) == 2 and len(store.shared(a, b, limit=1)) == 1
        assert store.batch_evidence([(a, b)])[0].paths == store.batch_evidence([(DRUG, MESH)])[0].paths
    assert store.shared(DRUG, OLD) == store.paths(MESH, DOID) == []


def test_limits_keep_the_first_of_the_whole(make_store):
    store = make_store(TRIPLES, NAMES)
    for limit in range(1, 6):
        assert store.neighbours(OLD, limit=limit) == store.neighbours(DRUG)[:limit]
        assert store.paths(OLD, DOID, limit=limit) == store.paths(DRUG, MESH, limit=100)[:limit]
        assert store.shared(OLD, DOID, limit=limit) == store.shared(DRUG, MESH)[:limit]


def test_no_path_walks_through_another_id_of_its_ends(make_store):
    store = make_store(TRIPLES, NAMES)
    ends = {DRUG, OLD, MESH, DOID}
    for path in store.paths(DRUG, MESH, limit=100):
        inner = [end for edge in path.edges for end in (edge.head, edge.tail)]
        assert sum(end in ends for end in inner) == 2
    assert [len(path.edges) for path in store.paths(DRUG, MESH, limit=100)].count(1) == 1


def test_hiding_a_pair_hides_it_under_all_ids_of_both(make_store):
    for pair in product((DRUG, OLD), (MESH, DOID)):
        store = make_store(TRIPLES, NAMES).hiding(frozenset({frozenset(pair)}))
        assert all(store.direct(a, b) == [] for a, b in product((DRUG, OLD), (MESH, DOID)))
        assert not any(edge.tail in (MESH, DOID) for edge in store.neighbours(DRUG))
        assert all(len(path.edges) > 1 for path in store.paths(DRUG, MESH))
        assert store.stats().triples == len(TRIPLES) - 2


def test_hiding_is_absence(make_store):
    pair = frozenset({frozenset((OLD, MESH))})
    absent = make_store([row for row in TRIPLES if not {row[0], row[2]} <= {DRUG, OLD, MESH, DOID}], NAMES)
    expected = answers(absent)
    assert answers(make_store(TRIPLES, NAMES).hiding(pair)) == expected


def answers(store):
    ids = (DRUG, OLD, RIVAL, MESH, DOID, G1)
    pairs = list(product(ids, ids))
    return [(store.direct(*pair), store.shared(*pair), store.paths(*pair)) for pair in pairs] + [
        store.neighbours(one) for one in ids
    ]


@pytest.mark.parametrize("seed", range(6))
def test_both_stores_say_the_same_of_groups(tmp_path, seed):
    chance = random.Random(seed)
    ids = [f"{kind}::{n}" for kind in ("Compound", "Disease", "Gene") for n in range(5)]
    relations = [TREATS, PALLIATES, TARGET, GENE_OF, GENES]
    triples = sorted({(chance.choice(ids), chance.choice(relations), chance.choice(ids)) for _ in range(50)})
    own = table(tmp_path, "Compound::0\tCompound::1\nDisease::0\tDisease::1\tDisease::2\n")
    hidden = frozenset({frozenset(("Compound::1", "Disease::2"))})
    here, there = (make(tmp_path / make.__name__, triples, (), own).hiding(hidden) for make in (embedded, in_neo4j))
    for a, b in product(ids[:2] + ids[5:8], ids):
        for limit in (1, 3, 100):
            assert here.direct(a, b) == there.direct(a, b)
            assert here.neighbours(a, limit=limit) == there.neighbours(a, limit=limit)
            assert here.shared(a, b, limit=limit) == there.shared(a, b, limit=limit)
            assert here.paths(a, b, limit=limit) == there.paths(a, b, limit=limit)


def test_weighing_takes_uses_of_every_id_and_hides_them_together(tmp_path):
    store = embedded(tmp_path, TRIPLES, NAMES)
    facts = GraphFacts(store)
    assert is_therapeutic(TREATS) and is_therapeutic(PALLIATES)
    assert facts.disease_row[MESH] == facts.disease_row[DOID]
    assert facts.stated(OLD, MESH) == (f"{DRUG}|{TREATS}|{MESH}", f"{OLD}|{PALLIATES}|{DOID}")
    for pair in product((DRUG, OLD), (MESH, DOID)):
        treats = LinkModel(facts, {frozenset(pair)}).treats
        assert [treats[facts.drug_row[one], facts.disease_row[MESH]] for one in (DRUG, RIVAL)] == [0, 1]


def test_a_graph_loaded_without_groups_still_opens(tmp_path):
    folder = tmp_path / "graph"
    store = embedded(tmp_path, TRIPLES, NAMES)
    assert store.groups.all
    version = next(folder.glob("version-*"))
    (version / "groups.txt").unlink()
    manifest = json.loads((version / "manifest.json").read_text())
    del manifest["bytes"]["groups.txt"]
    (version / "manifest.json").write_text(json.dumps(manifest))
    old = type(store).open(folder)
    assert old.groups.all == () and len(old.direct(DRUG, MESH)) == 1


def test_another_table_makes_another_graph(tmp_path):
    plain = embedded(tmp_path / "a", TRIPLES, NAMES)
    own = embedded(tmp_path / "b", TRIPLES, NAMES, write_tsv(tmp_path / "own.tsv", [(MESH,), (DOID,)]))
    assert plain.source_sha256 != own.source_sha256 and own.groups.of(DOID) == (DOID,)


def test_spreading_leaves_pairs_without_groups_alone():
    pairs = frozenset({frozenset((RIVAL, OTHER)), frozenset((RIVAL,))})
    assert Groups().spread(pairs) == Groups([(MESH, DOID)]).spread(pairs) == pairs


def test_what_was_joined_is_said_once_under_one_name(tmp_path):
    store = embedded(tmp_path, TRIPLES, NAMES)
    said = f"Taken as one: Restless legs = {MESH} and {DOID}."
    of_drug = f"Taken as one: Ropinor = {DRUG} and {OLD}."
    found = GraphTools(store).graph_evidence(DOID, OLD)
    assert found.data["notes"] == [said, of_drug]
    assert all({DRUG, OLD} <= set(finding.about) for finding in found.findings if OLD in finding.about)
    literature = SimpleNamespace(content_sha256="")
    notes = Weigher.open(store, literature, tmp_path / "derived").weigh(DOID, [OLD, RIVAL], "none").notes
    assert notes[:2] == (said, of_drug) and not any("No drug is known" in note for note in notes)


def code_of(argv):
    with pytest.raises(SystemExit) as ended:
        main(argv)
    return ended.value.code


def test_a_load_lists_what_it_joined_and_takes_the_list_back_edited(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KEDREC_HOME", str(tmp_path / "home"))
    (triples,), names = write_graph(tmp_path, TRIPLES, NAMES)
    assert code_of(["graph", "load", str(triples), "--names", str(names), "--no-derive"]) == 0
    listed = tmp_path / "home" / "groups.tsv"
    assert read_groups(listed).groups == ((DRUG, OLD), (MESH, DOID))
    assert code_of(["graph", "show", "restless legs"]) == 0
    assert f"Restless legs = {MESH} and {DOID}" in capsys.readouterr().out
    own = table(tmp_path, listed.read_text("utf-8").replace(f"{MESH}\t{DOID}", f"{MESH}\n{DOID}"))
    assert code_of(["graph", "load", str(triples), "--names", str(names), "--groups", str(own), "--no-derive"]) == 0
    assert read_groups(listed).groups == ((DRUG, OLD),)
