"""The HTTP API: what can be asked, what comes while it goes on, and how it says that it cannot."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from chat_server import ChatServer, stalled
from web_server import JSON, serving, until
from world import BARI, DISEASE, METHO, SULFA

from kedrec.agents.agent import Agent
from kedrec.errors import UserError
from kedrec.serve.access.keys import Keys, read_keys
from kedrec.serve.kept_conversations import FORGOTTEN
from kedrec.serve.web import api, api_recorded
from kedrec.serve.web.server import check_host, listen
from kedrec.serve.work_loop import Limits

FIRST = "Why would baricitinib be a better choice than sulfasalazine for alopecia areata?"
DIRECT = f"{BARI}|DRUGBANK::treats::Compound:Disease|{DISEASE}"
ASKED = {"disease": "alopecia areata", "candidates": ["baricitinib", "sulfasalazine"]}


def events(client, address, body):
    """Name and data of each event of a stream."""
    with client.stream("POST", address, json=body, headers={"accept": "text/event-stream"}) as response:
        assert response.status_code == 200 and response.headers["content-type"].startswith("text/event-stream")
        told = "".join(response.iter_text())
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", told)]


def problem(response):
    assert set(response.json()) == {"error"}
    return response.json()["error"]


def test_a_comparison_is_what_the_command_line_gives(web, settings):
    made = web.post("/api/compare", json=ASKED).json()
    assert made["choice"] == BARI and made["failed"] == []
    for sentence in made["sentences"]:
        assert sentence["citations"] and set(sentence["citations"]) <= set(made["evidence"])
    with Agent.open(settings) as agent:
        assert agent.traces.get(made["trace_id"]).recommendation.choice == BARI


def test_the_direct_edges_can_be_hidden_for_one_answer(web):
    open_made = web.post("/api/compare", json=ASKED).json()
    hidden = web.post("/api/compare", json={**ASKED, "hide_direct": True}).json()
    again = web.post("/api/compare", json=ASKED).json()

    def direct(made):
        return [one["source_id"] for one in made["evidence"].values() if one["source_id"] == DIRECT]

    assert direct(open_made) and direct(again) and not direct(hidden)
    assert {**open_made, "trace_id": ""} == {**again, "trace_id": ""}
    trace = web.get(f"/api/traces/{hidden['trace_id']}").json()
    assert trace["data"]["hidden_pairs"] == 2
    unknown = web.post("/api/compare", json={"disease": DISEASE, "candidates": ["nosuchdrug"], "hide_direct": True})
    assert unknown.status_code == 404


def test_a_question_and_its_follow_ups_are_one_conversation(web):
    first = web.post("/api/ask", json={"text": FIRST}).json()
    assert first["reply"]["recommendation"]["choice"] == BARI
    goes_on = {"conversation": first["conversation"]}
    second = web.post("/api/ask", json={"text": "and compared with methotrexate?", **goes_on}).json()
    assert [drug["id"] for drug in second["reply"]["recommendation"]["candidates"]] == [BARI, METHO]
    topic = web.post("/api/ask", json={"text": "what about its mechanism?", **goes_on}).json()["reply"]
    assert topic["kind"] == "topic" and topic["trace_id"] == second["reply"]["trace_id"]


def test_an_unclear_name_is_asked_back_with_what_can_be_chosen(web):
    asked = web.post("/api/ask", json={"text": "shared name or methotrexate for alopecia areata?"}).json()
    assert asked["reply"]["kind"] == "question"
    assert {option["id"] for option in asked["options"]} == {BARI, SULFA}
    chosen = {"text": SULFA, "conversation": asked["conversation"]}
    made = web.post("/api/ask", json=chosen).json()["reply"]["recommendation"]
    assert {drug["id"] for drug in made["candidates"]} == {SULFA, METHO}


def test_a_conversation_that_is_forgotten_says_so_and_answers(web):
    made = web.post("/api/ask", json={"text": FIRST, "conversation": "x" * 20}).json()
    assert made["reply"]["notes"][0] == FORGOTTEN and made["reply"]["kind"] == "recommendation"


@pytest.mark.parametrize("address, body", [("/api/compare", ASKED), ("/api/ask", {"text": FIRST})])
def test_a_stream_tells_steps_and_ends_with_the_same_answer(web, address, body):
    told = events(web, address, body)
    assert [name for name, _ in told][-1] == "answer" and {name for name, _ in told} == {"progress", "answer"}
    steps = [data["step"] for _, data in told if data.get("kind") == "step_started"]
    assert steps[:2] == ["resolve", "gather"] and steps[-2:] == ["check", "finish"]
    assert all(data["said"] for name, data in told if name == "progress")
    made, plain = told[-1][1], web.post(address, json=body).json()
    made, plain = made.get("reply", made), plain.get("reply", plain)
    made, plain = made.get("recommendation", made), plain.get("recommendation", plain)
    assert {**made, "trace_id": ""} == {**plain, "trace_id": ""}


def test_a_stream_that_fails_ends_with_the_error(web):
    [(name, data)] = events(web, "/api/ask", {"text": "infliximab?"} | {"text": "which of all drugs?"})[-1:]
    assert name == "answer" and data["reply"]["kind"] == "question"
    told = events(web, "/api/compare", {**ASKED, "candidates": ["nosuchdrug"]})
    assert told[-1][0] == "error" and told[-1][1]["error"]["type"] == "UnknownEntity"


def test_the_graph_and_the_literature_can_be_looked_into(web):
    assert web.get("/api/entities", params={"name": "olumiant"}).json()["entity"]["id"] == BARI
    assert web.get("/api/entities", params={"name": "shared name"}).json()["match"] == "ambiguous"
    pair = {"disease": "alopecia areata", "drug": "baricitinib"}
    assert web.get("/api/evidence", params=pair).json()["findings"]
    found = web.get("/api/paths", params={"first": "baricitinib", "last": DISEASE}).json()
    assert found["paths"] and "treats" in " ".join(path["text"] for path in found["paths"])
    hits = web.get("/api/passages", params={"query": "baricitinib regrew hair"}).json()["hits"]
    read = web.get("/api/passage", params={"id": hits[0]["id"]}).json()
    assert read["passages"][0]["text"] == hits[0]["text"]
    assert web.get("/api/passage", params={"id": "PMID:1"}).json()["address"].startswith("https://pubmed")
    ranked = web.post("/api/recommend", json={"disease": "alopecia areata", "top": 2}).json()
    assert len(ranked["drugs"]) <= 2 and ranked["disease"]["id"] == DISEASE


def test_runs_are_found_by_words_and_read_whole(web):
    made = web.post("/api/compare", json={**ASKED, "candidates": ["methotrexate"]}).json()
    found = web.get("/api/traces", params={"text": "METHOTREXATE alopecia"}).json()
    assert made["trace_id"] in [one["id"] for one in found]
    assert web.get("/api/traces", params={"text": "nothing holds this"}).json() == []
    assert web.get(f"/api/traces/{made['trace_id']}").json()["calls"]


@pytest.mark.parametrize(
    "method, address, sent, status, kind, words",
    [
        ("GET", "/api/evidence", {"disease": DISEASE, "drug": "baricitinip"}, 404, "UnknownEntity", "aricitinib"),
        ("GET", "/api/paths", {"first": "shared name", "last": DISEASE}, 409, "AmbiguousName", "Say which"),
        ("GET", "/api/passage", {"id": "PMID:99"}, 404, "NotReady", "Search"),
        ("GET", "/api/traces/20000101T000000000-000000", {}, 404, "NotReady", "No trace"),
        ("GET", "/api/traces/..%2f..%2fetc%2fpasswd", {}, 404, "HttpError", "nothing"),
        ("GET", "/api/nowhere", {}, 404, "HttpError", "nothing"),
        ("GET", "/api/compare", {}, 405, "HttpError", "method"),
        ("POST", "/api/paths", None, 405, "HttpError", "method"),
        ("GET", "/api/paths", {"first": "a", "last": "b", "max_hops": 9}, 422, "Misfit", "max_hops"),
        ("GET", "/api/entities", {"name": "x" * 501}, 422, "Misfit", "500"),
        ("POST", "/api/compare", {**ASKED, "candidates": ["a"] * 11}, 422, "Misfit", "candidates"),
        ("POST", "/api/compare", {**ASKED, "model": "openai:x"}, 422, "Misfit", "model"),
        ("POST", "/api/compare", {**ASKED, "setting": "all"}, 422, "Misfit", "setting"),
        ("POST", "/api/ask", {"text": "q" * 4001}, 422, "Misfit", "4000"),
        ("POST", "/api/ask", {}, 422, "Misfit", "text"),
        ("POST", "/api/recommend", {"disease": "nosuchdisease"}, 404, "UnknownEntity", "nosuchdisease"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_says_why_in_one_form(web, method, address, sent, status, kind, words):
    given = {"params": sent} if method == "GET" else {"json": sent}
    response = web.request(method, address, **given)
    assert (response.status_code, problem(response)["type"]) == (status, kind)
    assert words in problem(response)["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"text": "\\ud800"}',
        b'{"text": NaN}',
        b"null",
        b"",
        b'{"text":' + b"1" * 5000,
    ],
)
def test_broken_json_is_the_senders_mistake(web, body):
    response = web.post("/api/ask", content=body, headers=JSON)
    assert 400 <= response.status_code < 500 and problem(response)["message"]


def test_every_address_of_the_api_is_described_and_every_request_closed(web):
    described = web.get("/api/openapi.json").json()
    assert all(way["summary"] for path in described["paths"].values() for way in path.values())
    assert len([path for path in described["paths"] if path.startswith("/api/")]) == len(
        {route.path for router in (api.router, api_recorded.router) for route in router.routes}
    )
    for name in ("Ask", "Compare", "Recommend"):
        assert described["components"]["schemas"][name]["additionalProperties"] is False


@pytest.fixture
def slow(settings):
    """A server whose model never answers, and the server of the model."""
    model = ChatServer()
    model.queue = [stalled(20)]
    away = {"base_url": model.url, "retries": 0, "timeout": 30.0}
    yield settings.model_copy(update=away), model
    model.close()


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_who_leaves_stops_the_work(slow, accept):
    settings, model = slow
    body = json.dumps(ASKED)
    head = f"POST /api/compare HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: {accept}\r\n"
    with serving(settings, "openai:tiny") as web:
        with socket.create_connection(("127.0.0.1", web.base_url.port)) as leaving:
            leaving.sendall(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
            assert until(lambda: model.requests, 30)
            assert web.service.work.taken == 1
        assert until(lambda: web.service.work.taken == 0)
        assert web.get("/health").json()["status"] == "ok"


def test_more_than_can_be_worked_on_is_turned_away_and_what_takes_too_long_stopped(slow):
    settings, model = slow
    with serving(settings, "openai:tiny", Limits(at_once=1, waiting=0, seconds=8.0)) as web:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(web.post("/api/compare", json=ASKED)))
        thread.start()
        assert until(lambda: model.requests, 30)
        turned_away = web.post("/api/compare", json=ASKED)
        assert turned_away.status_code == 503 and turned_away.headers["retry-after"]
        assert "Try again" in problem(turned_away)["message"]
        assert web.get("/api/entities", params={"name": "olumiant"}).status_code == 200
        thread.join()
        assert answers[0].status_code == 504 and "8 seconds" in problem(answers[0])["message"]
        assert web.service.work.taken == 0


def test_a_model_that_fails_is_no_fault_of_the_question(settings):
    model = ChatServer()
    model.close()
    with serving(settings.model_copy(update={"base_url": model.url, "retries": 0}), "openai:tiny") as web:
        response = web.post("/api/compare", json=ASKED)
    assert response.status_code == 502 and problem(response)["type"].startswith("Model")


def test_other_machines_are_served_only_with_a_key(tmp_path):
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(UserError, match="--key-file"):
            check_host(host, None)
        check_host(host, Keys({"a": "k" * 16}))
    for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"):
        check_host(host, None)
    short, key = tmp_path / "short", tmp_path / "key"
    short.write_text("hunter2\n")
    key.write_text("k" * 16 + "\n")
    assert read_keys(key).name_of("Bearer " + "k" * 16) == "everyone"
    for path in (short, tmp_path / "missing"):
        with pytest.raises(UserError, match=path.name):
            read_keys(path)


def test_a_port_that_is_taken_is_named():
    with listen("127.0.0.1", 0) as held, pytest.raises(UserError, match="Choose another with --port"):
        listen("127.0.0.1", held.getsockname()[1])


def start(settings, *options):
    command = [sys.executable, "-c", "from kedrec.cli import main; main()", "serve", "--port", "0", *options]
    env = {**os.environ, "KEDREC_HOME": str(settings.home)}
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)


def test_the_command_serves_until_it_is_stopped_and_leaves_nothing_if_told_so(settings, tmp_path):
    before = sorted(path.name for path in (settings.home / "traces").glob("*"))
    size = (settings.home / "traces" / "traces.frames").stat().st_size if before else 0
    server = start(settings, "--no-record")
    try:
        address = re.search(r"http://[\d.:]+/", server.stderr.readline()).group()
        with httpx.Client(base_url=address, timeout=30) as web:
            made = web.post("/api/compare", json=ASKED).json()
            assert web.get(f"/api/traces/{made['trace_id']}").json()["id"] == made["trace_id"]
            assert made["trace_id"] in web.get("/runs").text
            assert web.get("/api/about").json()["records"] is False
    finally:
        server.send_signal(signal.SIGINT)
        _, told = server.communicate(timeout=120)
    assert server.returncode == 130 and "Traceback" not in told
    assert sorted(path.name for path in (settings.home / "traces").glob("*")) == before
    assert size == ((settings.home / "traces" / "traces.frames").stat().st_size if before else 0)


def test_what_keeps_the_command_from_serving_is_one_line(tmp_path, settings):
    empty = start(settings.model_copy(update={"home": tmp_path / "none"}))
    _, told = empty.communicate(timeout=120)
    assert empty.returncode == 2 and "kedrec graph load" in told and "Traceback" not in told
    open_to_all = start(settings, "--host", "0.0.0.0")
    _, told = open_to_all.communicate(timeout=120)
    assert open_to_all.returncode == 2 and "--key-file" in told
    assert len(told.splitlines()) == 1


def test_nothing_of_the_server_reads_a_file_that_a_client_names():
    source = Path(__file__).parent.parent / "src/kedrec/serve"
    reads = re.compile(r"(?<![\w.])open\(|read_text|read_bytes|FileResponse")
    named = {path.name for path in source.rglob("*.py") if reads.search(path.read_text("utf-8"))}
    assert named == {
        "page_frame.py",
        "keys.py",
        "saved_reports.py",
    }  # its own script, the keys, all reports of the home
