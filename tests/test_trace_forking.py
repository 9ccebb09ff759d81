"""A fork takes over what was recorded up to its point, strictly, and goes on live from there."""

import json

import pytest
from recorded_runs import QUERY, record
from typer.testing import CliRunner
from world import BARI, DISEASE, SULFA

from kedrec.agents.agent import Agent, Query
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.replay.fork import fork, fork_point
from kedrec.agents.replay.replay import replay
from kedrec.agents.traces.store import TraceStore
from kedrec.cli.app import app
from kedrec.errors import UserError, WorkError
from kedrec.records import ModelCall, ToolCall


@pytest.fixture
def invoke(settings, monkeypatch):
    monkeypatch.setenv("KEDREC_HOME", str(settings.home))
    return lambda *words: CliRunner().invoke(app, ["trace", *map(str, words)])


def plain(call):
    return call.model_dump(exclude={"started", "seconds", "model"})


@pytest.mark.parametrize("step", ["gather", "investigate", "answer", "decide", "7", "14"])
def test_what_comes_before_is_taken_over_and_the_rest_is_the_other_models(settings, step):
    trace = record(settings, "tools and repair")
    kept = fork_point(trace, step)
    made = fork(trace, step, settings, "offline")
    assert [plain(call) for call in made.calls[:kept]] == [plain(call) for call in trace.calls[:kept]]
    taken, own = made.calls[:kept], made.calls[kept:]
    assert {call.model for call in taken if isinstance(call, ModelCall)} <= {"scripted"}
    assert {call.model for call in own if isinstance(call, ModelCall)} == {None}
    assert all(call.started is None for call in taken)
    assert all(call.started is not None for call in own)
    assert made.recommendation.model == made.config["model"] == "offline"
    assert made.config["forked_from"] == {
        "trace": trace.id, "call": kept + 1, "step": trace.calls[kept].step, "model": "scripted", "notes": [],
    }  # fmt: skip
    assert TraceStore(settings.home / "traces").get(made.id) == made
    assert replay(made).first_difference is None


def test_a_fork_of_a_fork_replays_too(settings):
    first = fork(record(settings, "tools and repair"), "answer", settings, "offline")
    second = fork(first, "decide", settings, "offline")
    assert {call.model for call in second.calls if isinstance(call, ModelCall)} == {"scripted", "offline", None}
    assert replay(second).identical


def test_limits_are_those_of_the_recorded_run(settings):
    trace = record(settings, "tools and repair", max_tool_calls=1)
    made = fork(trace, "decide", settings, "offline")
    assert made.config["max_tool_calls"] == 1
    assert any("limit of 1 tool calls" in note for note in made.recommendation.not_found)


def test_a_trace_that_the_code_no_longer_follows_is_not_forked(settings):
    trace = record(settings)
    at = next(n for n, call in enumerate(trace.calls) if isinstance(call, ToolCall) and call.name == "search_articles")
    finding = trace.calls[at].result.findings[0].model_copy(update={"text": "Something else."})
    result = trace.calls[at].result.model_copy(update={"findings": (finding,)})
    calls = (*trace.calls[:at], trace.calls[at].model_copy(update={"result": result}), *trace.calls[at + 1 :])
    changed = trace.model_copy(update={"calls": calls})
    with pytest.raises(WorkError, match=r"(?s)first at investigate, call \d+.*recorded: .*now:.*Something else"):
        fork(changed, "decide", settings, "offline")
    assert fork(changed, "investigate", settings, "offline").recommendation


def test_a_point_that_is_not_there_is_said_with_those_that_are(settings):
    with pytest.raises(UserError, match=r"no 'repair' to fork from; it has resolve \(call 1\), gather \(call 4\)"):
        fork_point(record(settings), "repair")
    for wrong in ("0", "99", "-1", ""):
        with pytest.raises(UserError):
            fork_point(record(settings), wrong)


def test_hidden_pairs_stay_hidden_from_the_tools_that_run_live(settings, invoke):
    query = Query(disease=DISEASE, candidates=(BARI, SULFA), setting="none")
    hidden = frozenset({frozenset((DISEASE, BARI))})
    with Agent.open(
        settings, model=ScriptedChatModel(queue=["enough", "", "", "CHOICE: NONE | no"]), hidden=hidden
    ) as agent:
        trace = agent.run(query)
    treats = f"{BARI}|DRUGBANK::treats::Compound:Disease|{DISEASE}"
    done = invoke("replay", trace.id, "--from", "gather", "--model", "offline", "--json")
    assert done.exit_code == 0
    made = json.loads(done.stdout)
    assert made["data"]["hidden_pairs"] == 2
    assert treats not in {entry["source_id"] for entry in made["recommendation"]["evidence"].values()}
    assert "hidden pairs" in made["config"]["forked_from"]["notes"][0]
    bare = fork(trace, "gather", settings, "offline")
    assert treats in {entry.source_id for entry in bare.recommendation.evidence.values()}


def test_another_graph_than_the_recorded_one_is_noted(settings):
    trace = record(settings)
    other = trace.model_copy(update={"data": {**trace.data, "graph_sha256": "0" * 64}})
    notes = fork(other, "decide", settings, "offline").config["forked_from"]["notes"]
    assert notes == ["the graph is another one than when the run was recorded"]


def test_the_command_tells_where_it_came_from_and_what_changed(settings, invoke):
    trace = record(settings, query=QUERY)
    done = invoke("replay", trace.id, "--from", "decide", "--model", "offline")
    assert done.exit_code == 0
    made = TraceStore(settings.home / "traces").get("latest")
    assert f"{made.id} is forked from {trace.id} at call 13 (decide)." in done.stderr
    shown = invoke("show", made.id).stdout
    assert f"Forked from {trace.id} at call 13" in " ".join(shown.split())
    assert "scripted, taken over" in shown
    compared = invoke("diff", trace.id, made.id)
    assert f"- {trace.id}\n+ {made.id}" in compared.stdout


@pytest.mark.parametrize(
    "words", [(), ("latest", "--all", "x"), ("--all", "x", "--from", "decide"), ("latest", "--model", "offline")]
)
def test_what_does_not_go_together_is_refused(invoke, words):
    assert isinstance(invoke("replay", *words).exception, UserError)
