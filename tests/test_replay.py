"""A trace alone is enough to run the graph again, and the first thing that differs is said."""

import json
import shutil
import subprocess
import sys

import pytest
from recorded_runs import QUERY, QUEUES, record
from world import BARI, DISEASE, SULFA

from kedrec.agents.agent import Agent, Query
from kedrec.agents.models.replayed import open_replay_model
from kedrec.agents.replay.replay import replay
from kedrec.agents.replay.replay_all import replay_all
from kedrec.agents.traces.store import TraceStore
from kedrec.errors import NotReady
from kedrec.records import ModelCall, ToolCall, Trace

CLI = ["-c", "from kedrec.cli import main; main()"]


@pytest.mark.parametrize("name", QUEUES)
def test_replay_reproduces_every_call_and_the_outcome(settings, name):
    trace = record(settings, name)
    report = replay(Trace.model_validate_json(trace.model_dump_json()))
    assert report.first_difference is None
    assert report.identical


@pytest.mark.parametrize(
    "query",
    [
        Query(disease="nosuch", candidates=(BARI,), setting="both"),
        Query(disease=DISEASE, candidates=(BARI, BARI), setting="none"),
        Query(disease=DISEASE, candidates=(), setting="none"),
    ],
)
def test_runs_that_failed_replay_too(settings, query):
    trace = record(settings, query=query)
    assert trace.error
    assert replay(trace).identical


def test_limits_are_those_of_the_run(settings):
    trace = record(settings, "tools and repair", max_tool_calls=1)
    assert any("limit of 1 tool calls" in note for note in trace.recommendation.not_found)
    assert replay(trace).identical


def test_replay_reproduces_a_run_with_a_secret_in_the_question(settings, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "alopecia areata")
    trace = record(settings)
    assert "alopecia areata" not in json.dumps(trace.question)
    assert trace.error
    assert replay(trace).identical


def change(trace, kind, at, **values):
    calls = list(trace.calls)
    index = [n for n, call in enumerate(calls) if isinstance(call, kind)][at]
    calls[index] = calls[index].model_copy(update=values)
    return trace.model_copy(update={"calls": tuple(calls)})


def test_another_tool_result_shows_in_the_next_message_to_the_model(settings):
    trace = record(settings)
    gathered = next(call for call in trace.calls if isinstance(call, ToolCall) and call.name == "search_articles")
    finding = gathered.result.findings[0].model_copy(update={"text": "Something else."})
    index = [call for call in trace.calls if isinstance(call, ToolCall)].index(gathered)
    result = gathered.result.model_copy(update={"findings": (finding, *gathered.result.findings[1:])})
    report = replay(change(trace, ToolCall, index, result=result))
    assert not report.identical
    assert report.first_difference.step.startswith("investigate")
    assert "Something else." in json.dumps(report.first_difference.replayed)
    assert "Something else." not in json.dumps(report.first_difference.recorded)


def test_another_answer_of_the_model_shows_in_the_outcome(settings):
    trace = record(settings)
    report = replay(change(trace, ModelCall, -1, response={"role": "assistant", "content": "CHOICE: NONE | changed"}))
    assert report.first_difference.step == "finish, choice"
    assert (report.first_difference.recorded, report.first_difference.replayed) == (BARI, None)


def test_other_arguments_show_where_they_were_given(settings):
    trace = record(settings)
    question = {**trace.question, "candidates": ["Olumiant", "Methotrexate"]}
    report = replay(trace.model_copy(update={"question": question}))
    assert report.first_difference.step == "resolve, call 3"
    assert report.first_difference.recorded["arguments"]["name"] == "sulfasalazine"
    assert report.first_difference.replayed["arguments"]["name"] == "Methotrexate"


def test_a_missing_and_a_surplus_call_are_differences(settings):
    trace = record(settings)
    short = replay(trace.model_copy(update={"calls": trace.calls[:-1]})).first_difference
    assert short.recorded is None
    assert short.replayed
    surplus = replay(trace.model_copy(update={"calls": (*trace.calls, trace.calls[-1])})).first_difference
    assert surplus.recorded
    assert surplus.replayed is None


def test_another_outcome_is_a_difference(settings):
    trace = record(settings)
    other = trace.recommendation.model_copy(update={"confidence": 0.1})
    report = replay(trace.model_copy(update={"recommendation": other}))
    assert report.first_difference.step == "finish, confidence"


