"""Names are understood as exactly what they say."""

import time

import pytest
from graph_stores import TREATS, embedded

from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.graphdb.names.normalize import fold, fold_loosely

NEARLY_ONE_NAME = [
    ("folinic acid", "folic acid"), ("diclofenac sodium", "diclofenac"), ("lithium carbonate", "lithium citrate"),
    ("vitamin d2", "vitamin d3"), ("interferon alpha 2a", "interferon alpha 2b"),
    ("interferon alpha", "interferon beta"),
    ("(+)-catechin", "(-)-catechin"), ("1,2-propanediol", "12-propanediol"), ("d-alanine", "l-alanine"),
    ("3'-deoxyadenosine", "3-deoxyadenosine"), ("α-tocopherol", "β-tocopherol"), ("nad", "nad+"),
    ("factor viia", "factor viii"), ("insulin aspart", "insulin glargine"), ("heparin", "heparan"),
]  # fmt: skip


def drugs(folder, names, kind="Compound"):
    rows = [(f"{kind}::{n}", name, *synonyms) for n, (name, *synonyms) in enumerate(names)]
    return embedded(folder, [(row[0], TREATS, "Disease::1") for row in rows], rows)


def test_salts_isomers_charges_and_numbers_part_names(tmp_path):
    store = drugs(tmp_path, [(other,) for _, other in NEARLY_ONE_NAME])
    for name, other in NEARLY_ONE_NAME:
        for spelling in (name, name.upper(), f" {name} ", name.replace(" ", "-")):
            assert (store.search(spelling).match, store.search(spelling).entity) == ("none", None)
        assert store.search(other).match == "exact"
        assert store.search(other.upper()).entity.name == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Crohn's disease", "crohns DISEASE"), ("co-trimoxazole", "Cotrimoxazole"),
        ("α-tocopherol", "alpha tocopherol"),
        ("Sjögren syndrome", "sjogren-syndrome"), ("interferon beta-1a", "Interferon β 1a"), ("5-FU", "5 fu"),
        ("β–carotene", "beta-carotene"), ("Crohn’s disease", "Crohn's disease"), ("ｃａｆｆｅｉｎｅ", "caffeine"),
    ],
)  # fmt: skip
def test_spellings_of_one_name_fold_alike(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Arthritis, Rheumatoid", "rheumatoid arthritis"), ("Leukaemias", "leukemia"), ("Lung Neoplasms", "lung neoplasm"),
     ("Diabetes Mellitus, Type 2", "type 2 diabetes mellitus"), ("Allergies", "allergy")],
)  # fmt: skip
def test_plural_inverted_and_british_names_of_diseases_are_folded(tmp_path, one, other):
    assert fold_loosely(one) == fold_loosely(other)
    rows = [("Disease::1", one), ("Compound::1", "Tests, Test")]
    store = embedded(tmp_path, [("Compound::1", TREATS, "Disease::1")], rows)
    match = store.search(other)
    assert (match.match, match.entity.id) == ("folded", "Disease::1")
    assert store.search("test test").match == "none"


def test_each_kind_of_match_is_told(tmp_path):
    store = drugs(tmp_path, [("Acetylsalicylic acid", "Aspirin", "ASA"), ("Mesalazine", "5-ASA", "ASA")])
    assert store.search("Compound::0").match == "exact"
    assert store.search("Acetylsalicylic acid").match == "exact"
    assert store.search("Aspirin").match == "synonym"
    assert store.search("acetylsalicylic-acid").match == "folded"
    ambiguous = store.search("ASA")
    assert (ambiguous.match, ambiguous.entity) == ("ambiguous", None)
    assert [found.id for found in ambiguous.alternatives] == ["Compound::0", "Compound::1"]
    assert store.search("asprin").match == "none"
    assert store.search("asprin").alternatives[0].id == "Compound::0"
    assert store.search("").match == store.search("???").match == "none"


def test_a_preferred_name_wins_over_a_synonym_of_another(tmp_path):
    store = drugs(tmp_path, [("Vitamin E",), ("alpha-Tocopherol", "Vitamin E")])
    match = store.search("Vitamin E")
    assert (match.match, match.entity.id) == ("exact", "Compound::0")
    assert [found.id for found in match.alternatives] == ["Compound::1"]


def test_two_of_one_kind_with_one_name_are_ambiguous(tmp_path):
    store = drugs(tmp_path, [("Heparin",), ("heparin",), ("Heparin",)])
    assert store.search("Heparin").match == "ambiguous"
    assert store.search("heparin").entity.id == "Compound::1"


