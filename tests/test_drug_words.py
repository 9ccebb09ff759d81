"""What families of genes and classes of drugs are called, and which way they act."""

import re

import pytest

from kedrec.graphdb.vocabularies.drug_classes import are_opposed, class_in_words, sort_of_class
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


def test_a_class_within_a_sentence_keeps_its_abbreviations():
    assert class_in_words("Decreased DNA Replication") == "decreased DNA replication"
    assert class_in_words("GABA A Agonists") == "GABA A agonists"


def test_words_by_which_a_text_is_known_leave_out_what_all_families_share():
    assert telling_words(["dopamine receptor"]) == {"dopamine"}
    assert "inflamm" in telling_words(["glucocorticoid receptor"]) and not telling_words(["transporter"])
