"""The model without a language model."""

from __future__ import annotations

import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from kedrec.agents.offline.chat_model import OfflineChatModel
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.agents.prompting.answer_parser import parse_answers, parse_decision
from kedrec.agents.prompting.domain_questions import QUESTION_KEYS
from kedrec.errors import ModelRefused
from kedrec.records import CandidateScore, Entity, Evidence, Factor, Question
from kedrec.tools.text.sentence_cues import cue_of, quotable, reports_harm, sentences_of

ALOPECIA = Entity(id="Disease::D1", kind="Disease", name="alopecia areata")
BARI = Entity(id="Compound::C1", kind="Compound", name="Baricitinib", synonyms=("Olumiant",))
SULFA = Entity(id="Compound::C2", kind="Compound", name="Sulfasalazine")
TARGET = "Compound::C1|DRUGBANK::target::Compound:Gene|Gene::3716 ; Disease::D1|Hetionet::DaG::Disease:Gene|Gene::3716"
TREATS = "Compound::C1|DRUGBANK::treats::Compound:Disease|Disease::D1"
EFFECT = "Compound::C2|Hetionet::CcSE::Compound:Side Effect|Side Effect::C0027497"
EVIDENCE = {
    "K1": Evidence(
        key="K1",
        source_id=TARGET,
        text="Baricitinib targets JAK1 (DrugBank); alopecia areata is associated with JAK1 (Hetionet)",
    ),
    "K2": Evidence(key="K2", source_id=TREATS, text="Baricitinib treats alopecia areata (DrugBank)"),
    "K3": Evidence(key="K3", source_id=EFFECT, text="Sulfasalazine has as a side effect nausea (Hetionet)"),
    "P1": Evidence(
        key="P1",
        source_id="PMID:1",
        text="BRAVE. 2022. In alopecia areata, Baricitinib was superior to placebo. Baricitinib had adverse events.",
    ),
    "P2": Evidence(
        key="P2",
        source_id="PMID:2",
        text="Sulfasalazine in alopecia areata showed no significant difference [K9] from placebo | at 12 weeks.",
    ),
    "T1": Evidence(key="T1", source_id="NCT01", text="Sulfasalazine for alopecia areata. Phase 2. Status: terminated."),
}


@tool
def weigh_evidence(disease: str, candidates: list[str]) -> str:
    """Weigh."""
    return ""


def request(task: str, **more: object) -> HumanMessage:
    payload = {
        "task": task, "disease": ALOPECIA.model_dump(), "candidates": [BARI.model_dump(), SULFA.model_dump()],
        "labels": ["A", "B"], "answers": [], "weighing": None, "setting": "both",
        "evidence": {key: item.model_dump() for key, item in EVIDENCE.items()},
    }  # fmt: skip
    return HumanMessage("prose", additional_kwargs={"kedrec": payload | more})


def weighing(*scores: CandidateScore) -> dict[str, object]:
    return {"candidates": [score.model_dump() for score in scores], "notes": []}


WEIGHED = weighing(
    CandidateScore(
        id=BARI.id, score=1.0, probability=0.2,
        factors=(Factor(group="graph", share=0.4, text="it shares JAK1", sources=(TARGET,)),),
    ),
    CandidateScore(
        id=SULFA.id, score=2.0, probability=0.8,
        factors=(
            Factor(group="trials", share=-0.3, text="a trial was terminated", sources=("NCT01",)),
            Factor(group="articles", share=1.5, text="one article names both", sources=("PMID:2",)),
            Factor(group="hidden", share=3.0, text="from a source nobody can look up", sources=("PMID:404",)),
        ),
    ),
)  # fmt: skip


CROHN = Entity(id="Disease::D2", kind="Disease", name="Crohn disease", synonyms=("Crohn's disease",))
INFLIXIMAB = Entity(id="Compound::C3", kind="Compound", name="Infliximab")
ETANERCEPT = Entity(id="Compound::C4", kind="Compound", name="Etanercept")
NOTES = (
    "Skin vasculitis on etanercept, worse on infliximab, in Crohn's disease. 2005. (A note on the record.) Case study: "
    "a person with Crohn's disease got vasculitis on etanercept, and the rash grew worse after changing to infliximab.",
    "Anorectal cancer in Crohn's disease treated with infliximab. 2010. (A note on the record.) Report of cancer.",
    "Does infliximab help?. 2005. (A note on the record.) Among conditions such as Crohn's disease only infliximab had "
    "shown clear benefit. Etanercept was named too.",
    "Etanercept in arthritis. 2018. (A note on the record.) Review finding etanercept effective for arthritis. Crohn's "
    "disease is not the subject here.",
)


def ask_crohn(drug: Entity) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    found = [Evidence(key=f"P{i}", source_id=f"PMID:{i}", text=text) for i, text in enumerate(NOTES, 1)]
    return ask(drug, CROHN, {item.key: item.model_dump() for item in found})


