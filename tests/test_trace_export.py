"""Exports hold every run and call in the forms that others read, whole or not at all, and no secret."""

import json
import shutil
import subprocess
import sys
from datetime import datetime

import polars as pl
import pytest
from langsmith.schemas import RunBase
from recorded_runs import record
from typer.testing import CliRunner
from world import BARI

from kedrec.agents.replay.fork import fork
from kedrec.agents.trace_export.export import export_traces
from kedrec.agents.trace_export.langsmith import langsmith_runs
from kedrec.agents.trace_export.otel import otlp
from kedrec.agents.trace_export.timing import timed
from kedrec.agents.traces.store import TraceStore
from kedrec.cli.app import app
from kedrec.errors import UserError
from kedrec.records import ModelCall
from kedrec.redaction import Redactor

FORMS = {"parquet": "runs.parquet", "otel": "runs.otel.jsonl", "langsmith": "runs.langsmith.jsonl"}
CLI = ["-c", "from kedrec.cli import main; main()"]


@pytest.fixture(scope="module")
def traces(settings):
    made = [record(settings, name) for name in ("tools and repair", "model failed", "abstained")]
    return [*made, fork(made[0], "decide", settings, "offline")]


def exported(traces, folder, redactor=None):
    files = {form: folder / name for form, name in FORMS.items()}
    assert export_traces(traces, files, redactor or Redactor(env={})) == len(traces)
    return files


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def spans(trace):
    [resource] = otlp(trace)["resourceSpans"]
    [scope] = resource["scopeSpans"]
    return [span | {"of": {one["key"]: one["value"] for one in span["attributes"]}} for span in scope["spans"]]


def test_the_tables_have_a_row_for_each_run_and_each_call(traces, tmp_path):
    files = exported(traces, tmp_path)
    runs, calls = pl.read_parquet(files["parquet"]), pl.read_parquet(tmp_path / "runs.calls.parquet")
    assert runs["trace_id"].to_list() == [trace.id for trace in traces]
    assert runs["choice"].to_list()[:3] == [BARI, None, None]
    assert runs["error"].to_list()[1] == "ModelUnavailable"
    assert runs["forked_from"].to_list()[3] == traces[0].id
    assert runs["created"].dtype == pl.Datetime("us", "UTC")
    assert runs["rationale"].to_list()[0][0].endswith("]")
    assert len(calls) == sum(len(trace.calls) for trace in traces)
    first = calls.filter(pl.col("trace_id") == traces[0].id)
    for row, call in zip(first.iter_rows(named=True), traces[0].calls, strict=True):
        assert (row["step"], row["type"], row["seconds"]) == (call.step, call.type, call.seconds)
        held = row["messages"] if isinstance(call, ModelCall) else row["arguments"]
        assert json.loads(held) == (list(call.messages) if isinstance(call, ModelCall) else call.arguments)
    assert first.filter(type="model")["input_tokens"].sum() == traces[0].usage.input_tokens


def test_an_export_of_nothing_has_the_columns_all_the_same(tmp_path):
    files = exported([], tmp_path)
    assert pl.read_parquet(files["parquet"]).columns[:2] == ["trace_id", "created"]
    assert lines(files["otel"]) == []


