"""Which targets of a drug are told: those that drugs of its class share, not all that it binds."""

import pytest
from graph_stores import TARGET, TREATS, embedded

from kedrec.tools.drug_targets import DrugTargets
from kedrec.tools.graph_tools import GraphTools

CLASS = "Hetionet::PCiC::Pharmacologic Class:Compound"
AMLODIPINE, FELODIPINE, NIFEDIPINE, ACETAZOLAMIDE = (f"Compound::DB0000{number}" for number in range(1, 5))
CHANNEL, ANHYDRASE, TRANSPORTER = "Gene::775", "Gene::759", "Gene::5243"
HYPERTENSION, BLOCKERS, CYP = "Disease::MESH:D006973", "Pharmacologic Class::N1", "Pharmacologic Class::N2"
NAMES = [
    (AMLODIPINE, "Arodine"), (FELODIPINE, "Felodine"), (NIFEDIPINE, "Nifodine"),
    (ACETAZOLAMIDE, "Acetazolamide"), (CHANNEL, "CACNA1C"), (ANHYDRASE, "CA1"), (TRANSPORTER, "ABCB1"),
    (HYPERTENSION, "Hypertension"), (BLOCKERS, "Calcium Channel Antagonists"),
    (CYP, "Cytochrome P450 3A4 Inhibitors"),
]  # fmt: skip
ON_TARGETS = [(AMLODIPINE, TARGET, gene) for gene in (CHANNEL, ANHYDRASE, TRANSPORTER)]
IN_CLASS = [(BLOCKERS, CLASS, drug) for drug in (AMLODIPINE, FELODIPINE, NIFEDIPINE)]
SHARED = [(FELODIPINE, TARGET, CHANNEL), (NIFEDIPINE, TARGET, CHANNEL)]
TREATING = [(ACETAZOLAMIDE, TARGET, ANHYDRASE), (ACETAZOLAMIDE, TREATS, HYPERTENSION)]


@pytest.fixture
def acting(tmp_path):
    def of(*triples):
        graph = embedded(tmp_path, [*ON_TARGETS, *TREATING, *triples], NAMES)
        return DrugTargets(graph).acting(AMLODIPINE, HYPERTENSION)

    return of


def test_a_target_of_the_class_comes_first_and_others_are_left_out_whatever_treatments_share_them(acting):
    found = acting(*IN_CLASS, *SHARED)
    assert [edge.tail for edge in found.targets] == [CHANNEL]
    assert found.untypical == {ANHYDRASE, TRANSPORTER}
    assert found.alike == ()


def test_a_treatment_that_acts_alike_is_told_with_the_target_of_the_class(acting):
    found = acting(*IN_CLASS, *SHARED, (FELODIPINE, TREATS, HYPERTENSION))
    assert [(edge.head, edge.tail) for edge in found.alike] == [
        (AMLODIPINE, CHANNEL), (FELODIPINE, CHANNEL), (FELODIPINE, HYPERTENSION),
    ]  # fmt: skip


def test_without_a_class_that_tells_how_it_acts_what_treatments_share_comes_first_and_carriers_last(acting):
    found = acting(*((CYP, CLASS, drug) for drug in (AMLODIPINE, FELODIPINE)), *SHARED)
    assert [edge.tail for edge in found.targets] == [ANHYDRASE, CHANNEL, TRANSPORTER]
    assert not found.untypical


def test_the_drug_itself_makes_no_target_typical_of_its_class(acting):
    assert len(acting((BLOCKERS, CLASS, AMLODIPINE)).targets) == 3


def test_what_binds_a_great_many_proteins_of_no_known_family_acts_by_none_of_them(acting):
    some = [(AMLODIPINE, TARGET, f"Gene::9{number}") for number in range(20)]
    assert acting(*some[:10]).targets
    assert not acting(*some, (AMLODIPINE, TARGET, "Gene::950")).targets


def test_where_neither_class_nor_treatments_tell_what_many_drugs_act_on_comes_before_the_rarest(tmp_path):
    rare, usual = "Gene::2847", "Gene::1813"
    edges = [(AMLODIPINE, TARGET, rare), *((drug, TARGET, usual) for drug in (AMLODIPINE, FELODIPINE, NIFEDIPINE))]
    graph = embedded(tmp_path, edges, [*NAMES, (rare, "MCHR1"), (usual, "DRD2")])
    assert [edge.tail for edge in DrugTargets(graph).acting(AMLODIPINE, HYPERTENSION).targets] == [usual, rare]


def test_where_no_class_and_no_treatment_tells_what_drugs_of_like_names_share_comes_first(tmp_path):
    others = [(f"Compound::DB1000{number}", TARGET, ANHYDRASE) for number in range(5)]
    graph = embedded(tmp_path, [*ON_TARGETS, *TREATING, *SHARED, *others], NAMES)
    assert DrugTargets(graph).acting(AMLODIPINE, "Disease::MESH:D000001").targets[0].tail == CHANNEL
    assert DrugTargets(graph).acting(ACETAZOLAMIDE, "Disease::MESH:D000001").targets[0].tail == ANHYDRASE


def test_a_target_that_another_source_has_bound_as_well_comes_before_others(tmp_path):
    for gene in (CHANNEL, ANHYDRASE):
        place = tmp_path / gene.replace("::", "")
        place.mkdir()
        graph = embedded(place, [*ON_TARGETS, (AMLODIPINE, "Hetionet::CbG::Compound:Gene", gene)], NAMES)
        assert DrugTargets(graph).acting(AMLODIPINE, "Disease::MESH:D000001").targets[0].tail == gene


def test_the_class_stands_right_behind_the_first_target(tmp_path):
    graph = GraphTools(embedded(tmp_path, [*ON_TARGETS, (BLOCKERS, CLASS, AMLODIPINE)], NAMES))
    told = [finding.source_id for finding in graph.graph_evidence(HYPERTENSION, AMLODIPINE).findings]
    assert [source.split("|")[1] for source in told[:3]] == [TARGET, CLASS, TARGET]
