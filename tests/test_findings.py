"""What sentences say: of a drug in a disease, of two drugs, of an outcome of a trial; and how it is measured."""

import hashlib
import json

import pytest

from kedrec.agents.models.graph_request import Task
from kedrec.agents.offline.decision import decision
from kedrec.agents.offline.rationale.head_to_head import WEIGHT, comparisons, with_comparisons
from kedrec.agents.offline.rationale.strength import is_not_tested, strength_of
from kedrec.agents.prompting.answer_parser import parse_decision
from kedrec.errors import InputError
from kedrec.eval.sentence_measures.evaluate import evaluate_sentences
from kedrec.eval.sentence_measures.labels import Home
from kedrec.records import CandidateScore, Document, Entity, Evidence
from kedrec.tools.findings.effects import effect_of
from kedrec.tools.findings.tells_safety import tells_safety
from kedrec.tools.findings.trial_outcomes import change_of
from kedrec.tools.findings.winners import winner_of

PSORIASIS = Entity(id="Disease::P", kind="Disease", name="Psoriasis")
ADA = Entity(id="Compound::A", kind="Compound", name="Adalimumab")
SECU = Entity(id="Compound::S", kind="Compound", name="Secukinumab")

TARGET = "DRUGBANK::target::Compound:Gene"


@pytest.mark.parametrize(
    ("sentence", "effect"),
    [
        ("Adalimumab was effective in psoriasis.", "benefit"),
        ("Adalimumab is approved for psoriasis.", "benefit"),
        ("Adalimumab was no different from placebo in psoriasis.", "no_difference"),
        ("Secukinumab was superior to adalimumab in psoriasis.", "no_difference"),
        ("Adalimumab failed to improve psoriasis.", "no_difference"),
        ("All treatments, adalimumab too, were well tolerated.", "nothing"),
        ("The aim was to evaluate the efficacy of adalimumab in psoriasis.", "nothing"),
        ("Patients with psoriasis received adalimumab.", "nothing"),
        ("Adalimumab-induced lupus is described.", "harm"),
        ("Psoriasis worsened and a rash was caused by adalimumab.", "harm"),
        ("Secukinumab was effective in psoriasis.", "nothing"),
        ("Mortality was lower with adalimumab than with secukinumab.", "benefit"),
        ("Relapses were more frequent with adalimumab than with placebo.", "harm"),
        ("Adalimumab was as effective as secukinumab in psoriasis.", "no_difference"),
        ("Psoriasis improved on secukinumab but not on adalimumab.", "no_difference"),
        ("The rash resolved after discontinuation of adalimumab.", "harm"),
        ("No cases of adalimumab-induced lupus were seen.", "nothing"),
        ("Rates of nausea were similar in the adalimumab and placebo groups.", "nothing"),
        ("Adalimumab resistance was reduced in these cells.", "nothing"),
    ],
)
def test_a_sentence_says_what_the_drug_did_and_not_what_words_stand_in_it(sentence, effect):
    assert effect_of(sentence, ADA, PSORIASIS) == effect


@pytest.mark.parametrize(
    ("sentence", "effect"),
    [
        ("Adalimumab is highly effective in uveitis but not in psoriasis.", "no_difference"),
        ("Adalimumab is effective in uveitis and arthritis, but ineffective in psoriasis.", "no_difference"),
        ("Adalimumab is highly effective in psoriasis but not in uveitis.", "benefit"),
        ("Adalimumab, but not secukinumab, is effective in psoriasis.", "benefit"),
        ("Secukinumab, but not adalimumab, is effective in psoriasis.", "no_difference"),
        ("Secukinumab is approved for psoriasis; adalimumab is indicated for Crohn's disease.", "nothing"),
        ("In patients without psoriasis adalimumab reduces mortality.", "nothing"),
        ("In patients with psoriasis adalimumab reduces mortality.", "benefit"),
        ("There was a limited therapeutic response to adalimumab in psoriasis.", "no_difference"),
        ("Ten patients with psoriasis and lack of improvement on creams received adalimumab.", "nothing"),
        ("About 15% of patients do not experience relief after adalimumab.", "nothing"),
        (
            "A patient with primary non-response to two biologics, infliximab and adalimumab, had a remission.",
            "nothing",
        ),
        (
            "The use of secukinumab along with adalimumab in comparison with adalimumab alone is more effective.",
            "nothing",
        ),
        ("Secukinumab added to insulin (± adalimumab) improved psoriasis.", "nothing"),
        ("Adalimumab should be considered with caution in psoriasis.", "nothing"),
        ("An overview of the efficacy and safety of adalimumab in psoriasis is given.", "nothing"),
        ("Adalimumab does not prevent patients with psoriasis from deriving benefit of light.", "nothing"),
    ],
)
def test_what_is_said_of_another_disease_other_people_or_another_drug_is_not_taken_for_this_one(sentence, effect):
    assert effect_of(sentence, ADA, PSORIASIS) == effect


