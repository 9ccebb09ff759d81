"""What families of genes and classes of drugs are called, and which way they act."""

import re

import pytest

from kedrec.graphdb.vocabularies.drug_classes import are_opposed, class_in_words, sort_of_class
from kedrec.graphdb.vocabularies.drug_names import act_opposed, is_code
from kedrec.graphdb.vocabularies.gene_families import FAMILIES, family_of, telling_words


@pytest.mark.parametrize(
    ("symbol", "family"),
    [
        ("SLC6A4", "serotonin transporter"),
        ("AR", "androgen receptor"),
        ("F2", "thrombin"),
        ("F2R", ""),  # only whole symbols count
        ("JAK1", "Janus kinase"),
        ("CACNA1S", "voltage-gated calcium channel"),
        ("CALY", ""),
    ],
)
def test_a_family_is_told_by_the_whole_symbol(symbol, family):
    assert family_of(symbol) == family


def test_names_of_families_hold_nothing_that_the_check_of_citations_takes_for_a_symbol():
    assert not [name for name in FAMILIES.values() if re.search(r"\d", name) or name != name.strip()]


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        ("Cyclooxygenase Inhibitors", "action"),
        ("Decreased Prostaglandin Production", "effect"),
        ("Macrolides", "kind"),
        ("Cytochrome P450 3A4 Inhibitors", "other"),
        ("UGT1A1 Inhibitors", "other"),
        ("Cardiac Rhythm Alteration", "other"),
    ],
)
def test_classes_are_told_apart_by_their_names(name, sort):
    assert sort_of_class(name) == sort


def test_drugs_are_opposed_only_where_all_that_is_known_of_both_says_so():
    assert are_opposed(["Full Opioid Agonists"], ["Opioid Antagonists"])
    assert not are_opposed(["Opioid Agonists"], ["Partial Opioid Agonists"])
    assert not are_opposed(["Opioid Agonists", "NMDA Receptor Antagonists"], ["Opioid Antagonists"])
    assert not are_opposed([], ["Opioid Antagonists"]) and not are_opposed(["Opioid Agonists"], ["Macrolides"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dobutamine", "Timolol"),
        ("Tamoxifen", "Estradiol valerate"),
        ("Morphine", "Naloxone"),
        ("Pyridostigmine", "Pralidoxime"),
        ("Testosterone", "Bicalutamide"),
        ("Lisuride", "Metoclopramide"),
        ("Ergocaine", "Timolol"),
    ],
)
def test_drugs_are_opposed_by_their_names_where_one_excites_what_the_other_blocks(one, other):
    assert act_opposed(one, other) == act_opposed(other, one) == (one != "Ergocaine")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Atenolol", "Timolol"),
        ("Prucalopride", "Cisapride"),
        ("Orphenadrine", "Atropine"),
        ("Carbidopa", "Haloperidol"),
        ("Stanozolol", "Testosterone"),
        ("Cytidine", "Insulin Glargine"),
    ],
)
def test_names_of_one_action_or_that_only_end_alike_are_not_opposed(one, other):
    assert not act_opposed(one, other)


def test_a_name_of_letters_and_figures_is_a_code_and_a_word_is_none():
    assert all(map(is_code, ("TAS-108", "YSIL6", "CNTO 1275", "MGI-114")))
    assert not any(map(is_code, ("Interferon beta-1a", "L-DOPA", "Adalimumab", "Vitamin B12")))


def test_a_class_within_a_sentence_keeps_its_abbreviations():
    assert class_in_words("Decreased DNA Replication") == "decreased DNA replication"
    assert class_in_words("GABA A Agonists") == "GABA A agonists"


def test_words_by_which_a_text_is_known_leave_out_what_all_families_share():
    assert telling_words(["dopamine receptor"]) == {"dopamine"}
    assert "inflamm" in telling_words(["glucocorticoid receptor"]) and not telling_words(["transporter"])
