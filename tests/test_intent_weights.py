"""Weights of wordings are fitted on labelled questions, tell what they were fitted on, and are the same each time."""

from pathlib import Path

import numpy as np

from kedrec.agents.chat.intents.features import BUCKETS, features_of
from kedrec.agents.chat.intents.learned import LEARNED, likeliest
from kedrec.agents.chat.intents.wording import normal
from kedrec.eval.intent_weights import fit, read_table

ROWS = [row for row in read_table(Path(__file__).parent / "data" / "questions.tsv") if row.intent in LEARNED]
FEW = [row for intent in LEARNED for row in [one for one in ROWS if one.intent == intent][:4]]


def test_weights_tell_what_they_were_fitted_on_and_are_the_same_each_time():
    weights = fit(FEW)
    told = [likeliest(normal(row.text, row.spans), weights=weights, **row.counts)[0] for row in FEW]
    assert told == [row.intent for row in FEW]
    assert np.array_equal(weights.of, fit(FEW).of)


def test_shipped_weights_tell_most_questions_of_the_table():
    told = [likeliest(normal(row.text, row.spans), **row.counts) for row in ROWS]
    right = [intent == row.intent for (intent, _), row in zip(told, ROWS, strict=True)]
    assert sum(right) > 0.97 * len(ROWS)
    assert all(1 / len(LEARNED) <= chance <= 1 for _, chance in told)


def test_features_fall_into_buckets_and_tell_how_many_names_there_are():
    one, two = (features_of("DRUG for ILL", drugs=drugs, diseases=1) for drugs in (1, 2))
    assert one != two
    assert all(0 <= bucket < BUCKETS for bucket in (*one, *two))