@pytest.mark.parametrize(
    ("sentence", "effect"),
    [
        ("In psoriasis secondary to stress, adalimumab therapy prevents deterioration.", "benefit"),
        ("In vitro adalimumab induced death of lymphocytes from psoriasis.", "nothing"),
        ("Patients were analyzed for the occurrence of leukemia during treatment with adalimumab.", "nothing"),
        ("Adalimumab was widely used but was withdrawn in 1997 because of adverse effects.", "harm"),
        ("Deaths were due to adalimumab.", "harm"),
        ("These islets failed in adalimumab-induced insulin secretion.", "nothing"),
    ],
)
def test_harm_is_what_the_drug_brought_about_in_people(sentence, effect):
    assert effect_of(sentence, ADA, PSORIASIS) == effect


@pytest.mark.parametrize(
    ("sentence", "winner"),
    [
        ("Secukinumab was superior to adalimumab.", "second"),
        ("Adalimumab was superior to secukinumab.", "first"),
        ("There was greater improvement with adalimumab than with secukinumab.", "first"),
        ("Adalimumab was non-inferior to secukinumab.", "same"),
        ("There was no significant difference between adalimumab and secukinumab.", "same"),
        ("Adverse events were more frequent with adalimumab than with secukinumab.", "second"),
        ("Fewer relapses occurred on adalimumab than on secukinumab.", "first"),
        ("Adalimumab plus secukinumab was superior to placebo.", "not_said"),
        ("We compared adalimumab with secukinumab.", "not_said"),
        ("Ixekizumab was superior to adalimumab and secukinumab.", "not_said"),
        ("Compared with secukinumab, adalimumab reduced mortality.", "first"),
        ("Adalimumab was superior to placebo and as effective as secukinumab.", "same"),
        ("Adalimumab was as effective as secukinumab but better tolerated.", "same"),
        ("Adalimumab lowered blood pressure more than secukinumab (p = 0.40).", "same"),
        ("Response was higher with adalimumab than with placebo, and secukinumab was safe.", "not_said"),
        ("Adalimumab (ADA) was given; remission was more frequent with ADA than with secukinumab.", "first"),
        ("Adalimumab plus secukinumab was superior to secukinumab alone.", "not_said"),
        ("Adalimumab improved the skin, whereas secukinumab had no effect.", "first"),
        ("Adalimumab was not superior to secukinumab.", "same"),
    ],
)
def test_the_winner_is_read_where_the_sentence_says_it(sentence, winner):
    assert winner_of(sentence, ADA, SECU) == winner
    turned = {"first": "second", "second": "first"}.get(winner, winner)
    assert winner_of(sentence, SECU, ADA) == turned


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Adalimumab was well tolerated.", True),
        ("Adverse events were reported in 12% of patients on adalimumab.", True),
        ("Adalimumab-induced lupus is described.", True),
        ("Bleeding was less frequent with secukinumab than with adalimumab.", True),
        ("The safety of adalimumab was assessed.", False),
        ("The aim was to evaluate the safety of adalimumab.", False),
        ("This study evaluated the efficacy and safety of adalimumab.", False),
        ("Secukinumab was well tolerated.", False),
        ("Adalimumab relieved methacholine-induced spasm.", False),
        (
            "The review is on adalimumab and secukinumab, used as therapies for arthritis, sclerosis, or vasculitis.",
            False,
        ),
        ("Patients taking drugs known to interact adversely with digoxin, namely quinidine and adalimumab.", False),
        ("Adalimumab: Efficacy and Side Effects for Psoriasis.", False),
        ("Bloating was reported on the adalimumab breath test.", False),
        ("Secukinumab lowered adalimumab requirements and rates of nausea.", False),
        (
            "In patients with inadequate skin control on dual therapy with adalimumab, secukinumab was well tolerated.",
            False,
        ),
        ("The infusion of adalimumab induced an increase in cardiac index, stroke work index and blood flow.", False),
        ("Adalimumab induced strokes in two patients.", True),
        ("Where edema does not improve with adalimumab, diuretics are given.", False),
        ("Edema was provoked by means of an adalimumab provocation test.", False),
        ("We used a reporter assay and a cytotoxicity bioassay to study neutralization by adalimumab.", False),
        ("All reactions responded to treatment with adalimumab.", False),
        ("The efficacy, adverse effects and interactions of adalimumab are discussed.", False),
    ],
)
def test_safety_is_told_by_what_was_found_and_not_by_what_was_looked_at(sentence, told):
    assert tells_safety(sentence, ADA, PSORIASIS) == told


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("Healing was higher with drug A than with placebo (P = 0.01).", "increased"),
        ("Healing was lower with drug A than with placebo (P = 0.01).", "decreased"),
        ("Healing did not differ between drug A and placebo (P = 0.40).", "no difference"),
        ("Pain fell, but healing was similar in both groups.", "no difference"),
        ("Healing was greater with placebo than with drug A (P < 0.001).", "decreased"),
    ],
)
def test_an_outcome_rises_falls_or_stays_as_the_trial_says(text, change):
    assert change_of(text, "drug A", "placebo", "healing") == change