def ask(
    drug: Entity, disease: Entity = ALOPECIA, evidence: object = None
) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    questions = [Question(key=key, text=key, disease=disease.id, drug=drug.id) for key in QUESTION_KEYS]
    more = {"disease": disease.model_dump()} | ({} if evidence is None else {"evidence": evidence})
    asked = [question.model_dump() for question in questions]
    message = request("answer", drug=drug.model_dump(), questions=asked, **more)
    answers, notes = parse_answers(OfflineChatModel().invoke([message]).content, questions)
    assert not notes
    return {answer.question.key: (answer.stance, answer.text, answer.citations) for answer in answers}


def decide(**more: object):
    return parse_decision(OfflineChatModel().invoke([request("decide", **more)]).content, ["A", "B"])


def test_investigate_weighs_once_and_stops():
    model = OfflineChatModel().bind_tools([weigh_evidence])
    first = model.invoke([request("investigate")])
    assert [(call["name"], call["args"]) for call in first.tool_calls] == [
        ("weigh_evidence", {"disease": ALOPECIA.id, "candidates": [BARI.id, SULFA.id]})
    ]
    then = model.invoke([request("investigate"), first, ToolMessage("weighed", tool_call_id=first.tool_calls[0]["id"])])
    assert not then.tool_calls


def test_investigate_calls_nothing_that_is_not_offered():
    assert not OfflineChatModel().invoke([request("investigate")]).tool_calls


def test_each_domain_question_is_answered_from_the_evidence_that_bears_on_it():
    bari = ask(BARI)
    assert bari["mechanism"][::2] == ("supports", ("K1",)) and "JAK1" in bari["shared_targets"][1]
    assert bari["clinical_evidence"][0] == "supports" and "superior to placebo" in bari["clinical_evidence"][1]
    assert "adverse events" in bari["safety"][1] and bari["current_use"][::2] == ("supports", ("K2",))
    assert bari["against"] == ("unclear", NO_EVIDENCE, ())


def test_only_sentences_that_name_drug_and_disease_set_the_stance():
    assert ask_crohn(ETANERCEPT)["clinical_evidence"] == ("unclear", NO_EVIDENCE, ())
    stance, text, cited = ask_crohn(INFLIXIMAB)["clinical_evidence"]
    assert (stance, cited) == ("supports", ("P3",)) and "clear benefit" in text


def test_harm_is_told_under_safety_and_never_as_support():
    stance, text, cited = ask_crohn(INFLIXIMAB)["safety"]
    assert (stance, cited) == ("against", ("P1", "P2")) and "vasculitis" in text and "cancer" in text
    both = "In Crohn's disease infliximab was effective but brought lymphoma."
    told = ask(INFLIXIMAB, CROHN, {"P1": Evidence(key="P1", source_id="PMID:1", text=both).model_dump()})
    assert told["clinical_evidence"] == ("unclear", NO_EVIDENCE, ()) and told["safety"][2] == ("P1",)


def test_the_mark_of_a_note_is_not_quoted_and_no_stop_is_doubled():
    told = [text for drug in (INFLIXIMAB, ETANERCEPT) for _, text, _ in ask_crohn(drug).values()]
    assert not [text for text in told if "note on the record" in text or "?." in text or ".." in text]
    assert sentences_of("Why?. 2005. (A note on the record.) It works.") == ["Why?", "2005.", "It works."]


@pytest.mark.parametrize(
    ("sentence", "disease", "harm"),
    [
        ("The rash grew worse after infliximab.", "Crohn disease", True),
        ("Lymphoma on azathioprine.", "Crohn disease", True),
        ("Lymphoma treated with rituximab.", "Non-Hodgkin lymphoma", False),
        ("Breast cancer treated with tamoxifen.", "Breast carcinoma", False),
        ("Vasculitis under rituximab.", "Giant cell arteritis", False),
        ("Infections under rituximab.", "Giant cell arteritis", True),
        ("Urinary tract infection treated with trimethoprim.", "Cystitis", False),
        ("The drug reduced the risk of serious infections.", "Cystic fibrosis", False),
        ("An allergic reaction to aspirin.", "Headache", True),
        ("Toxicity and adverse outcomes were seen.", "Headache", True),
    ],
)
def test_an_illness_is_harm_unless_it_is_the_disease_or_was_averted(sentence, disease, harm):
    assert reports_harm(sentence, disease) is harm


def test_negative_results_and_stopped_trials_speak_against():
    sulfa = ask(SULFA)
    assert sulfa["clinical_evidence"][0] == "against"
    assert sulfa["against"][0] == "against" and sulfa["against"][2] == ("P2", "T1")
    assert sulfa["safety"][2] == ("K3",) and sulfa["mechanism"] == sulfa["current_use"] == ("unclear", NO_EVIDENCE, ())


def test_a_quoted_passage_cannot_add_citations_or_columns_and_keeps_its_bars():
    stance, text, _ = ask(SULFA)["against"]
    assert stance == "against" and "K9" in text and "(K9)" in text and "|" in text


