"""Scores of choices and of rationales."""

from __future__ import annotations

import pytest

from kedrec.eval.metrics import Outcome, calibration, f1_interval, score
from kedrec.eval.rationales import citation_agreement, cited_sources, draft, draft_text, rouge, sentences_kept
from kedrec.records import Entity, Evidence, ModelCall, Recommendation, Sentence, Trace


def outcome(number: int, choice: str | None, confidence: float = 0.9, kind: str = "x", disease: str | None = None):
    return Outcome(
        pair_id=str(number), disease=disease or str(number), kind=kind, answer="A", choice=choice, confidence=confidence
    )


def test_without_abstentions_f1_is_the_accuracy():
    scores = score([outcome(n, "A" if n < 7 else "B") for n in range(10)])
    assert scores.accuracy == scores.precision == scores.recall == scores.f1 == 0.7
    assert scores.abstained == 0


def test_precision_is_over_the_answered_and_recall_over_all():
    scores = score([outcome(n, "A" if n < 6 else "B" if n < 8 else None) for n in range(10)])
    assert scores.precision == 0.75
    assert scores.recall == scores.accuracy == 0.6
    assert scores.f1 == pytest.approx(2 * 0.75 * 0.6 / 1.35, abs=1e-4)
    assert scores.abstained == 2


def test_scores_are_given_per_kind():
    scores = score([outcome(0, "A", kind="a"), outcome(1, "B", kind="b"), outcome(2, None, kind="b")])
    assert scores.by_kind["a"].f1 == 1
    assert scores.by_kind["b"].n == 2
    assert scores.by_kind["b"].f1 == 0


def test_nothing_answered_is_zero_and_not_an_error():
    scores = score([outcome(n, None) for n in range(3)])
    assert scores.f1 == scores.precision == 0
    assert scores.calibration is None


def test_the_interval_holds_the_score_and_is_the_same_each_time():
    outcomes = [outcome(n, "A" if n % 5 else "B") for n in range(200)]
    low, high = f1_interval(outcomes, [item.pair_id for item in outcomes])
    assert low < 0.8 < high
    assert high - low == pytest.approx(4 * (0.16 / 200) ** 0.5, rel=0.15)
    assert (low, high) == f1_interval(outcomes, [item.pair_id for item in outcomes])


def test_resampling_diseases_widens_the_interval_where_their_items_go_together():
    outcomes = [outcome(n, "A" if (n // 10) % 5 else "B", disease=f"d{n // 10}") for n in range(200)]
    scores = score(outcomes)
    width = [high - low for low, high in (scores.f1_ci95, scores.f1_ci95_by_disease)]
    assert width[1] > 2 * width[0]
    assert scores.diseases == 20


def test_calibration_looks_at_the_surer_four_fifths():
    outcomes = [outcome(n, "A", 0.9) for n in range(8)] + [outcome(n, "B", 0.6) for n in range(8, 10)]
    figures = calibration(outcomes)
    assert figures is not None
    assert (figures.surer, figures.surer_accuracy) == (8, 1.0)
    assert figures.ece == pytest.approx(0.8 * 0.1 + 0.2 * 0.6)


def test_a_confidence_of_one_falls_in_the_last_bin():
    figures = calibration([outcome(0, "A", 1.0)])
    assert figures is not None
    assert figures.ece == 0


def recommendation(*sentences: tuple[str, str], struck: int = 0) -> Recommendation:
    drugs = tuple(Entity(id=f"Compound::{n}", kind="Compound", name=n) for n in "ab")
    evidence = {key: Evidence(key=key, source_id=f"source of {key}", text="text") for key in ("K1", "P1", "P2")}
    return Recommendation(
        disease=Entity(id="Disease::d", kind="Disease", name="d"),
        candidates=drugs,
        setting="both",
        model="offline",
        choice="Compound::a",
        abstained=None,
        confidence=0.9,
        sentences=tuple(Sentence(text=text, citations=(key,)) for text, key in sentences),
        evidence=evidence,
        struck_out=("x",) * struck,
    )


def test_rouge_counts_words_pairs_and_order():
    same = rouge([("aspirin lowers fever fast", "aspirin lowers fever fast")])
    assert (same.rouge1, same.rouge2, same.rougeL) == (1, 1, 1)
    turned = rouge([("aspirin lowers fever fast", "fast fever lowers aspirin")])
    assert (turned.rouge1, turned.rouge2) == (1, 0)
    assert 0 < turned.rougeL < 1
    assert rouge([("aspirin", "aspirin"), ("aspirin", "")]).rouge1 == 0.5


def test_struck_out_sentences_lower_the_share_that_passed_the_check():
    assert sentences_kept([recommendation(("x", "K1"), ("y", "P1"), struck=2), None]) == 0.5
    assert sentences_kept([None]) is None


# ragas 0.4.3 imports deprecated parts of its dependencies and leaves its file of a user id open (ragas/_analytics.py)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_citations_are_compared_by_source():
    pytest.importorskip("ragas")
    agreement = citation_agreement([(["a", "b"], ["b", "c"]), (["a"], [])])
    assert (agreement.n, agreement.precision, agreement.recall) == (1, 0.5, 0.5)


def test_a_draft_is_read_as_the_model_wrote_it_before_the_check():
    def decided(text: str) -> ModelCall:
        return ModelCall(
            step="decide", request_sha256="0", messages=(), response={"role": "assistant", "content": text}
        )

    text = "CHOICE: B\nCONFIDENCE: 0.7\nRATIONALE:\n- b is made up [P9]\nno dash here"
    trace = Trace(
        id="t", created="", question={"disease": "d", "candidates": ["a", "b"]}, config={}, prompts={}, versions={},
        data={}, calls=(decided("CHOICE: A"), decided(text)), recommendation=None,
    )  # fmt: skip
    assert draft(trace).label == "B"
    assert draft_text(trace) == "- b is made up no dash here"
    assert draft_text(trace.model_copy(update={"calls": ()})) == ""


def test_keys_that_the_run_never_had_are_no_sources():
    text = "CHOICE: A\nCONFIDENCE: 0.7\nRATIONALE:\n- x [P1][P9]\n- y [P1][K1]"
    call = ModelCall(step="decide", request_sha256="0", messages=(), response={"role": "assistant", "content": text})
    question = {"disease": "d", "candidates": ["a", "b"]}
    trace = Trace(
        id="t", created="", question=question, config={}, prompts={}, versions={}, data={}, calls=(call,),
        recommendation=recommendation(("x", "P1")),
    )  # fmt: skip
    assert cited_sources(trace) == ["source of P1", "source of K1"]
