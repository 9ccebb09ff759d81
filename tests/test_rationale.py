"""What `offline` says of how a drug works, and which sentences it quotes."""

import pytest

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.decision import decision
from kedrec.agents.offline.domain_answers import found_for
from kedrec.agents.offline.mechanism import mechanism_of
from kedrec.agents.offline.rationale.lines import against, short
from kedrec.agents.offline.rationale.mechanism_quotes import course
from kedrec.agents.prompting.answer_parser import parse_decision
from kedrec.records import CandidateScore, Edge, Entity, Evidence, Factor
from kedrec.tools.findings.drug_actions import action_worth, course_worth, explains
from kedrec.tools.literature_tools import places
from kedrec.tools.text.graph_sentences import edge_sentence, path_id
from kedrec.tools.text.sentence_cues import praises, reads_well

GOUT = Entity(id="Disease::MESH:D006073", kind="Disease", name="Gout")
DRUG = Entity(id="Compound::DB1", kind="Compound", name="Anakinra")
NAMES = {
    DRUG.id: DRUG.name, GOUT.id: GOUT.name, "Compound::DB2": "Canakinumab", "Gene::1": "IL1R1", "Gene::2": "IL1B",
    "Gene::3": "ABCB1", "Gene::4": "IL1A", "Gene::5": "IL1RAP", "Gene::6": "IL18", "Gene::8": "FCGR1A",
    "Pharmacologic Class::2": "Interleukin-1 Receptor Antagonists",
}  # fmt: skip
TARGET, BINDS = "DRUGBANK::target::Compound:Gene", "Hetionet::CbG::Compound:Gene"
CARRIED, TREATS = "DRUGBANK::transporter::Compound:Gene", "DRUGBANK::treats::Compound:Disease"
FACTORS = (Factor(group="articles", share=0.5, text="", sources=("PMID:1",)),)
LINKED = "Hetionet::DaG::Disease:Gene"


def how(*paths, said=""):
    """What is said of how the drug works, on these paths of the graph and this article."""
    evidence = {"P1": Evidence(key="P1", source_id="PMID:1", text=said)} if said else {}
    for number, path in enumerate(paths, 1):
        edges = [Edge(head=head, relation=name, tail=tail, source=name.split(":")[0]) for head, name, tail in path]
        text = "; ".join(edge_sentence(edge, NAMES.__getitem__) for edge in edges)
        evidence[f"K{number}"] = Evidence(key=f"K{number}", source_id=path_id(edges), text=text)
    return mechanism_of(evidence.values(), DRUG, GOUT)


def targets(gene, relation=TARGET, drug=DRUG.id):
    return (drug, relation, gene)


def test_a_transporter_is_no_mechanism():
    assert how([targets("Gene::3", CARRIED)]) is None


def test_what_a_treatment_of_the_disease_targets_too_comes_first_and_says_so():
    shared = [targets("Gene::2"), targets("Gene::2", drug="Compound::DB2"), ("Compound::DB2", TREATS, GOUT.id)]
    text, keys = how([targets("Gene::1")], shared)
    assert text == (
        "Anakinra targets the interleukin IL1B and the interleukin receptor IL1R1 (DrugBank);"
        " Canakinumab, which treats Gout (DrugBank), targets IL1B too (DrugBank)."
    )
    assert keys == ("K2", "K1")


def test_a_target_linked_to_the_disease_comes_before_others():
    text, keys = how([targets("Gene::1")], [targets("Gene::4"), (GOUT.id, LINKED, "Gene::4")])
    assert text == (
        "Anakinra targets the interleukin IL1A and the interleukin receptor IL1R1 (DrugBank);"
        " Gout is associated with IL1A (Hetionet)."
    )
    assert keys == ("K2", "K1")


def test_what_a_drug_merely_binds_is_named_only_where_no_target_is_known():
    binding = [targets("Gene::6", BINDS), (GOUT.id, LINKED, "Gene::6")]
    assert how(binding, [targets("Gene::1")])[0] == "Anakinra targets the interleukin receptor IL1R1 (DrugBank)."
    assert how(binding)[0].startswith("Anakinra binds the interleukin IL18 (Hetionet)")


def test_what_carries_drugs_or_binds_the_stem_of_antibodies_is_no_target_whatever_the_graph_calls_it():
    in_class = [("Pharmacologic Class::2", "Hetionet::PCiC::Pharmacologic Class:Compound", DRUG.id)]
    assert how([targets("Gene::3")], [targets("Gene::8")]) is None
    assert (
        how([targets("Gene::3")], in_class)[0]
        == "Anakinra is one of the Interleukin-1 receptor antagonists (Hetionet)."
    )


def test_at_most_three_targets_are_named():
    text, keys = how(*([targets(f"Gene::{n}")] for n in (1, 2, 4, 5)))
    assert len(keys) == 3 and "IL1RAP" not in text


