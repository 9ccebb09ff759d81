"""Too close to call: no choice below the least confidence, but a leaning, whichever view shows it."""

import json

import pytest
from recorded_runs import QUERY
from world import BARI, decision, key_of

from kedrec.agents.agent import Agent
from kedrec.agents.answer_html.page import trace_page
from kedrec.agents.chat.conversation import Reply
from kedrec.agents.chat.saved_conversations import spoken
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.replay.replay import replay
from kedrec.agents.trace_export.parquet import trace_row
from kedrec.agents.traces.store import TraceStore
from kedrec.distill.dataset.conversations import chat_rows
from kedrec.distill.dataset.teaching_traces import reason_to_leave_out
from kedrec.distill.runs.in_process_loop import outcome_row
from kedrec.eval.metrics import Outcome, score
from kedrec.records import Trace

NAME = "Baricitinib"


def asked(settings, confidence, **more):
    """A run whose model is so sure of baricitinib."""
    text = f"{NAME} regrew hair in alopecia areata"
    draft = lambda messages: decision(f"{text} [{key_of('PMID:1')(messages)}]", confidence=confidence)  # noqa: E731
    model = ScriptedChatModel(queue=["enough", "", "", draft])
    with Agent.open(settings.model_copy(update=more), model=model, record=False) as agent:
        return agent.run(QUERY)


def test_a_decision_that_is_less_sure_than_a_choice_has_to_be_is_a_leaning(settings):
    made = asked(settings, 0.69).recommendation
    assert (made.choice, made.leaning, made.favoured, made.confidence) == (None, BARI, BARI, 0.69)
    assert made.undecided.startswith("Cannot tell: ")
    assert NAME in made.abstained
    assert made.sentences


@pytest.mark.parametrize(("confidence", "least"), [(0.7, 0.7), (0.3, 0.0), (1.0, 1.0)])
def test_a_decision_that_is_as_sure_as_that_is_a_choice(settings, confidence, least):
    made = asked(settings, confidence, least_confidence=least).recommendation
    assert (made.choice, made.leaning, made.abstained) == (BARI, None, None)


def test_a_run_with_a_leaning_replays(settings):
    trace = asked(settings, 0.6)
    assert replay(Trace.model_validate_json(trace.model_dump_json())).identical


def test_an_older_trace_without_the_field_and_the_setting_opens_and_replays_with_its_choice(settings):
    trace = asked(settings, 0.6, least_confidence=0.0)
    plain = json.loads(trace.model_dump_json())
    del plain["recommendation"]["leaning"], plain["config"]["least_confidence"]
    old = Trace.model_validate(plain)
    assert (old.recommendation.choice, old.recommendation.leaning) == (BARI, None)
    assert replay(old).identical


def test_every_view_shows_the_leaning(settings, tmp_path):
    trace = asked(settings, 0.6)
    made = trace.recommendation
    store = TraceStore(tmp_path)
    store.append(trace)
    [summary] = store.list(1)
    row = trace_row(trace)
    assert (summary.choice, summary.leaning) == (None, NAME)
    assert (row["choice"], row["leaning"], row["leaning_name"]) == (None, BARI, NAME)
    for told in (
        trace_page(trace),
        f"C{summary.outcome[1:]}",
        spoken(Reply(kind="recommendation", recommendation=made)),
        made.undecided,
    ):
        assert "Cannot tell" in told
        assert NAME in told


def test_a_row_of_a_run_keeps_the_leaning_and_a_data_set_learns_from_it(settings):
    trace = asked(settings, 0.6)
    row = outcome_row("one", trace)
    assert (row.choice, row.leaning) == (None, BARI)
    assert reason_to_leave_out(trace) is None
    assert reason_to_leave_out(trace, BARI) is None
    assert reason_to_leave_out(trace, "Compound::DB00795") == "teacher differs from the answer"
    [decided] = [row for row in chat_rows(trace, "one") if row.task == "decide"]
    assert decided.selection.label == "A"
    assert "CONFIDENCE: 0.6000" in decided.messages[-1]["content"]


def test_accuracy_is_given_against_coverage():
    outcomes = [
        Outcome(pair_id=str(at), disease=str(at), kind="k", answer="a", choice=choice, confidence=sure)
        for at, (choice, sure) in enumerate([("a", 0.95), ("a", 0.75), ("b", 0.72), ("b", 0.55)])
    ]
    at = {one.confidence: one for one in score(outcomes).coverage}
    assert (at[0.5].share, at[0.5].accuracy) == (1.0, 0.5)
    assert (at[0.7].n, at[0.7].accuracy) == (3, round(2 / 3, 4))
    assert (at[0.9].share, at[0.9].accuracy) == (0.25, 1.0)
