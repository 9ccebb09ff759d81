"""Ids in other writings are understood; salts, twins, other spellings and combinations suggest and never stand in."""

from importlib.resources import files

import pytest
from graph_stores import TREATS, embedded

from kedrec.graphdb.names.identifiers import ids_meant
from kedrec.graphdb.names.kinship import KIN, SHORTER, named_parts, parts_of, twins
from kedrec.graphdb.names.normalize import fold
from kedrec.tools.graph_tools import GraphTools

ROWS = [
    ("Compound::DB00619", "Imatinib", "Gleevec"), ("Compound::DB00331", "Metformin"),
    ("Compound::DB00316", "Acetaminophen"), ("Compound::DB01001", "Salbutamol"), ("Compound::DB00318", "Codeine"),
    ("Compound::DB00313", "Valproic Acid"), ("Compound::DB00668", "Epinephrine"),
    ("Compound::DB00795", "Sulfasalazine"),
    ("Compound::DB00440", "Trimethoprim"), ("Compound::DB01015", "Sulfamethoxazole"), ("Compound::DB09060", "Oestriol"),
    ("Compound::DB01601", "Lopinavir/Ritonavir"), ("Compound::CHEBI:6801", "chebidrug"),
    ("Disease::MESH:D001249", "Asthma"), ("Disease::DOID:1612", "Breast cancer"),
    ("Disease::MESH:D003866", "Depressive disorder"),
    ("Disease::MESH:D012891", "Sleep apnea"), ("Disease::MESH:D006467", "Hemophilia A"),
    ("Disease::MESH:D007970", "Leukopenia"), ("Disease::MESH:D006333", "Heart failure"),
    ("Disease::MESH:D1", "chronic"),
    ("Gene::7157", "TP53"), ("Symptom::D010146", "Ache"),
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    edges = [("Compound::DB00619", TREATS, row[0]) for row in ROWS[1:]]
    return embedded(tmp_path_factory.mktemp("graph"), edges, ROWS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("mesh:D001249", "Disease::MESH:D001249"), ("MESH:d001249", "Disease::MESH:D001249"),
        ("D001249", "Disease::MESH:D001249"), ("drugbank:DB00619", "Compound::DB00619"),
        ("DRUGBANK:DB00316", "Compound::DB00316"), ("db00316", "Compound::DB00316"),
        ("compound::db00316", "Compound::DB00316"), ("disease::mesh:d001249", "Disease::MESH:D001249"),
        ("doid:1612", "Disease::DOID:1612"), ("DOID_1612", "Disease::DOID:1612"),
        ("http://purl.obolibrary.org/obo/DOID_1612", "Disease::DOID:1612"),
        ("https://identifiers.org/drugbank:DB00619", "Compound::DB00619"),
        ("https://id.nlm.nih.gov/mesh/D001249", "Disease::MESH:D001249"), ("chebi:6801", "Compound::CHEBI:6801"),
        ("NCBIGene:7157", "Gene::7157"), ("mesh:D010146", "Symptom::D010146"),
    ],
)  # fmt: skip
def test_an_id_in_another_writing_is_the_entity_that_has_it(store, written, meant):
    assert store.search(written).entity.id == meant


@pytest.mark.parametrize("written", ["DB0061", "drugbank:DB00618", "D00124", "doid:161", "mesh:", "drugbank:imatinib"])
def test_an_id_that_nothing_has_is_never_completed(store, written):
    assert (store.search(written).match, store.search(written).entity) == ("none", None)


def test_a_name_comes_before_an_id_in_another_writing(tmp_path):
    rows = [("Compound::DB00001", "Lepirudin"), ("Compound::1", "db00001")]
    store = embedded(tmp_path, [(row[0], TREATS, "Disease::1") for row in rows], rows)
    assert store.search("db00001").entity.id == "Compound::1"
    assert ids_meant("two words") == ()


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("imatinib mesylate", "Imatinib"), ("metformin HCl", "Metformin"), ("Metformin hydrochloride", "Metformin"),
        ("salbutamol hemisulphate", "Salbutamol"), ("codeine phosphate hemihydrate", "Codeine"),
        ("valproate", "Valproic Acid"), ("sodium valproate", "Valproic Acid"), ("valproate sodium", "Valproic Acid"),
        ("sulphasalazine", "Sulfasalazine"), ("estriol", "Oestriol"), ("paracetamol", "Acetaminophen"),
        ("albuterol", "Salbutamol"), ("albuterol sulfate", "Salbutamol"), ("adrenaline", "Epinephrine"),
        ("co-trimoxazole", "Trimethoprim"), ("ritonavir and lopinavir", "Lopinavir/Ritonavir"),
        ("depression", "Depressive disorder"),
    ],
)  # fmt: skip
def test_what_is_known_to_be_near_is_suggested_first_and_not_put_in_place(store, asked, first):
    match = store.search(asked)
    assert (match.match, match.entity) == ("none", None)
    assert (match.alternatives[0].name, match.alternatives[0].score) == (first, KIN)
    assert {one.score for one in match.alternatives} == {KIN}


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("obstructive sleep apnoea", "Sleep apnea"), ("chronic heart failure", "Heart failure"),
        ("heart failure with reduced ejection fraction", "Heart failure"),
    ],
)  # fmt: skip
def test_a_narrower_disease_suggests_the_wider_one_before_what_looks_alike(store, asked, first):
    match = store.search(asked)
    assert (match.match, match.alternatives[0].name, match.alternatives[0].score) == ("none", first, SHORTER)