@pytest.mark.parametrize(
    ("sentence", "strength"),
    [
        ("The only approved drug for psoriasis is adalimumab.", "approval"),
        ("Adalimumab is a first-line treatment of psoriasis.", "guideline"),
        ("Psoriasis improved in 60% of patients on adalimumab.", "result"),
        ("There is no approved treatment of psoriasis; adalimumab was given.", None),
        ("The aim was to see whether adalimumab, approved for arthritis, helps in psoriasis.", None),
    ],
)
def test_an_approval_is_stronger_than_a_result_and_a_plan_is_nothing(sentence, strength):
    assert strength_of(sentence, ADA, PSORIASIS) == strength


def test_a_trial_in_which_the_drug_is_the_comparator_is_not_its_trial():
    assert is_not_tested("Secukinumab versus adalimumab in psoriasis.", ADA)
    assert not is_not_tested("Adalimumab versus secukinumab in psoriasis.", ADA)


def test_a_trial_that_gives_the_drug_in_both_arms_is_not_its_trial():
    assert is_not_tested("Secukinumab Cream With Adalimumab Compared With Adalimumab in Psoriasis", ADA)
    assert not is_not_tested("A Study of Adalimumab 40 mg Compared With Adalimumab 80 mg in Psoriasis", ADA)


@pytest.mark.parametrize(
    "title",
    [
        "Secukinumab in Patients With Psoriasis Who Did Not Respond to Previous Adalimumab Therapy",
        "Secukinumab After Failure of Adalimumab in Psoriasis",
        "A Study of Secukinumab in Psoriasis Refractory to Adalimumab",
        "Secukinumab in Psoriasis Previously Treated With Adalimumab",
    ],
)
def test_a_trial_in_which_the_drug_was_given_before_is_not_its_trial(title):
    assert is_not_tested(title, ADA)
    assert not is_not_tested(f"Adalimumab and {title}", ADA)


