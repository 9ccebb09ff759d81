"""What a drug is given for comes before what else it was seen to bind; no link is told that speaks for the opposite."""

import re

import pytest
from graph_stores import BINDS, GENE_OF, TARGET, TREATS, embedded

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.domain_answers import found_for
from kedrec.agents.offline.mechanism import mechanism_of
from kedrec.graphdb.vocabularies.gene_families import family_of
from kedrec.graphdb.vocabularies.main_targets import MAIN_TARGETS, is_main_target, tells_main_targets
from kedrec.records import Entity, Evidence
from kedrec.tools.drug_targets import CLASSES, DrugTargets
from kedrec.tools.graph_tools import GraphTools

ILL = Entity(id="Disease::MESH:D000001", kind="Disease", name="Ailment")


def graph(tmp_path, drug, edges, others=()):
    """A graph of one drug, its edges to genes or classes, and of other drugs that treat the disease."""
    names, rows = [("Compound::1", drug), (ILL.id, ILL.name)], []
    for relation, *found in edges:
        for name in found:
            end = f"Pharmacologic Class::{name}" if relation == CLASSES else f"Gene::{name}"
            rows.append((end, relation, "Compound::1") if relation == CLASSES else ("Compound::1", relation, end))
            names.append((end, name))
    for number, (other, gene) in enumerate(others, 2):
        rows += [(f"Compound::{number}", TARGET, f"Gene::{gene}"), (f"Compound::{number}", TREATS, ILL.id)]
        names += [(f"Compound::{number}", other), (f"Gene::{gene}", gene)]
    return embedded(tmp_path, [*rows, (ILL.id, GENE_OF, f"Gene::{edges[0][1]}")], [*dict(names).items()])


def mechanism(store):
    """The sentence on how the drug acts."""
    drug, found = store.get("Compound::1"), GraphTools(store).graph_evidence(ILL.id, "Compound::1").findings
    evidence = [
        Evidence(key=f"K{place}", source_id=one.source_id, text=one.text, about=one.about)
        for place, one in enumerate(found, 1)
    ]
    return mechanism_of(evidence, drug, ILL)[0]


@pytest.mark.parametrize(
    ("drug", "genes", "main"),
    [
        ("Simvastatin", ["HDAC2", "HMGCR", "ITGAL"], ["HMGCR"]),
        ("Donepezil", ["IL1B", "BCHE", "HTR2A", "ACHE"], ["ACHE"]),
        ("Propranolol", ["HTR1B", "HTR1A", "ADRB1"], ["ADRB1"]),
        ("Memantine", ["DRD2", "HTR3A", "GRIN1"], ["GRIN1"]),
        ("Drospirenone", ["NR3C2", "PGR"], []),
        ("Carbidopa", ["DRD2"], []),
        ("Aripiprazole", ["ATP4A", "DRD2"], ["DRD2"]),
        ("Enoxaparin sodium", ["F10"], ["F10"]),
        ("Captopril", ["ACE"], ["ACE"]),
        ("Stanozolol", ["ADRB1"], []),
        ("Baricitinib", ["PTK2B", "JAK1"], ["JAK1"]),
    ],
)
def test_the_stem_of_a_name_tells_what_the_drug_is_given_for(drug, genes, main):
    assert [gene for gene in genes if is_main_target(drug, gene)] == main


def test_a_name_without_stem_tells_nothing():
    assert not tells_main_targets("Metformin") and not is_main_target("", "ACE")
    assert all(re.compile(stem) and re.compile(symbols) for stem, symbols in MAIN_TARGETS)


def test_the_main_target_is_told_alone_though_the_graph_links_another_to_the_disease(tmp_path):
    store = graph(tmp_path, "Simvastatin", [(TARGET, "HDAC2", "HMGCR")], [("Atorvastatin", "HDAC2")])
    assert mechanism(store) == "Simvastatin targets the HMG-CoA reductase HMGCR (DrugBank)."


def test_what_a_drug_is_given_for_is_told_where_another_source_alone_has_it(tmp_path):
    store = graph(tmp_path, "Lorazepam", [(TARGET, "TSPO"), (BINDS, "GABRB3", "UGT2B15")])
    assert mechanism(store).startswith(f"Lorazepam binds the {family_of('GABRB3')} GABRB3 (Hetionet)")
    assert "TSPO" not in mechanism(store)


def test_a_target_on_which_treatments_do_the_opposite_is_no_link_to_the_disease(tmp_path):
    agonists = [("Pramipexole", "DRD2"), ("Ropinirole", "DRD2"), ("Cabergoline", "DRD2"), ("Sarizotan", "DRD2")]
    store = graph(tmp_path / "a", "Metoclopramide", [(TARGET, "DRD2"), (BINDS, "DRD3")], agonists)
    assert mechanism(store) == "Metoclopramide targets the dopamine receptor DRD2 (DrugBank)."
    assert DrugTargets(store).acting("Compound::1", ILL.id).opposed == {"Gene::DRD2", "Gene::DRD3"}
    store = graph(tmp_path / "b", "Rotigotine", [(TARGET, "DRD2")], agonists)
    assert "which treats Ailment" in mechanism(store)


def test_the_class_that_speaks_of_a_target_comes_before_a_stray_one(tmp_path):
    filed = (CLASSES, "Hydroxylase Activators", "P2Y12 Receptor Antagonists")
    store = graph(tmp_path, "Ticagrelor", [(TARGET, "P2RY12"), filed])
    assert "it is one of the P2Y12 receptor antagonists" in mechanism(store)


def test_what_only_switches_a_drugs_breakdown_on_is_no_target(tmp_path):
    store = graph(tmp_path, "Rifampicin", [(TARGET, "NR1I2"), (CLASSES, "Rifamycins")])
    assert mechanism(store) == "Rifampicin is one of the rifamycins (Hetionet)."


@pytest.mark.parametrize(
    ("relation", "verb", "symbol", "stance"),
    [
        ("DRUGBANK::enzyme::Compound:Gene", "is metabolised by", "MPO", None),
        (BINDS, "binds", "ABCB1", None),
        (BINDS, "binds", "DRD3", "supports"),
    ],
)
def test_what_breaks_down_or_carries_a_drug_is_no_target_shared_with_the_disease(relation, verb, symbol, stance):
    drug = Entity(id="Compound::1", kind="Compound", name="Metoclopramide")
    path = f"{drug.id}|{relation}|Gene::1 ; {ILL.id}|{GENE_OF}|Gene::1"
    text = f"{drug.name} {verb} {symbol} (DrugBank); {ILL.name} is associated with {symbol} (Hetionet)"
    item = Evidence(key="K1", source_id=path, text=text, about=(drug.id, ILL.id, "Gene::1"))
    found = found_for(
        Task(task="answer", disease=ILL, candidates=(drug,), evidence={"K1": item}), drug, "shared_targets"
    )
    assert (found.stance if found else None) == stance