def test_a_slip_in_a_long_name_comes_before_the_shorter_names_in_it(tmp_path):
    rows = [("Disease::1", "chronic"), ("Disease::2", "kidney"), ("Disease::3", "Chronic kidney failure")]
    store = embedded(tmp_path, [("Compound::1", TREATS, row[0]) for row in rows], rows)
    assert next(one.name for one in store.search("chronic kidny failure").alternatives) == "Chronic kidney failure"
    assert next(one.name for one in store.search("chronic xylem kidney").alternatives) == "kidney"


def test_one_side_of_a_hyphen_does_not_hide_the_name_that_was_meant(tmp_path):
    rows = [("Compound::1", "Myristic acid"), ("Compound::2", "3-Hydroxy-myristic acid")]
    store = embedded(tmp_path, [(row[0], TREATS, "Disease::1") for row in rows], rows)
    assert store.search("3-hydrxy-myristic acid").alternatives[0].id == "Compound::2"


def test_no_name_stands_in_two_groups_of_twins():
    lines = (files("kedrec.graphdb.names") / "suggested_synonyms.txt").read_text("utf-8").splitlines()
    names = [fold(name) for line in lines if line and line[0] != "#" for name in line.split("|")]
    assert len(names) == len(set(names)) > 400


@pytest.mark.parametrize(
    ("written", "parts"),
    [("amiloride/furosemide", ("amiloride", "furosemide")), ("co-tenidone", ("atenolol", "chlortalidone")),
     ("imatinib mesylate", ()), ("6-mercaptopurine", ()), ("albuterol", ())],
)  # fmt: skip
def test_a_combination_has_parts_under_a_name_of_its_own_too(written, parts):
    assert named_parts(written) == parts


@pytest.mark.parametrize("joint", ["/", " / ", "-", " + ", " plus ", " and ", " with "])
def test_a_combination_suggests_its_parts_in_their_order(store, joint):
    match = store.search(f"trimethoprim{joint}sulfamethoxazole", kinds=["Compound"])
    assert match.entity is None
    assert [found.name for found in match.alternatives[:2]] == ["Trimethoprim", "Sulfamethoxazole"]


def test_a_word_with_a_short_prefix_is_no_combination():
    assert [parts_of(name) for name in ("L-DOPA", "interferon beta-1a", "co-trimoxazole", "aspirin")] == [()] * 4


@pytest.mark.parametrize(
    ("asked", "found"),
    [("sleep apnoea", "Sleep apnea"), ("Haemophilia A", "Hemophilia A"), ("leucopenia", "Leukopenia")],
)
def test_british_names_of_diseases_are_understood(store, asked, found):
    assert (store.search(asked).match, store.search(asked).entity.name) == ("folded", found)


def test_trade_marks_never_count(store):
    assert {store.search(f"Gleevec{mark}").entity.name for mark in "®™℠"} == {"Imatinib"}
    assert fold("Glee™vec") == "gleevec"


def test_kinds_and_limits_hold_for_suggestions(store):
    assert "Depressive disorder" not in [one.name for one in store.search("depression", kinds=["Gene"]).alternatives]
    assert len(store.search("trimethoprim/sulfamethoxazole", limit=1).alternatives) == 1
    assert store.search("paracetamol", limit=0).alternatives == ()


def test_twins_name_each_other():
    for one, other in [("paracetamol", "acetaminophen"), ("Salbutamol", "albuterol"), ("furosemide", "frusemide")]:
        assert other in map(str.lower, twins(one)) and one.lower() in twins(other)
    assert twins("aspirin") and twins("no such name") == ()


@pytest.mark.parametrize(
    ("drug", "said"),
    [("imatinib mesylate", "Related: Imatinib. Give that name, if it is meant."),
     ("trimethoprim/sulfamethoxazole", "of its parts the graph has: Trimethoprim, Sulfamethoxazole. Name one"),
     ("codeine/aspirin", "of its parts the graph has: Codeine. Name one"),
     ("ritonavir/lopinavir", "Related: Lopinavir/Ritonavir."), ("imatnib", "Similar: Imatinib")],
)  # fmt: skip
def test_an_unknown_drug_is_told_with_its_relatives_alone(store, drug, said):
    told = GraphTools(store).resolve_entity(drug, "drug").message
    assert said in told and ("Similar" in told) == ("Similar" in said)