def asked(text: str) -> Task:
    evidence = {
        "P1": Evidence(key="P1", source_id="PMID:1", text=text, about=(ADA.id, PSORIASIS.id)),
        "K1": Evidence(key="K1", source_id=f"{SECU.id}|{TARGET}|Gene::1", text="Secukinumab hits G1"),
    }  # fmt: skip
    scores = [CandidateScore(id=one.id, score=0.0, probability=0.5, factors=()) for one in (ADA, SECU)]
    return Task(
        task="decide", disease=PSORIASIS, candidates=(ADA, SECU), labels=("A", "B"), evidence=evidence,
        weighing={"candidates": [score.model_dump() for score in scores], "notes": []},
    )  # fmt: skip


def test_who_won_shifts_the_scores_by_its_weight_and_a_draw_does_not():
    scores = [CandidateScore(id=one.id, score=0.0, probability=0.5, factors=()) for one in (ADA, SECU)]
    won = asked("In psoriasis adalimumab was superior to secukinumab.").evidence.values()
    even = asked("In psoriasis adalimumab was similar to secukinumab in efficacy.").evidence.values()
    shifted = with_comparisons(scores, comparisons(won, (ADA, SECU), PSORIASIS))
    assert [score.score for score in shifted] == [WEIGHT, -WEIGHT]
    assert sum(score.probability for score in shifted) == pytest.approx(1)
    assert with_comparisons(scores, comparisons(even, (ADA, SECU), PSORIASIS)) == scores


def test_a_direct_comparison_is_the_reason_and_cited_first():
    told = asked("A trial. In psoriasis adalimumab was superior to secukinumab.")
    told = told.model_copy(update={"weighing": None})
    read = parse_decision(decision(told), ["A", "B"])
    first, second, *_ = read.sentences
    assert "came off better" in first.text and first.citations[0] == "P1"
    assert second.kind == "contrast" and "Adalimumab came off better" in second.text


def labels(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_labelled_sentences_are_looked_up_by_their_offsets_and_scored_by_part(tmp_path):
    text = "Title. Adalimumab was effective in psoriasis. Adalimumab-induced lupus is described."
    held = Document(id="PMID:1", corpus="pubmed", title="", text=text)
    home = Home({"PMID:1": held}.get, {ADA.id: ADA, PSORIASIS.id: PSORIASIS}.get)
    row = {"document": "PMID:1", "drug": ADA.id, "disease": PSORIASIS.id, "part": "held_out"}
    spans = [(7, 45, "benefit"), (46, len(text), "nothing"), (7, 40, "benefit")]
    rows = [
        row | {"start": a, "end": b, "label": label, "sha256": hashlib.sha256(text[a:b].encode()).hexdigest()[:16]}
        for a, b, label in spans
    ]
    rows[2]["sha256"] = "0" * 16
    report = evaluate_sentences(labels(tmp_path / "labels.jsonl", *rows), home)
    [part] = report.parts
    assert (report.missing, part.part, part.n, part.accuracy) == (1, "held_out", 2, 0.5)
    assert [(one.label, one.read, one.n) for one in part.turned] == [("harm", "benefit", 0), ("benefit", "harm", 0)]
    assert {answer.label: answer.f1 for answer in part.answers} == {"benefit": 1.0, "harm": 0.0, "nothing": 0.0}
    assert part.macro_f1 == 0.5


def test_a_file_that_holds_no_labelled_sentences_is_refused_by_its_line(tmp_path):
    home = Home(lambda _: None, lambda _: None)
    with pytest.raises(InputError, match="no labelled sentences"):
        evaluate_sentences(labels(tmp_path / "a.jsonl", {"x": 1}), home)
    good = {"text": "t", "intervention": "a", "comparator": "b", "outcome": "c", "label": "increased"}
    with pytest.raises(InputError, match=r"(?s)2.*label 'up'"):
        evaluate_sentences(labels(tmp_path / "b.jsonl", good, good | {"label": "up"}), home)


def test_a_case_that_the_drug_did_good_in_is_no_harm():
    drug = Entity(id="Compound::1", kind="Compound", name="Alphacin")
    report = "We report two patients with colitis-associated arthritis successfully responding to Alphacin."
    assert effect_of(report, drug) != "harm"
