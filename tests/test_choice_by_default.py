"""A drug is no confident choice because its rivals do harm, and silence about a drug is no finding against it."""

import pytest

from kedrec.agents.models.graph_request import Task, WeighedEvidence
from kedrec.agents.offline.decision import NEVER_MET, UNPROVEN, UNREAD, UNREASONABLE, decision
from kedrec.agents.offline.domain_answers import found_for
from kedrec.records import CandidateScore, Entity, Evidence, Factor

ILL = Entity(id="Disease::1", kind="Disease", name="hypothyroidism")
HARMS, OTHER = (
    Entity(id=f"Compound::{n}", kind="Compound", name=name) for n, name in ((1, "Amiodarone"), (2, "Propafenone"))
)
ROLE = {"role": "causes_or_worsens", "support": 9.0, "against": 0.0, "sources": (
    {"role": "causes_or_worsens", "source_id": "PMID:1", "sentence": "Amiodarone causes hypothyroidism.",
     "weight": 2.0},
)}  # fmt: skip
UNKNOWN = {"role": "unknown", "support": 0.0, "against": 0.0, "sources": ()}


def item(key, source, text, *about):
    return Evidence(key=key, source_id=source, text=text, about=about)


def asked(drugs, probabilities, roles, *evidence, setting="both"):
    factor = Factor(group="articles", share=0.1, text="", sources=("PMID:1",))
    scores = tuple(
        CandidateScore(id=drug.id, score=0.0, probability=sure, factors=(factor,))
        for drug, sure in zip(drugs, probabilities, strict=True)
    )
    weighing = WeighedEvidence(candidates=scores, roles=roles)
    return decision(
        Task(task="decide", disease=ILL, candidates=drugs, labels=("A", "B")[: len(drugs)], weighing=weighing,
             evidence={one.key: one for one in evidence}, setting=setting)
    )  # fmt: skip


def confidence(text):
    return float(text.partition("CONFIDENCE: ")[2].split()[0])


CAUSES = item("P1", "PMID:1", "Amiodarone causes hypothyroidism.", HARMS.id, ILL.id)


def test_what_is_left_where_the_others_do_harm_is_no_confident_choice():
    named = item("P2", "PMID:2", "Propafenone was given in hypothyroidism.", OTHER.id, ILL.id)
    assert confidence(asked((HARMS, OTHER), (0.1, 0.9), (ROLE, UNKNOWN), CAUSES, named)) == UNPROVEN


def test_what_is_left_and_named_nowhere_with_the_disease_is_no_choice_where_texts_were_searched():
    left = (HARMS, OTHER), (0.1, 0.9), (ROLE, UNKNOWN), CAUSES
    told = asked(*left)
    assert told.startswith("CHOICE: NONE |") and told.endswith(f"Propafenone: {UNREAD}")
    assert "Amiodarone causes hypothyroidism" in told
    assert confidence(asked(*left, setting="none")) == UNPROVEN


def test_a_listed_treatment_beside_a_harmful_drug_stays_one():
    treats = "Compound::2|DRUGBANK::treats::Compound:Disease|Disease::1"
    listed = item("K1", treats, "Propafenone treats hypothyroidism (DrugBank)", OTHER.id, ILL.id)
    assert confidence(asked((HARMS, OTHER), (0.1, 0.9), (ROLE, UNKNOWN), CAUSES, listed)) == 0.9


@pytest.mark.parametrize(
    ("text", "said"),
    [("Propafenone was given to adults.", NEVER_MET), ("Propafenone was given in hypothyroidism.", UNREASONABLE)],
)
def test_silence_about_one_drug_is_no_finding_against_it(text, said):
    told = asked((OTHER,), (0.2,), (UNKNOWN,), item("P1", "PMID:1", text, OTHER.id, ILL.id))
    assert told.endswith(said)


def listed(key, drug):
    treats = f"{drug.id}|DRUGBANK::treats::Compound:Disease|{ILL.id}"
    return item(key, treats, f"{drug.name} treats hypothyroidism (DrugBank)", drug.id, ILL.id)


def test_of_two_listed_treatments_neither_is_a_confident_choice_unless_a_comparison_says_so():
    both = (HARMS, OTHER), (0.1, 0.9), (UNKNOWN, UNKNOWN), listed("K1", HARMS), listed("K2", OTHER)
    assert confidence(asked(*both)) == UNPROVEN
    assert confidence(asked(*both[:3], listed("K2", OTHER))) == 0.9
    won = "In hypothyroidism, Propafenone was superior to Amiodarone in a randomized trial of 200 patients."
    assert confidence(asked(*both, item("P3", "PMID:3", won, HARMS.id, OTHER.id, ILL.id))) > 0.9


def test_a_drug_that_texts_say_is_used_is_a_choice_beside_one_that_does_harm():
    used = UNKNOWN | {"role": "treats", "support": 3.0}
    named = item("P2", "PMID:2", "Propafenone was given in hypothyroidism.", OTHER.id, ILL.id)
    assert confidence(asked((HARMS, OTHER), (0.1, 0.9), (ROLE, used), CAUSES, named)) == 0.9


def test_the_title_that_a_role_rests_on_is_quoted_once():
    title = "Amiodarone-induced hypothyroidism in 12 patients."
    role = ROLE | {"sources": (ROLE["sources"][0] | {"sentence": title},)}
    evidence = {"P1": item("P1", "PMID:1", title, HARMS.id, ILL.id)}
    weighing = WeighedEvidence(candidates=(CandidateScore(id=HARMS.id, score=0.0, probability=0.5, factors=()),),
                               roles=(role,))  # fmt: skip
    task = Task(task="answer", disease=ILL, candidates=(HARMS,), evidence=evidence, weighing=weighing)
    told = found_for(task, HARMS, "safety")
    assert [quote.text for quote in told.quotes].count(title) == 1
