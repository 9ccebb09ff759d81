"""A comparison names every part in which two runs differ, and nothing else."""

import json

import pytest
from recorded_runs import record
from typer.testing import CliRunner
from world import SULFA, build

from kedrec.agents.replay.diff import compare_traces
from kedrec.agents.traces.store import TraceStore
from kedrec.cli.app import app


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    settings = build(tmp_path_factory.mktemp("world") / "home")
    return record(settings, "tools and repair")


def altered(trace, **parts):
    made = trace.recommendation.model_copy(update=parts)
    return trace.model_copy(update={"id": "other", "recommendation": made})


def test_a_run_does_not_differ_from_itself(trace):
    assert compare_traces(trace, trace).changes == ()


def test_choice_and_confidence_are_told_with_both_sides(trace):
    found = compare_traces(trace, altered(trace, choice=SULFA, confidence=0.5)).changes
    assert [(change.part, change.before, change.after) for change in found] == [
        ("choice", "Baricitinib", "Sulfasalazine"),
        ("confidence", 0.9, 0.5),
    ]
    gone = compare_traces(trace, altered(trace, choice=None, abstained="no idea")).changes
    assert gone[0].after == "none: no idea"


def test_sentences_answers_and_evidence_are_told_one_by_one(trace):
    made = trace.recommendation
    sentence = made.sentences[0].model_copy(update={"text": "Another reason."})
    answers = (made.answers[0].model_copy(update={"stance": "against"}), *made.answers[1:])
    evidence = {key: entry for key, entry in made.evidence.items() if key != "P1"}
    found = compare_traces(trace, altered(trace, sentences=(sentence,), answers=answers, evidence=evidence))
    assert {change.what for change in found.of("rationale")} >= {"Another reason.", made.sentences[0].text}
    [answer] = found.of("answers")
    assert answer.what == "Baricitinib, mechanism"
    assert (answer.before["stance"], answer.after["stance"]) == (made.answers[0].stance, "against")
    [lost] = found.of("evidence")
    assert (lost.what, lost.before, lost.after) == (made.evidence["P1"].source_id, made.evidence["P1"].text, None)


def test_the_same_passage_under_another_key_is_no_change(trace):
    made = trace.recommendation
    keys = {key: f"{key[0]}{int(key[1:]) + 50}" for key in made.evidence}
    evidence = {keys[key]: entry.model_copy(update={"key": keys[key]}) for key, entry in made.evidence.items()}
    sentences = tuple(
        one.model_copy(update={"citations": tuple(map(keys.get, one.citations))}) for one in made.sentences
    )
    answers = tuple(one.model_copy(update={"citations": tuple(map(keys.get, one.citations))}) for one in made.answers)
    assert compare_traces(trace, altered(trace, evidence=evidence, sentences=sentences, answers=answers)).changes == ()


def test_prompts_settings_versions_data_and_calls_are_compared(trace):
    other = trace.model_copy(
        update={
            "prompts": {**trace.prompts, "decide": "0" * 64},
            "config": {**trace.config, "temperature": 1.0},
            "versions": {**trace.versions, "kedrec": "9"},
            "data": {},
            "calls": trace.calls[:-1],
        }
    )
    found = compare_traces(trace, other)
    assert [(change.part, change.what) for change in found.of("prompts", "config", "versions")] == [
        ("prompts", "decide"),
        ("config", "temperature"),
        ("versions", "kedrec"),
    ]
    assert {change.part for change in found.changes} >= {"data", "calls", "used"}
    assert [change.what for change in found.of("calls")] == ["repair: the model"]


def test_a_failed_run_is_compared_with_one_that_did_not_fail(trace):
    failed = trace.model_copy(update={"recommendation": None, "error": {"type": "ModelError", "message": "broke"}})
    found = compare_traces(trace, failed)
    assert found.changes[0].after == "ModelError: broke"
    assert {change.after for change in found.of("evidence")} == {None}


def test_the_command_tells_people_and_machines_the_same(trace, tmp_path, monkeypatch):
    monkeypatch.setenv("KEDREC_HOME", str(tmp_path))
    other = altered(trace, confidence=0.5).model_copy(update={"id": "other"})
    TraceStore(tmp_path / "traces").append(trace, other)
    told = CliRunner().invoke(app, ["trace", "diff", trace.id, "other"])
    assert "confidence: 0.9 -> 0.5" in told.stdout
    plain = json.loads(CliRunner().invoke(app, ["trace", "diff", trace.id, "other", "--json"]).stdout)
    assert plain == compare_traces(trace, other).model_dump(mode="json")
    same = CliRunner().invoke(app, ["trace", "diff", trace.id, trace.id])
    assert "The same in everything" in same.stdout
