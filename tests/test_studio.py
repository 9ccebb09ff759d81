"""The graph for LangGraph's server: paused, resumed, gone back in, and its trace is whole each time."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from recorded_runs import good
from world import BARI, METHO, SULFA

from kedrec.agents.agent import Agent, Query
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.replay.replay import replay
from kedrec.errors import ModelUnavailable
from kedrec.serve.studio.graph import Execution, studio_graph
from kedrec.serve.studio.state import Asks

ROOT = Path(__file__).parent.parent
UNCLEAR = {"asked": {"disease": "alopecia areata", "candidates": ["shared name", "methotrexate"]}}
CLEAR = {"asked": {"disease": "alopecia areata", "candidates": ["baricitinib", "sulfasalazine"]}}
THREAD = {"configurable": {"thread_id": "t"}}
LOOK = AIMessage("", tool_calls=[{"name": "neighbours", "args": {"entity": "JAK1"}, "id": "c", "type": "tool_call"}])


@pytest.fixture
def saver():
    return InMemorySaver()


def go(agent, saver, asked, config=THREAD):
    """One execution, as a server makes it: with a graph of its own."""
    graph = studio_graph(Execution.begin(agent, Asks())).compile(checkpointer=saver)
    return asyncio.run(graph.ainvoke(asked, config))


def same_but_for_time_and_id(one, other):
    def plain(trace):
        row = trace.model_dump(mode="json")
        row["recommendation"]["trace_id"] = ""
        for call in row["calls"]:
            call["started"] = call["seconds"] = 0
        return {name: row[name] for name in ("calls", "recommendation", "error", "data", "prompts", "usage")}

    assert plain(one) == plain(other)


def test_a_question_gets_the_trace_that_it_gets_elsewhere(settings, saver):
    with Agent.open(settings) as agent:
        ended = go(agent, saver, CLEAR)
        kept = agent.traces.get(ended["trace"])
        same_but_for_time_and_id(kept, agent.run(Query.model_validate(kept.question)))
    assert ended["recommendation"]["choice"] == BARI and ended["recommendation"]["trace_id"] == kept.id
    assert replay(kept).identical
    starts = [call.started for call in kept.calls]  # calls of one step are made side by side
    assert starts[0] < starts[-1] <= kept.seconds


def test_an_unclear_name_pauses_the_run_and_the_answer_goes_on_to_a_whole_trace(settings, saver):
    with Agent.open(settings) as agent:
        before = len(agent.traces.ids())
        paused = go(agent, saver, UNCLEAR)
        [interrupt] = paused["__interrupt__"]
        assert {option["id"] for option in interrupt.value["options"]} == {BARI, SULFA}
        assert "shared name" in interrupt.value["ask"] and len(agent.traces.ids()) == before
        ended = go(agent, saver, Command(resume=SULFA))
        kept = agent.traces.get(ended["trace"])
        assert len(agent.traces.ids()) == before + 1
    assert [drug.id for drug in kept.recommendation.candidates] == [SULFA, METHO]
    assert kept.config["asked_back"][0]["chosen"] == SULFA
    assert replay(kept).identical and kept.calls[0].name == "resolve_entity"


def test_going_back_ends_in_another_trace_that_is_whole_as_well(settings, saver):
    with Agent.open(settings) as agent:
        first = go(agent, saver, CLEAR)
        graph = studio_graph(None).compile(checkpointer=saver)
        history = list(graph.get_state_history(THREAD))
        before = next(state for state in history if state.next == ("answer",))
        again = go(agent, saver, None, before.config)
        kept, former = agent.traces.get(again["trace"]), agent.traces.get(first["trace"])
    assert kept.id != former.id and replay(kept).identical
    same_but_for_time_and_id(kept, former)


def test_limits_and_cost_go_on_over_a_pause(settings, saver):
    queue = [LOOK, LOOK, LOOK, "enough", "", "", good]
    few = settings.model_copy(update={"max_tool_calls": 2})
    with Agent.open(few, model=ScriptedChatModel(queue=queue)) as agent:
        graph = studio_graph(Execution.begin(agent, Asks())).compile(checkpointer=saver, interrupt_after=["use_tools"])
        asyncio.run(graph.ainvoke(CLEAR, THREAD))
        ended = go(agent, saver, None)
        assert any("limit of 2 tool calls" in note for note in ended["recommendation"]["not_found"])
        kept = agent.traces.get(ended["trace"])
        assert [call.name for call in kept.calls if call.type == "tool"].count("neighbours") <= 2
        assert replay(kept).identical


@pytest.mark.parametrize(
    "asked, queue, kind",
    [
        ({"asked": {"disease": "alopecia areata", "candidates": ["nosuchdrug"]}}, [""], "UnknownEntity"),
        (CLEAR, ["enough", "", "", ModelUnavailable("busy: try later")], "ModelUnavailable"),
    ],
)
def test_a_run_that_fails_ends_in_a_trace_that_says_so(settings, saver, asked, queue, kind):
    with Agent.open(settings, model=ScriptedChatModel(queue=queue)) as agent:
        ended = go(agent, saver, asked)
        kept = agent.traces.get(ended["trace"])
    assert ended["error"]["type"] == kind and kept.error["type"] == kind and kept.recommendation is None
    assert replay(kept).identical


def test_its_schemas_say_what_to_ask_without_opening_anything():
    graph = studio_graph(None).compile()
    asked = graph.get_input_jsonschema()
    assert set(asked["$defs"]["StudioQuestion"]["properties"]) == {"disease", "candidates"}
    assert set(graph.get_context_jsonschema()["properties"]) == {"model", "setting"}
    assert {"recommendation", "error", "trace"} <= set(graph.get_output_jsonschema()["properties"])


@pytest.fixture(scope="module")
def dev(settings, tmp_path_factory):
    """Address of `langgraph dev` over the tiny home, or a skip that says why."""
    found = os.environ.get("LANGGRAPH_CLI") or shutil.which("langgraph")
    if found is None:
        pytest.skip(
            "no langgraph; pip install 'langgraph-cli[inmem]' -e . elsewhere, and LANGGRAPH_CLI=its bin/langgraph"
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("dev")
    told = json.loads((ROOT / "langgraph.json").read_text())
    graphs = {name: str(ROOT / path) for name, path in told["graphs"].items()}
    (folder / "langgraph.json").write_text(json.dumps({**told, "dependencies": [str(ROOT)], "graphs": graphs}))
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [found, "dev", "--no-browser", "--no-reload", "--port", str(port), "--host", "127.0.0.1"]
    log = (folder / "log").open("w")
    server = subprocess.Popen(
        command, cwd=folder, env={**env, "KEDREC_HOME": str(settings.home), "LANGSMITH_TRACING": "false"},
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            deadline = time.monotonic() + 90
            while not answers(client) and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
            assert answers(client), (folder / "log").read_text()[-3000:]
            yield client
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def answers(client):
    try:
        return client.get("/ok").status_code == 200
    except httpx.TransportError:
        return False


def test_the_server_of_langgraph_runs_pauses_resumes_and_goes_back(dev, settings):
    def run(**asked):
        made = dev.post(f"/threads/{thread}/runs/wait", json={"assistant_id": "kedrec", **asked})
        assert made.status_code == 200, made.text
        return made.json()

    thread = dev.post("/threads", json={}).json()["thread_id"]
    paused = run(input=UNCLEAR, context={"setting": "trials"})
    assert {option["id"] for option in paused["__interrupt__"][0]["value"]["options"]} == {BARI, SULFA}
    ended = run(command={"resume": SULFA}, context={"setting": "trials"})
    assert [drug["id"] for drug in ended["recommendation"]["candidates"]] == [SULFA, METHO]
    history = dev.get(f"/threads/{thread}/history", params={"limit": 50}).json()
    before = next(state for state in history if state["next"] == ["answer"])
    again = run(input=None, checkpoint_id=before["checkpoint"]["checkpoint_id"], context={"setting": "trials"})
    with Agent.open(settings) as agent:
        for made in (ended, again):
            assert replay(agent.traces.get(made["trace"])).identical
    assert ended["trace"] != again["trace"]


def test_the_server_of_langgraph_describes_the_graph_and_lets_no_other_page_read(dev):
    [assistant] = dev.post("/assistants/search", json={}).json()
    schemas = dev.get(f"/assistants/{assistant['assistant_id']}/schemas").json()
    assert schemas["input_schema"]["properties"] and schemas["context_schema"]["properties"]
    drawn = dev.get(f"/assistants/{assistant['assistant_id']}/graph").json()
    assert {"clarify", "resolve", "check", "keep"} <= {node["id"] for node in drawn["nodes"]}
    for origin in ("https://evil.example", "null"):
        asked = {"origin": origin, "access-control-request-method": "POST"}
        for response in (dev.get("/ok", headers=asked), dev.options("/threads", headers=asked)):
            assert "access-control-allow-origin" not in response.headers