@pytest.mark.parametrize(
    ("sentence", "well"),
    [
        ("Colchicine reduced flares in 42 % of patients.", True),
        ("OR on a combination of no more than two agents", False),
        ("Males - at least 18 years - no history of gout", False),
        ('Results": ("Outcome Measurement: ", " Mean adherence', False),
        ("Inclusion criteria: gout", False),
        ("less pain than before", False),
    ],
)
def test_only_what_reads_as_a_sentence_is_quoted(sentence, well):
    assert reads_well(sentence) is well


def test_praise_beside_a_negative_result_speaks_not_against_a_drug():
    assert praises("It was superior in asthma, but there was no significant difference in bronchitis.")
    assert not praises("There was no significant difference from placebo.")


def test_a_line_of_the_rationale_may_say_what_it_is_about():
    text = (
        "CHOICE: A\nCONFIDENCE: 0.8\nRATIONALE:\n- (mechanism) It targets IL1B. [K1]\n- It helps. [P1]\n- (odd) x [P2]"
    )
    kinds = [(sentence.kind, sentence.text) for sentence in parse_decision(text, ["A"]).sentences]
    assert kinds == [("mechanism", "It targets IL1B."), (None, "It helps."), (None, "(odd) x")]


def test_a_gene_without_a_name_is_not_named():
    NAMES["Gene::77"] = "Gene::77"
    assert how([targets("Gene::77")]) is None
    assert how([targets("Gene::77")], [targets("Gene::1")])[0].endswith("receptor IL1R1 (DrugBank).")


@pytest.mark.parametrize(
    ("sentence", "tells"),
    [
        ("Anakinra inhibits the binding of interleukin-1.", True),
        ("Anakinra, a recombinant IL-1 receptor antagonist, was given.", True),
        ("Interleukin inhibitors such as anakinra are used.", True),
        ("The MAO-B inhibitors, selegiline and anakinra, are licensed.", True),
        ("Anakinra antagonists were studied.", False),
        ("Hypersensitivity to anakinra receptor blockers is a reason to leave.", False),
        ("Drugs used were anakinra (29%), serotonin reuptake inhibitors (16%) and imipramine.", False),
        ("Anakinra and lidocaine mixtures for epidural blockade.", False),
    ],
)
def test_how_a_drug_acts_is_read_beside_its_name(sentence, tells):
    assert bool(explains(sentence, places(sentence, DRUG))) is tells


def test_what_the_drug_caused_is_no_effect_of_it():
    said = "Infliximab may be effective in gout with hepatitis caused by anakinra."
    found = found_for(asked(said), DRUG, "clinical_evidence")
    assert found is None


def test_a_stopped_trial_speaks_against_nothing_and_says_that_the_reason_is_not_known():
    told = asked("Phase 2. Status: terminated. Anakinra for gout in adults.", key="T1")
    [line] = against(told, DRUG, found_for(told, DRUG, "against"))
    assert line.text == "A trial of Anakinra was terminated, and why is not said: “Anakinra for gout in adults.”"


def test_ranges_are_written_with_a_dash_and_cut_quotes_end_in_an_ellipsis():
    assert short("RR 2.04 (95% CI 1.79-2.32).") == "RR 2.04 (95% CI 1.79–2.32)."
    assert short("(Anakinra-induced gout.") == "Anakinra-induced gout." and short("(Rare) gout.") == "(Rare) gout."
    assert short("It was cut of").endswith("cut of …") and short(" ".join(["word"] * 80)).endswith("word …")


def asked(text, key="P1"):
    item = Evidence(key=key, source_id="PMID:1", text=text, about=(DRUG.id, GOUT.id))
    return Task(task="decide", disease=GOUT, candidates=(DRUG,), labels=("A",), evidence={key: item})


def against_gout(*said):
    """A question about the drug and a rival, with these sentences as articles and both thought as likely."""
    rival = Entity(id="Compound::DB2", kind="Compound", name="Canakinumab")
    made = {f"P{n}": Evidence(key=f"P{n}", source_id=f"PMID:{n}", text=text) for n, text in enumerate(said, 1)}
    even = [CandidateScore(id=one.id, score=0.0, probability=0.5, factors=FACTORS) for one in (DRUG, rival)]
    weighing = {"candidates": [one.model_dump() for one in even]}
    asked_for = {"disease": GOUT, "candidates": (DRUG, rival), "labels": ("A", "B")}
    return Task(task="decide", evidence=made, weighing=weighing, **asked_for)


