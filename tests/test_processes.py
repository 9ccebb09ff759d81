"""Which processes articles name that a drug acts on, and how they stand in its mechanism."""

import pytest

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.mechanism import words_of_action
from kedrec.agents.offline.rationale.processes import named_processes, with_processes
from kedrec.agents.workflow.evidence_keys import Ledger
from kedrec.graphdb.vocabularies.drug_names import work_of
from kedrec.graphdb.vocabularies.gene_families import telling_words
from kedrec.records import Edge, Entity, Evidence, Finding
from kedrec.tools.findings.process_terms import known_processes, process_key, process_terms
from kedrec.tools.text.graph_sentences import path_id

COLITIS = Entity(id="Disease::1", kind="Disease", name="Ulcerative colitis")
DRUG = Entity(id="Compound::1", kind="Compound", name="Infliximab")
TARGETS = Edge(head=DRUG.id, relation="DRUGBANK::target::Compound:Gene", tail="Gene::7124", source="DRUGBANK")
GRAPH = Evidence(
    key="K1", source_id=path_id([TARGETS]), text="Infliximab targets TNF (DrugBank)", about=(DRUG.id, "Gene::7124")
)
WORDS = words_of_action([GRAPH], DRUG)


def named(*articles, said=(), words=WORDS):
    """The clause on the processes that these articles name, with its keys."""
    found = {f"P{n}": Evidence(key=f"P{n}", source_id=f"PMID:{n}", text=text) for n, text in enumerate(articles, 1)}
    task = Task(task="decide", disease=COLITIS, candidates=(DRUG,), evidence={"K1": GRAPH, **found})
    return named_processes(task, DRUG, words, said)


@pytest.mark.parametrize(
    ("sentence", "terms"),
    [
        ("It reduces gastric acid secretion in a dose-dependent manner.", ["gastric acid secretion"]),
        ("It inhibits the synthesis of prostaglandins.", ["synthesis of prostaglandins"]),
        ("Infiltration keeps Inflammation going.", ["inflammation"]),
        ("Inhibition of ADP-induced platelet aggregation was reversible.", ["platelet aggregation"]),
        ("DNA replication and uptake stop.", ["DNA replication"]),
        ("Sustained release, drug absorption and resistant strains.", []),
        ("The production of available evidence.", []),
        ("Proliferation of estrogen receptor-positive cells.", []),
        ("Replication of Kaposi's sarcoma-associated herpesvirus.", []),
        ("Replication of hepatitis virus in the liver.", ["replication of hepatitis virus"]),
    ],
)
def test_a_process_is_called_as_the_sentence_calls_it_without_what_is_done_to_it(sentence, terms):
    assert list(process_terms(sentence)) == terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("synthesis of prostaglandins", "prostaglandin biosynthesis"),
        ("inflammatory response", "inflammation"),
        ("serotonin reuptake", "serotonin uptake"),
        ("release of vasopressin", "vasopressin secretion"),
        ("bronchodilatation", "bronchodilation"),
    ],
)
def test_two_ways_of_writing_one_process_are_the_same(one, other):
    assert process_key(one) == process_key(other)
    assert process_key(one) != process_key("gastric acid secretion")


def test_a_process_that_the_target_has_to_do_with_is_told_on_the_articles_that_name_it():
    first = "Ulcerative colitis comes with inflammation of the mucosa and with water absorption."
    second = "Inflammation was seen. In ulcerative colitis it is common."
    assert named(first, second) == ("articles on Ulcerative colitis speak of inflammation", ("P1", "P2"))
    assert named(first) == ("an article on Ulcerative colitis speaks of inflammation", ("P1",))


def test_a_process_of_no_target_is_not_told():
    assert named("Ulcerative colitis comes with water absorption.") is None
    assert named("Ulcerative colitis comes with inflammation.", words=frozenset()) is None


def test_what_is_said_of_neither_drug_nor_disease_is_not_told():
    assert named("Asthma comes with inflammation.") is None
    told = ("an article on Infliximab speaks of inflammation", ("P1",))
    assert named("Infliximab lowers inflammation in asthma.") == told


def test_an_article_that_does_not_name_the_disease_is_never_cited_for_it():
    _, keys = named("Infliximab lowers inflammation in asthma.", "Ulcerative colitis and the immune response.")
    assert keys == ("P2",)


def test_what_is_told_of_the_drug_already_or_stands_in_a_retracted_article_is_not_told():
    article = "Ulcerative colitis comes with inflammation."
    assert named(article, said=["Infliximab lowers the inflammatory response."]) is None
    assert named(f"RETRACTED: A title. {article}") is None


def test_of_a_process_and_the_same_with_something_said_of_it_the_plain_one_is_told():
    words = {"proliferation"}
    told = named(
        "Ulcerative colitis: tumor cell proliferation.", "Cell proliferation in ulcerative colitis.", words=words
    )
    assert told == ("an article on Ulcerative colitis speaks of cell proliferation", ("P2",))


def test_the_clause_follows_the_targets_and_cites_both():
    mechanism = ("Infliximab targets the tumor necrosis factor TNF (DrugBank).", ("K1",))
    assert with_processes(mechanism, None) == mechanism
    assert with_processes(mechanism, named("Ulcerative colitis comes with inflammation.")) == (
        "Infliximab targets the tumor necrosis factor TNF (DrugBank);"
        " an article on Ulcerative colitis speaks of inflammation.",
        ("K1", "P1"),
    )


def test_only_what_acts_on_a_transporter_acts_on_uptake():
    sentence = "Depression is treated by drugs against serotonin reuptake."
    assert known_processes(sentence, telling_words(["serotonin transporter"])) == ["serotonin reuptake"]
    assert known_processes(sentence, telling_words(["serotonin receptor"])) == []
    assert known_processes("It changes glucose uptake.", telling_words(["serotonin transporter"])) == []


def test_the_stem_of_a_name_tells_what_a_drug_without_a_known_target_acts_on():
    assert known_processes("HIV infection needs viral replication.", work_of("Dolutegravir")) == ["viral replication"]
    assert not work_of("Infliximab")


def test_of_a_passage_the_sentence_with_a_process_that_the_drug_acts_on_is_shown():
    passage = (
        "Ulcerative colitis was seen in 12 % of them. Ulcerative colitis rose by 5 %. Ulcerative colitis fell by 4 %."
        " Ulcerative colitis comes with inflammation."
    )
    article = Finding(kind="article", source_id="PMID:1", text=passage, about=(COLITIS.id,))
    graph = Finding(kind="graph", source_id=GRAPH.source_id, text=GRAPH.text, about=GRAPH.about)
    without, ledger = Ledger(COLITIS, [DRUG]), Ledger(COLITIS, [DRUG])
    without.add([article])
    ledger.add([graph, article])
    assert "inflammation" in ledger.text("P1") and "inflammation" not in without.text("P1")


@pytest.mark.parametrize(
    ("drug", "word", "acts"),
    [("Simvastatin", "cholesterol", True), ("Pentostatin", "cholesterol", False), ("Nystatin", "cholesterol", False),
     ("Omeprazole", "acid", True), ("Aripiprazole", "acid", False)],
)  # fmt: skip
def test_a_stem_is_not_the_end_of_another(drug, word, acts):
    assert (word in work_of(drug)) is acts