def test_spans_form_a_tree_in_which_a_child_lies_within_its_parent(traces):
    for trace in traces[:3]:
        made = spans(trace)
        known = {span["spanId"]: span for span in made}
        assert len(known) == len(made) == 1 + len(timed(trace).steps) + len(trace.calls)
        assert [span["name"] for span in made if "parentSpanId" not in span] == ["invoke_agent kedrec"]
        assert len({span["traceId"] for span in made}) == 1
        for span in made:
            parent = known.get(span.get("parentSpanId"), span)
            assert int(parent["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
            assert int(span["endTimeUnixNano"]) <= int(parent["endTimeUnixNano"])
            assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)


def test_spans_say_what_the_conventions_ask_for(traces):
    trace = traces[0].model_copy(
        update={"config": {**traces[0].config, "model": "openai:gpt-x", "base_url": "http://127.0.0.1:8000/v1"}}
    )
    made = spans(trace)
    root, chats = made[0], [span for span in made if span["name"].startswith("chat ")]
    tools = [span for span in made if span["name"].startswith("execute_tool ")]
    assert root["of"]["gen_ai.operation.name"] == {"stringValue": "invoke_agent"}
    assert len(chats) + len(tools) == len(trace.calls)
    first = next(call for call in trace.calls if isinstance(call, ModelCall))
    assert (chats[0]["name"], chats[0]["kind"]) == ("chat gpt-x", 3)
    assert chats[0]["of"]["gen_ai.provider.name"] == {"stringValue": "openai"}
    assert chats[0]["of"]["gen_ai.usage.input_tokens"] == {"intValue": str(first.usage.input_tokens)}
    assert chats[0]["of"]["server.address"] == {"stringValue": "127.0.0.1"}
    sent = json.loads(chats[0]["of"]["gen_ai.input.messages"]["stringValue"])
    assert sent[0] == {"role": "system", "parts": [{"type": "text", "content": first.messages[0]["content"]}]}
    asked = json.loads(chats[0]["of"]["gen_ai.output.messages"]["stringValue"])[0]
    assert (asked["finish_reason"], asked["parts"][0]["name"]) == ("tool_call", "neighbours")
    later = json.loads(chats[1]["of"]["gen_ai.input.messages"]["stringValue"])[-1]
    assert later["parts"][0]["type"] == "tool_call_response"
    assert tools[0]["of"]["gen_ai.tool.name"] == {"stringValue": "resolve_entity"}
    assert json.loads(tools[0]["of"]["gen_ai.tool.call.arguments"]["stringValue"])["name"] == "alopecia areata"


def test_what_failed_is_an_error_in_every_form(traces, tmp_path):
    failed = traces[1]
    root, *_, last = spans(failed)
    assert root["status"] == {"code": 2, "message": "busy: try later"}
    assert last["of"]["error.type"] == {"stringValue": "ModelUnavailable"}
    runs = list(langsmith_runs(failed))
    assert runs[0]["error"] == "ModelUnavailable: busy: try later"
    assert runs[-1]["error"].startswith("ModelUnavailable")


def test_runs_are_such_as_langsmith_takes_parents_first(traces):
    for trace in traces:
        seen = set()
        for run in langsmith_runs(trace):
            known = RunBase.model_validate({k: v for k, v in run.items() if k not in {"trace_id", "dotted_order"}})
            assert known.parent_run_id is None or str(known.parent_run_id) in seen
            stamp = known.start_time.strftime("%Y%m%dT%H%M%S%fZ")
            assert run["dotted_order"].split(".")[-1] == f"{stamp}{known.id}"
            assert run["dotted_order"].startswith(run["dotted_order"].split("Z")[0])
            assert run["trace_id"] in run["dotted_order"]
            seen.add(run["id"])
        assert len(seen) == 1 + len(timed(trace).steps) + len(trace.calls)
        assert {run["run_type"] for run in langsmith_runs(trace)} == {"chain", "llm", "tool"}


def test_calls_begin_when_they_began_and_what_is_derived_says_so(traces):
    run, forked = timed(traces[0]), timed(traces[3])
    assert (run.end - run.start).total_seconds() == pytest.approx(traces[0].seconds, abs=1e-5)
    assert not any(item.derived for step in run.steps for item in step.calls)
    items = [item for step in forked.steps for item in step.calls]
    assert [item.derived for item in items] == [call.started is None for call in traces[3].calls]
    assert all(datetime.fromisoformat(traces[0].created) >= item.start for step in run.steps for item in step.calls)


def test_the_same_trace_makes_the_same_bytes(traces, tmp_path):
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        exported(traces, tmp_path / part)
    for name in (FORMS["otel"], FORMS["langsmith"]):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_secrets_of_now_and_broken_characters_reach_no_file(traces, tmp_path):
    message = {"role": "user", "content": "half \ud83d key-of-today http://me:pw@host.example/?api_key=abcdefgh"}
    call = next(call for call in traces[0].calls if isinstance(call, ModelCall))
    odd = traces[0].model_copy(update={"calls": (call.model_copy(update={"messages": (message,)}),)})
    exported([odd], tmp_path, Redactor(env={"SOME_API_KEY": "key-of-today"}))
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        assert not any(word in data for word in (b"key-of-today", b"me:pw", b"abcdefgh"))
    [row] = pl.read_parquet(tmp_path / "runs.calls.parquet").filter(type="model")["messages"].to_list()
    assert "half \ufffd [secret]" in row


def test_an_export_that_breaks_leaves_what_was_there(traces, tmp_path):
    files = exported(traces[:1], tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def breaking():
        yield traces[1]
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        export_traces(breaking(), files, Redactor(env={}))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_command_exports_what_is_named_and_refuses_what_is_unclear(traces, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("KEDREC_HOME", str(settings.home))
    out = str(tmp_path / "runs.jsonl")
    done = CliRunner().invoke(app, ["trace", "export", traces[0].id, "latest", "--otel", out, "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"traces": 2, "unreadable": [], "files": {"otel": out}}
    every = CliRunner().invoke(app, ["trace", "export", "--all", "--otel", out, "--json"])
    assert json.loads(every.stdout)["traces"] == len(TraceStore(settings.home / "traces").ids())
    for words in (
        [],
        ["--otel", out],
        ["latest"],
        ["latest", "--all", "--otel", out],
        ["--all", "--otel", str(tmp_path)],
    ):
        assert isinstance(CliRunner().invoke(app, ["trace", "export", *words]).exception, UserError)


def test_a_damaged_tail_is_cut_off_with_a_message_and_the_rest_stays(traces, settings, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(settings.home, home)
    whole = TraceStore(home / "traces").ids()
    file = home / "traces" / "traces.frames"
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 5)

    def kedrec(*words):
        return subprocess.run(
            [sys.executable, *CLI, "--home", home, *words], capture_output=True, text=True, check=False
        )

    assert kedrec("trace", "export", "--all", "--langsmith", str(tmp_path / "runs.jsonl")).returncode == 0
    assert len({run["trace_id"] for run in lines(tmp_path / "runs.jsonl")}) == len(whole) - 1
    done = kedrec("compare", "alopecia areata", "Olumiant", "Trexall", "--setting", "none", "--json")
    assert "damaged bytes at the end were cut off; everything before them is kept" in done.stderr
    listed = [row["id"] for row in json.loads(kedrec("trace", "list", "--limit", "99", "--json").stdout)]
    assert listed == [json.loads(done.stdout)["trace_id"], *reversed(whole[:-1])]


def test_traces_can_be_listed_exported_and_replayed_while_another_process_writes(traces, tmp_path):
    store = TraceStore(tmp_path / "traces")
    store.append(traces[0])
    write = (
        "import sys\nfrom pathlib import Path\nfrom kedrec.agents.traces.store import TraceStore\n"
        "store = TraceStore(Path(sys.argv[1]))\nfirst = store.get('latest')\nprint('ready', flush=True)\n"
        "for number in range(10_000):\n    store.append(first.model_copy(update={'id': f'more-{number}'}))\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", write, str(store.folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout.readline() == "ready\n"
        seen = 0
        for _ in range(20):
            ids = store.ids()
            assert len(ids) >= seen
            seen = len(ids)
            assert store.get(ids[-1]).calls == traces[0].calls
        assert export_traces(map(store.get, store.ids()), {"otel": tmp_path / "o.jsonl"}, Redactor(env={})) >= seen
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()
    TraceStore(store.folder).append(traces[1])
    assert TraceStore(store.folder).get("latest") == traces[1]