def test_a_drug_that_causes_the_disease_loses_and_it_is_said_with_its_source():
    task = against_gout("Anakinra-induced gout is rare.", "Gout caused by anakinra was seen.")
    edge = f"Compound::DB2|{TREATS}|{GOUT.id}"
    used = Evidence(key="K1", source_id=edge, text="Canakinumab treats Gout", about=("Compound::DB2", GOUT.id))
    written = decision(task.model_copy(update={"evidence": {**task.evidence, "K1": used}}))
    assert written.startswith("CHOICE: B")
    assert "(safety) Anakinra causes or worsens the disease: “" in written
    assert 0.95 < float(written.splitlines()[1].removeprefix("CONFIDENCE: ")) < 1


def test_what_links_a_drug_to_a_disease_that_it_causes_does_not_speak_for_it():
    task = against_gout("Anakinra-induced gout is rare.", "Gout caused by anakinra was seen.", "Canakinumab.")
    edges = [targets("Gene::1"), (GOUT.id, LINKED, "Gene::1")]
    path = [Edge(head=head, relation=name, tail=tail, source=name.split(":")[0]) for head, name, tail in edges]
    text = "; ".join(edge_sentence(edge, NAMES.__getitem__) for edge in path)
    linked = Evidence(key="K1", source_id=path_id(path), text=text)
    harmless = asked("Canakinumab.").model_copy(update={"evidence": {"K1": linked}})
    harmful = task.model_copy(update={"evidence": {**task.evidence, "K1": linked}})
    assert {found_for(harmless, DRUG, key).stance for key in ("mechanism", "shared_targets")} == {"supports"}
    assert {found_for(harmful, DRUG, key).stance for key in ("mechanism", "shared_targets")} == {"unclear"}
    safety = found_for(harmful, DRUG, "safety")
    assert safety.stance == "against" and safety.quotes[0].keys == ("P1",)


def alike(drug, *others):
    """What is said of how a drug works that shares its target with these treatments of the disease."""
    evidence = []
    for number, name in enumerate(others, 7):
        other = f"Compound::DB{number}"
        path = [targets("Gene::1"), targets("Gene::1", drug=other), (other, TREATS, GOUT.id)]
        edges = [Edge(head=head, relation=kind, tail=tail, source=kind.split(":")[0]) for head, kind, tail in path]
        told = "; ".join(edge_sentence(edge, {**NAMES, DRUG.id: drug, other: name}.__getitem__) for edge in edges)
        evidence.append(Evidence(key=f"K{number}", source_id=path_id(edges), text=told))
    return mechanism_of(evidence, DRUG.model_copy(update={"name": drug}), GOUT)


def test_a_treatment_of_the_opposite_action_is_not_told_as_alike():
    assert alike("Dobutamine", "Timolol") is None
    assert "so does Timolol" in alike("Atenolol", "Timolol")[0]
    assert "so does Isoprenaline" in alike("Dobutamine", "Timolol", "Isoprenaline")[0]


def test_a_treatment_known_by_a_code_alone_is_told_only_where_no_other_is():
    assert "so does Canakinumab" in alike("Anakinra", "AB-108", "Canakinumab")[0]
    assert "so does AB-108" in alike("Anakinra", "AB-108")[0]


def test_of_two_drugs_that_trials_only_tried_the_leaning_is_no_choice():
    task = against_gout("Anakinra.", "Canakinumab.")
    likelier = [task.weighing.candidates[0].model_copy(update={"probability": 0.9, "score": 2.0})]
    likelier += [task.weighing.candidates[1].model_copy(update={"probability": 0.1})]
    tried = {
        f"T{n}": Evidence(key=f"T{n}", source_id=f"NCT{n}", text=f"Status: withdrawn. {name} in Gout", about=())
        for n, name in enumerate(("Anakinra", "Canakinumab"), 1)
    }
    weighed = task.model_copy(update={"weighing": task.weighing.model_copy(update={"candidates": tuple(likelier)})})
    both = weighed.model_copy(update={"evidence": {**task.evidence, **tried}})
    one = weighed.model_copy(update={"evidence": {**task.evidence, "T1": tried["T1"]}})
    assert "CONFIDENCE: 0.6000" in decision(both) and "CONFIDENCE: 0.9000" in decision(one)


def test_of_drugs_that_all_cause_the_disease_none_is_chosen():
    said = (
        "Anakinra-induced gout.",
        "Gout caused by anakinra.",
        "Canakinumab-induced gout.",
        "Gout caused by canakinumab.",
    )
    written = decision(against_gout(*said))
    assert (
        written.startswith("CHOICE: NONE | Anakinra causes or worsens the disease") and "Canakinumab causes" in written
    )