def test_replay_needs_neither_graph_nor_literature_nor_network(settings, tmp_path):
    trace = record(settings)
    home = tmp_path / "bare"
    shutil.copytree(settings.home / "traces", home / "traces")
    alone = ["unshare", "-rn"] if subprocess.run(["unshare", "-rn", "true"], check=False).returncode == 0 else []
    command = [*alone, sys.executable, *CLI, "--home", str(home), "trace", "replay", trace.id, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"identical": True, "first_difference": None}


def test_a_replay_that_differs_exits_1(settings, tmp_path):
    trace = record(settings)
    home = tmp_path / "bare"
    other = trace.recommendation.model_copy(update={"confidence": 0.1})
    TraceStore(home / "traces").append(trace.model_copy(update={"recommendation": other}))
    command = [sys.executable, *CLI, "--home", str(home), "trace", "replay", "latest", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["first_difference"]["step"] == "finish, confidence"


def test_a_trace_can_stand_in_for_its_model(settings):
    trace = record(settings, "tools and repair")
    with Agent.open(settings, model=f"replay:{trace.id}", record=False) as agent:
        again = agent.run(QUERY)
    assert again.recommendation.sentences == trace.recommendation.sentences
    assert again.recommendation.choice == trace.recommendation.choice
    with pytest.raises(NotReady):
        open_replay_model("nosuch", settings)


def test_the_trace_tells_everything_that_replay_and_training_need(settings):
    trace = record(settings, "tools and repair")
    assert trace.question == {
        "disease": "alopecia areata",
        "candidates": ["Olumiant", "sulfasalazine"],
        "setting": "both",
        "text": "which?",
    }
    assert trace.config["model"] == "scripted"
    assert "api_key" not in trace.config
    assert {"kedrec", "python", "langgraph"} <= set(trace.versions)
    assert {"system", "decide", "questions/safety"} <= set(trace.prompts)
    assert trace.data["graph_sha256"]
    for call in trace.calls:
        assert len(call.request_sha256) == 64
        assert call.seconds >= 0
    assert [call.step for call in trace.calls if isinstance(call, ModelCall)] == [
        *["investigate"] * 3, "answer", "answer", "decide", "repair",
    ]  # fmt: skip
    assert TraceStore(settings.home / "traces").get(trace.id) == trace
    assert {BARI, SULFA} == {drug.id for drug in trace.recommendation.candidates}


def copied(trace, trace_id, **parts):
    made = trace.recommendation.model_copy(update={"trace_id": trace_id, **parts})
    return trace.model_copy(update={"id": trace_id, "recommendation": made})


def test_a_whole_run_is_replayed_and_the_first_difference_of_each_named(settings, tmp_path):
    trace = record(settings)
    unfit = copied(trace, "unfit").model_copy(update={"config": {**trace.config, "max_steps": -1}})
    same = (copied(trace, f"same-{number}") for number in range(3))
    TraceStore(tmp_path / "traces").append(*same, copied(trace, "odd", confidence=0.1), unfit)
    done = subprocess.run(
        [sys.executable, *CLI, "--home", str(tmp_path), "trace", "replay", "--all", str(tmp_path), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert (report["traces"], report["identical"]) == (5, 3)
    first, second = report["different"]
    assert (first["trace_id"], first["step"]) == ("odd", "finish, confidence")
    assert (first["recorded"], first["replayed"]) == ("0.1", "0.9")
    assert second["trace_id"] == "unfit"
    assert "max_steps" in second["replayed"]


def test_many_are_replayed_by_several_processes_with_the_same_result(settings, tmp_path, monkeypatch):
    trace, store, told = record(settings), TraceStore(tmp_path / "traces"), []
    store.append(*(copied(trace, f"t{number}", confidence=0.1 if number == 40 else 0.9) for number in range(60)))
    alone = replay_all(store.folder, workers=1)
    monkeypatch.setattr("kedrec.agents.replay.replay_all.WORTH_PROCESSES", 10)
    several = replay_all(store.folder, workers=2, on_done=lambda done, total: told.append((done, total)))
    assert several.different == alone.different
    assert [one.trace_id for one in several.different] == ["t40"]
    assert several.identical == 59
    assert told[-1] == (60, 60)