def test_the_choice_is_the_candidate_with_the_highest_weighed_probability():
    decision = decide(weighing=WEIGHED)
    assert (decision.label, decision.confidence, decision.problems) == ("B", 0.8, ())


def test_a_single_drug_is_chosen_only_where_it_is_likelier_than_an_average_one():
    factor = Factor(group="graph", share=0.3, text="Baricitinib targets JAK1", sources=(TARGET,))
    for probability, label in ((0.9, "A"), (0.2, "NONE")):
        score = CandidateScore(id=BARI.id, score=0, probability=probability, factors=(factor,))
        alone = {"candidates": [BARI.model_dump()], "labels": ["A"], "weighing": weighing(score)}
        assert decide(**alone).label == label


def test_the_rationale_reads_as_a_colleagues_and_holds_no_arithmetic():
    first, *rest = decide(weighing=WEIGHED).sentences
    assert first.kind == "choice" and first.text.startswith("Sulfasalazine is preferred over Baricitinib")
    kinds = [sentence.kind for sentence in rest]
    assert "mechanism" in kinds and kinds == sorted(kinds, key=lambda kind: kind in ("contrast", "uncertainty"))
    for sentence in (first, *rest):
        assert sentence.citations and not re.search(r"[+-]\d\.\d\d|log-odds", sentence.text)


def test_what_is_missing_of_several_drugs_is_said_once():
    own = {"key": "K4", "source_id": TARGET.replace("C1", "C2"), "text": "Sulfasalazine targets PPARG (DrugBank)"}
    few = {key: EVIDENCE[key].model_dump() for key in ("K1", "K2")} | {"K4": own}
    last = decide(evidence=few).sentences[-1].text
    assert "says nothing of the effects and harms of Baricitinib or Sulfasalazine" in last
    assert last.count("harms") == 1


def test_a_choice_whose_factors_cannot_be_cited_still_rests_on_evidence():
    shares = {BARI.id: 0.6, SULFA.id: 0.4}
    weighed = [
        CandidateScore(
            id=i, score=p, probability=p, factors=(Factor(group="x", share=p, text="x", sources=("PMID:9",)),)
        )
        for i, p in shares.items()
    ]
    first, *_ = decide(weighing=weighing(*weighed)).sentences
    assert first.text.startswith("Baricitinib is preferred over Sulfasalazine for alopecia areata")
    assert first.citations


def test_without_a_weighing_the_cues_are_counted():
    decision = decide()
    assert decision.label == "A" and not decision.problems and 0.9 < decision.confidence < 1
    assert decision.sentences[-1].kind == "uncertainty"
    assert "counted by rule" in decision.sentences[-1].text


def test_it_abstains_only_where_nothing_at_all_is_known():
    nothing = weighing(*(CandidateScore(id=drug.id, score=0, probability=0.5) for drug in (BARI, SULFA)))
    decision = decide(weighing=nothing, evidence={})
    assert decision.label == "NONE" and decision.reason and not decision.problems
    assert decide(evidence={"K3": EVIDENCE["K3"].model_dump()}).label == "B"


def test_a_repair_leaves_out_what_the_check_refused():
    before = decide(weighing=WEIGHED).sentences
    message = request("repair", weighing=WEIGHED, failures=[before[1].text])
    after = parse_decision(OfflineChatModel().invoke([message]).content, ["A", "B"]).sentences
    assert after == (before[0], *before[2:])


def test_the_same_request_gives_the_same_answer_streamed_or_not():
    model = OfflineChatModel()
    whole = model.invoke([request("decide", weighing=WEIGHED)]).content
    assert "".join(chunk.content for chunk in model.stream([request("decide", weighing=WEIGHED)])) == whole


@pytest.mark.parametrize(
    "message", [HumanMessage("hello"), HumanMessage("x", additional_kwargs={"kedrec": {"task": "dance"}})]
)
def test_a_message_without_data_is_refused(message):
    with pytest.raises(ModelRefused):
        OfflineChatModel().invoke([AIMessage("hi"), message])


@pytest.mark.parametrize(
    ("sentence", "cue"),
    [
        ("There was no significant difference between the groups.", "against"),
        ("The drug did not improve survival.", "against"),
        ("It failed to show a benefit.", "against"),
        ("Treatment led to remission in most patients.", "for"),
        ("It is not recommended as first-line treatment.", "against"),
        ("Hepatotoxicity and amiodarone-induced thyroiditis were seen.", "harm"),
        ("A patient was treated with infliximab.", "use"),
        ("Samples were stored at 4 degrees.", "silent"),
    ],
)
def test_cues_tell_which_way_a_sentence_speaks(sentence, cue):
    assert cue_of(sentence) == cue


def test_sentences_and_quotes_keep_the_words():
    assert sentences_of("First one. Second (5.2 mg) one! Third?") == ["First one.", "Second (5.2 mg) one!", "Third?"]
    long = quotable("word " * 200)
    assert len(long) <= 342 and long.endswith(" …") and quotable("a\n[K1] | b") == "a (K1) | b"