def test_the_sentence_goes_on_to_what_a_target_takes_part_in_and_to_the_class_and_no_further():
    NAMES["Biological Process::1"], NAMES["Pharmacologic Class::1"] = "fever generation", "Interleukin 1 Antagonists"
    takes_part = ("Gene::1", "Hetionet::GpBP::Gene:Biological Process", "Biological Process::1")
    belongs = ("Pharmacologic Class::1", "Hetionet::PCiC::Pharmacologic Class:Compound", DRUG.id)
    paths = [[targets("Gene::1")], [targets("Gene::1"), takes_part], [belongs]]
    text, keys = how(*paths, said="Anakinra ends fever.")
    assert text == (
        "Anakinra targets the interleukin receptor IL1R1 (DrugBank); IL1R1 participates in fever generation (Hetionet);"
        " it is one of the interleukin 1 antagonists (Hetionet)."
    )
    assert keys == ("K1", "K2", "K3")
    assert how(*paths)[1] == ("K1", "K3")  # no text has a word of the process
    NAMES["Pharmacologic Class::1"] = "Decreased DNA Replication"
    assert how(*paths)[0].endswith("; decreased DNA replication is listed as an effect of it (Hetionet).")
    NAMES["Pharmacologic Class::1"] = "Cytochrome P450 3A4 Inhibitors"
    assert how(*paths)[1] == ("K1",)  # what it does to other drugs is not how it acts


def test_targets_of_one_family_are_told_together():
    NAMES["Gene::8"], NAMES["Gene::9"], NAMES["Gene::10"] = "DRD2", "CALY", "DRD3"
    text, _ = how([targets("Gene::8")], [targets("Gene::9")], [targets("Gene::10")])
    assert text == "Anakinra targets the dopamine receptors DRD2 and DRD3, and CALY (DrugBank)."


def test_what_many_drugs_act_on_beside_their_use_is_told_only_where_nothing_else_is_known():
    NAMES["Gene::11"] = "KCNH2"
    assert "KCNH2" not in how([targets("Gene::11")], [targets("Gene::1")])[0]
    assert "KCNH2" in how([targets("Gene::11")])[0]


@pytest.mark.parametrize(
    ("sentence", "tells"),
    [
        ("Anakinra reduces the release of histamine.", True),
        ("Anakinra is a sigma receptor antagonist.", False),  # no process, and not what it is known to act on
        ("Anakinra deficiency increases inflammation.", False),
        ("Anakinra inhibited the glucuronidation and transport of zidovudine.", False),
        ("The adverse effects of anakinra include pain and increased liver enzyme levels.", False),
        ("Anakinra is associated with an increase in thrombolysis and bleeding.", False),
        ("The effect of anakinra on the induced release of interleukin was investigated.", False),
        ("Neither anakinra nor placebo inhibited bronchoconstriction.", False),
        ("This release of histamine was unaffected by anakinra, and blocked by interleukin.", False),
        ("Diphenyleneiodonium was a powerful inhibitor of anakinra oxidation.", False),
        ("In contrast, drugs such as anakinra could decrease histamine release.", False),
        ("These effects were similar for anakinra, which inhibits histamine release.", False),
        ("Evidence for this was given by anakinra, which inhibits histamine release.", False),
        ("This review summarizes how anakinra inhibits histamine release.", False),
        ("These cells release histamine, which anakinra blocks, as anakinra inhibits histamine release.", True),
    ],
)
def test_a_sentence_on_how_a_drug_acts_names_a_process_or_a_known_target(sentence, tells):
    assert bool(action_worth(sentence, places(sentence, DRUG))) is tells
    assert action_worth("Anakinra is a sigma receptor antagonist.", [(0, 8)], ["sigma"]) > 0


@pytest.mark.parametrize(
    ("sentence", "tells"),
    [
        ("Gout is a disease caused by inflammation of joints.", True),
        ("Neutrophil migration is central to the pathogenesis of Gout.", True),
        ("The pathogenesis of Gout, with its inflammation, is unknown.", False),
        ("Gout is a disease treated with drugs against inflammation.", False),
        ("Patients with Gout had lower levels of iron.", False),
    ],
)
def test_how_a_disease_comes_is_read_where_it_is_stated(sentence, tells):
    assert bool(course_worth(sentence, places(sentence, GOUT))) is tells


def test_of_the_process_behind_the_disease_only_what_the_drug_may_act_on_is_told():
    said = "Gout is a disease caused by inflammation of joints."
    target = Evidence(
        key="K1", source_id=path_id([Edge(head=DRUG.id, relation=TARGET, tail="Gene::1", source="DRUGBANK")]),
        text="Anakinra targets IL1R1 (DrugBank)", about=(DRUG.id,),
    )  # fmt: skip
    article = Evidence(key="P1", source_id="PMID:1", text=said, about=(GOUT.id,))
    task = asked("").model_copy(update={"evidence": {"K1": target, "P1": article}})
    assert course(task, DRUG) == ((("P1",), said),)
    other = article.model_copy(update={"text": "Gout is a disorder caused by overproduction of urate."})
    assert course(task.model_copy(update={"evidence": {"K1": target, "P1": other}}), DRUG) == ()