def test_a_drug_under_several_ids_is_the_one_of_drugbank_and_the_others_are_told(tmp_path):
    rows = [("Compound::CHEBI:1", "alphadrug"), ("Compound::DB1", "Alphadrug"), ("Compound::MESH:D1", "alpha-drug")]
    store = embedded(tmp_path, [(row[0], TREATS, "Disease::1") for row in rows], rows)
    for spelling in ("Alphadrug", "alphadrug", "ALPHADRUG", "alpha-drug", "alpha drug"):
        match = store.search(spelling)
        assert match.entity.id == "Compound::DB1"
        assert [found.id for found in match.alternatives] == ["Compound::CHEBI:1", "Compound::MESH:D1"]
    assert store.search("Compound::MESH:D1").entity.id == "Compound::MESH:D1"
    assert store.search("alfadrug").alternatives[0].id == "Compound::DB1"


def test_a_disease_under_several_ids_is_the_descriptor_of_mesh(tmp_path):
    rows = [("Disease::DOID:1", "Skin Diseases"), ("Disease::MESH:C1", "skin diseases"),
            ("Disease::MESH:D1", "Skin diseases"), ("Symptom::1", "Skin Diseases")]  # fmt: skip
    store = embedded(tmp_path, [("Compound::DB1", TREATS, row[0]) for row in rows], rows)
    for spelling in ("Skin Diseases", "skin diseases", "skin disease", "Diseases, Skin"):
        match = store.search(spelling)
        assert (spelling, match.entity and match.entity.id) == (spelling, "Disease::MESH:D1")


def test_drugs_that_share_but_one_name_are_not_one_drug(tmp_path):
    rows = [("Compound::DB1", "Acetylsalicylic acid", "ASA"), ("Compound::MESH:D1", "Mesalamine", "ASA"),
            ("Compound::DB2", "Troleandomycin"), ("Compound::DB3", "Troleandomycin")]  # fmt: skip
    store = embedded(tmp_path, [(row[0], TREATS, "Disease::1") for row in rows], rows)
    assert store.search("ASA").match == store.search("Troleandomycin").match == "ambiguous"


def test_a_gene_of_several_joined_ids_is_one_entity(tmp_path):
    rows = [("Gene::1;2", "GEN1/GEN2", "GEN1", "GEN2"), ("Gene::1", "GEN1")]
    store = embedded(tmp_path, [("Compound::DB1", TREATS, row[0]) for row in rows], rows)
    assert store.search("Gene::1;2").entity.name == "GEN1/GEN2"
    assert store.search("gen2").entity.id == "Gene::1;2"
    assert (store.search("GEN1").entity.id, store.search("GEN1").alternatives[0].id) == ("Gene::1", "Gene::1;2")


def test_a_drug_or_disease_comes_before_other_kinds_and_kinds_restrict(tmp_path):
    rows = [("Disease::1", "Pain"), ("Side Effect::1", "Pain"), ("Symptom::1", "Pain"), ("Gene::1", "PAIN")]
    store = embedded(tmp_path, [(row[0], TREATS, "Compound::1") for row in rows], rows)
    match = store.search("pain")
    assert match.entity.id == "Disease::1"
    assert "Gene::1" in [found.id for found in match.alternatives]
    assert store.search("pain", kinds=["Gene"]).entity.id == "Gene::1"
    assert store.search("pain", kinds=["Symptom", "Side Effect"]).match == "ambiguous"
    assert store.search("pain", kinds=["Pathway"]).match == "none"


def test_a_drug_and_a_disease_of_one_name_are_ambiguous(tmp_path):
    rows = [("Disease::1", "Lithium"), ("Compound::1", "Lithium")]
    store = embedded(tmp_path, [("Compound::1", TREATS, "Disease::1")], rows)
    assert store.search("lithium").match == "ambiguous"
    assert store.search("lithium", kinds=["Compound"]).entity.id == "Compound::1"


def test_names_of_one_letter_and_common_words_mean_only_themselves(tmp_path):
    rows = [("Disease::1", "s"), ("Disease::2", "post"), ("Disease::3", "leukemia", "all")]
    store = embedded(tmp_path, [(row[0], TREATS, "Compound::1") for row in rows], rows)
    assert store.search("s").entity.id == "Disease::1"
    assert store.search("ALL").entity.id == "Disease::3"
    for text in ("posts x", "al", "a", "ss", "call"):
        assert store.search(text).entity is None


@pytest.mark.real
def test_a_name_is_found_quickly_in_the_real_names(real_data, tmp_path):
    kg = real_data / "kg"
    load_graph([kg / "drkg_slice.tsv.gz"], kg / "entity_names.tsv.gz", tmp_path / "graph")
    store = EmbeddedStore.open(tmp_path / "graph")
    store.search("warm up")
    started = time.perf_counter()
    for name in ("citalopram", "Celexa", "rheumatoid arthritis") * 10:
        assert store.search(name).entity
    assert (time.perf_counter() - started) / 30 < 0.02
